"""The "How it works" fold at the end of a page."""

from __future__ import annotations

import streamlit as st

from aeviz.presets.autoencoders import PRESETS


def how_it_works(text: str, type_name: str, try_this: str = "") -> None:
    """The page's text, then the idea, formula and suggestion of the model's type.

    `try_this` replaces the type's suggestion on a page where it does not work.
    """
    with st.expander("How it works"):
        st.markdown(text)
        preset = PRESETS.get(type_name)
        if preset is not None:
            st.markdown(f"**This model: {preset.title}.** {preset.idea}")
            st.latex(preset.formula)
            st.markdown(f"**Try this:** {try_this or preset.try_this}")
