"""The person at the browser, from the cookie that came with the page's connection."""

from __future__ import annotations

import streamlit as st

from aeviz.errors import UserError
from aeviz.live.cookie import COOKIE
from aeviz.live.proxy import at_this_machine
from aeviz.people import Person, name_of, owner_of


def me() -> Person:
    """Who looks at the page; nobody in particular where the browser keeps no cookies."""
    try:
        owner = owner_of(st.context.cookies.get(COOKIE, ""))
    except UserError:  # the folder cannot be written; starting a run says so
        owner = ""
    return Person(owner, _is_local())


def whose(owner: str, me: Person) -> str:
    """Whose run it is, in a word or two."""
    if me.may_manage(owner):
        return "you"
    return name_of(owner) or ("somebody else" if owner else "nobody known")


def _is_local() -> bool:
    """Whether the browser runs on the server's machine; so does what asks without a browser."""
    context = st.context
    if context.headers.get("Host") is None:
        return True
    # Streamlit has no address for 127.0.0.1 and ::1.
    client = context.ip_address or "127.0.0.1"
    return at_this_machine(client, context.headers, st.get_option("server.port"))
