"""Escape untrusted text for Markdown and for Plotly's figures.

For HTML there is `html.escape`.
"""

from __future__ import annotations

import re
from html import escape
from typing import Final

LONGEST: Final = 80
"""Characters of a name; longer ones are cut."""

# Code, emphasis, links, images, HTML, entities, formulas; and starts of headings, quotes, lists.
_MARKUP: Final = re.compile(r"[\\`*_\[\]<&$~]|^[#>+=-]|(?<=^\d)[.)]|(?<=^\d\d)[.)]")
# Inside addresses, icons, emojis and colours, which work even if their characters are escaped.
_JOINED: Final = re.compile(r"(?i)(?<=\bwww)(?=\.)|(?<=:)(?=//|[\w+-])|(?<=@)(?=\S)")
_JOINER: Final = "\u2060"
"""The word joiner. It has no width and splits them."""


def in_markdown(text: str, longest: int | None = LONGEST) -> str:
    """The text for Markdown: no part of it is markup, and no address becomes a link. One line, cut
    after `longest` characters; None for no limit."""
    line = " ".join(text.split())
    if longest is not None and len(line) > longest:
        line = f"{line[: longest - 3]}..."
    return _MARKUP.sub(r"\\\g<0>", _JOINED.sub(_JOINER, line))


def in_plotly(text: str) -> str:
    """The text for a Plotly figure, which interprets some HTML in names, titles and labels."""
    return escape(text, quote=False)
