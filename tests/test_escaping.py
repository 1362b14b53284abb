"""Escaping of strangers' text on a page."""

from __future__ import annotations

import pytest

from aeviz.escaping import LONGEST, in_markdown, in_plotly
from aeviz.figures import runs

JOINER = "\u2060"


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("**a** $x$ <b>.png", r"\*\*a\*\* \$x\$ \<b>.png"),
        ("[Log in](x) ![x](y)", r"\[Log in\](x) !\[x\](y)"),
        ("`a` ~b~ _c_ &lt; a\\b", r"\`a\` \~b\~ \_c\_ \&lt; a\\b"),
        ("# one", r"\# one"),
        ("1. one", r"1\. one"),
        ("- one\n\n# two", r"\- one # two"),
        ("Not enough memory (8 GB): train with 256.", "Not enough memory (8 GB): train with 256."),
    ],
)
def test_markup_is_shown_as_it_is(text: str, escaped: str) -> None:
    assert in_markdown(text) == escaped


@pytest.mark.parametrize(
    "text",
    ["http://evil.example", "HTTPS://evil.example", "www.evil.example", "a@evil.example"],
)
def test_an_address_does_not_become_a_link(text: str) -> None:
    """Streamlit detects addresses in escaped text: only a word joiner prevents this."""
    found = in_markdown(text)
    assert found.replace(JOINER, "") == text
    assert not any(whole in found for whole in ("://", "www.", "@e"))


@pytest.mark.parametrize("text", [":smile:", ":material/home:", ":red[x]", ":+1:"])
def test_icons_and_colours_are_letters(text: str) -> None:
    assert in_markdown(text).startswith(f":{JOINER}")


def test_names_are_cut_and_sentences_are_not() -> None:
    assert len(in_markdown("a" * 500)) == LONGEST
    assert len(in_markdown("a" * 500, None)) == 500


def test_plotly_reads_no_html_in_a_name() -> None:
    assert in_plotly('<a href="x">&') == '&lt;a href="x"&gt;&amp;'
    line = runs.Line("<b>a</b>", [{"epoch": 1, "step": 1, "validation": {"loss": 1.0}}])
    figure = runs.overlay([line], "loss", "")
    assert figure["data"][0]["name"] == "&lt;b&gt;a&lt;/b&gt;"
