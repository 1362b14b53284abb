"""The visitor of a page, known by the cookie of the page's connection."""

from __future__ import annotations

import streamlit as st

from aeviz.errors import UserError
from aeviz.identity import Person, is_secret, name_of, owner_of
from aeviz.server.cookies import COOKIE
from aeviz.server.proxy import at_this_machine
from aeviz.teacher import TEACHERS

_NO_COOKIE = (
    "Your browser keeps no cookie for this page, so a run that you start here would belong to "
    "nobody. Allow cookies. If another site shows this page, open it in its own window."
)


def me() -> Person:
    """Who the visitor is; a person without an owner if the browser keeps no cookies."""
    try:
        owner = owner_of(_secret())
    except UserError:  # the folder cannot be written; starting a run reports it
        owner = ""
    return Person(owner, _is_local(), owner in TEACHERS)


def need_owner() -> None:
    """UserError if a run that this browser starts would belong to nobody."""
    if _is_nobody():
        raise UserError(_NO_COOKIE)


def warn_nobody() -> None:
    """Warns if the browser keeps no cookies, with a link that leaves another site's frame."""
    if _is_nobody():
        st.warning(f"{_NO_COOKIE} [Open this page in its own window]({st.context.url or '/'})")


def whose(owner: str, me: Person) -> str:
    """The owner's name; "you" for this person."""
    if me.owns(owner):
        return "you"
    return name_of(owner) or ("somebody else" if owner else "unknown")


def _is_nobody() -> bool:
    person = me()
    if person.owner or person.local:
        return False
    return not is_secret(_secret())


def _secret() -> str:
    """The value of the browser's cookie; "" if there is none."""
    return st.context.cookies.get(COOKIE, "")


def _is_local() -> bool:
    """Whether the browser is on the server's machine; also true without a browser, in tests."""
    context = st.context
    if context.headers.get("Host") is None:
        return True
    # Streamlit has no address for 127.0.0.1 and ::1.
    client = context.ip_address or "127.0.0.1"
    return at_this_machine(client, context.headers, st.get_option("server.port"))
