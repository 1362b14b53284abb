"""Other people's words, made safe where they leave: in Markdown and in Plotly's figures.

For HTML there is `html.escape`.
"""

from __future__ import annotations

import re
from html import escape
from typing import Final

LONGEST: Final = 80
"""Characters of a name; what is longer is cut."""

# Code, emphasis, links, images, HTML, entities, formulas; and what begins a heading, quote or list.
_MARKUP: Final = re.compile(r"[\\`*_\[\]<&$~]|^[#>+=-]|(?<=^\d)[.)]|(?<=^\d\d)[.)]")
# Where addresses, icons, emojis and colours are put together, whatever is escaped in them.
_JOINED: Final = re.compile(r"(?i)(?<=\bwww)(?=\.)|(?<=:)(?=//|[\w+-])|(?<=@)(?=\S)")
_JOINER: Final = "\u2060"
"""The word joiner: it has no width, and comes between them."""


def in_markdown(text: str, longest: int | None = LONGEST) -> str:
    """The text for Markdown: nothing in it is markup, and no address in it becomes a link. One
    line; cut after `longest` characters, None for never."""
    line = " ".join(text.split())
    if longest is not None and len(line) > longest:
        line = f"{line[: longest - 3]}..."
    return _MARKUP.sub(r"\\\g<0>", _JOINED.sub(_JOINER, line))


def in_plotly(text: str) -> str:
    """The text for a Plotly figure, which reads some HTML in names, titles and labels."""
    return escape(text, quote=False)
