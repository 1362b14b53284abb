"""How a stranger's words get onto a page."""

from __future__ import annotations

from aeviz.ui.markup import plain


def test_markup_in_a_file_name_is_shown_as_it_is() -> None:
    assert plain("**a** $x$ <b>.png") == r"\*\*a\*\* \$x\$ \<b\>.png"
    assert len(plain("a" * 500)) == 80
