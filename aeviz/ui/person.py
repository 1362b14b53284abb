"""The person at the browser, from the cookie that came with the page's connection."""

from __future__ import annotations

from urllib.parse import urlsplit

import streamlit as st

from aeviz.errors import UserError
from aeviz.live.cookie import COOKIE
from aeviz.people import Person, name_of, owner_of
from aeviz.teacher import TEACHERS

_HERE = {"localhost", "127.0.0.1", "::1"}
_FORWARDED = ("X-Forwarded-For", "Forwarded", "X-Real-Ip")


def me() -> Person:
    """Who looks at the page; nobody in particular where the browser keeps no cookies."""
    try:
        owner = owner_of(st.context.cookies.get(COOKIE, ""))
    except UserError:  # the folder cannot be written; starting a run says so
        owner = ""
    return Person(owner, _is_local(), owner in TEACHERS)


def whose(owner: str, me: Person) -> str:
    """Whose run it is, in a word or two."""
    if me.owns(owner):
        return "you"
    return name_of(owner) or ("somebody else" if owner else "nobody known")


def _is_local() -> bool:
    """Whether the browser runs on the server's machine. A proxy there does not count: all the class
    may come through it, so the address that was asked for, and who passed it on, must say the same.
    """
    headers = st.context.headers
    host = headers.get("Host")
    if st.context.ip_address is not None or any(headers.get(name) for name in _FORWARDED):
        return False
    return host is None or urlsplit(f"//{host}").hostname in _HERE
