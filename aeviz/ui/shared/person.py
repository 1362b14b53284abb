"""The person at the browser, from the cookie that came with the page's connection."""

from __future__ import annotations

import streamlit as st

from aeviz.errors import UserError
from aeviz.identity import Person, is_secret, name_of, owner_of
from aeviz.server.cookies import COOKIE
from aeviz.server.proxy import at_this_machine
from aeviz.teacher import TEACHERS

_NO_COOKIE = (
    "Your browser keeps no cookie for this page, so a run that you start here would belong to "
    "nobody. Allow cookies, or open the page in a window of its own if another site shows it here."
)


def me() -> Person:
    """Who looks at the page; nobody in particular where the browser keeps no cookies."""
    try:
        owner = owner_of(_secret())
    except UserError:  # the folder cannot be written; starting a run says so
        owner = ""
    return Person(owner, _is_local(), owner in TEACHERS)


def need_owner() -> None:
    """UserError where what this browser starts would belong to nobody."""
    if _is_nobody():
        raise UserError(_NO_COOKIE)


def warn_nobody() -> None:
    """Says so on the page, with a way out where another site's frame is the reason."""
    if _is_nobody():
        st.warning(f"{_NO_COOKIE} [Open this page in a window of its own]({st.context.url or '/'})")


def whose(owner: str, me: Person) -> str:
    """Whose run it is, in a word or two."""
    if me.owns(owner):
        return "you"
    return name_of(owner) or ("somebody else" if owner else "nobody known")


def _is_nobody() -> bool:
    person = me()
    if person.owner or person.local:
        return False
    return not is_secret(_secret())


def _secret() -> str:
    """What the browser is known by; "" where it keeps no cookies."""
    return st.context.cookies.get(COOKIE, "")


def _is_local() -> bool:
    """Whether the browser runs on the server's machine; so does what asks without a browser."""
    context = st.context
    if context.headers.get("Host") is None:
        return True
    # Streamlit has no address for 127.0.0.1 and ::1.
    client = context.ip_address or "127.0.0.1"
    return at_this_machine(client, context.headers, st.get_option("server.port"))
