"""Explore: move through a model's latent space and see what the decoder makes of every place."""

import streamlit as st

from aeviz.ui import live, pickers

info = pickers.model_picker()
live.explorer(info.name)

with st.expander("How it works"):
    st.markdown(
        r"""
The encoder turns an image $x$ into a short code $z$; the decoder turns any code into an image,
$\hat x = \operatorname{decode}(z)$, whether or not an image of that code was ever seen. Points on
the map are codes of test images, and moving over the map, or a slider, decodes the code under your
hand at once. PCA draws the plane on which codes differ most, and a place on it has an exact code,
$z' = z + W^\top (p - W(z - \bar z))$: the rest of the code stays as it is. t-SNE keeps neighbours
together but has no way back, so a place there shows the mean code of its nearest points.

**Try this:** go slowly from the middle of one class to the middle of another. In a variational
autoencoder the image changes little by little all the way; in a plain one it often falls apart in
the gap between.
"""
    )
