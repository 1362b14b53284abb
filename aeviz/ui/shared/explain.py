"""The "How it works" fold at the end of a page."""

from __future__ import annotations

import streamlit as st

from aeviz.presets.autoencoders import PRESETS


def how_it_works(text: str, type_name: str, try_this: str = "") -> None:
    """The page's own idea, and then that of the model's type: formula, idea, one thing to try.

    `try_this` is for a page where the type's own suggestion cannot be followed.
    """
    with st.expander("How it works"):
        st.markdown(text)
        preset = PRESETS.get(type_name)
        if preset is not None:
            st.markdown(f"**This model: {preset.title}.** {preset.idea}")
            st.latex(preset.formula)
            st.markdown(f"**Try this:** {try_this or preset.try_this}")
