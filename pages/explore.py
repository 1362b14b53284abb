"""Explore: move through a model's latent space and see what the decoder makes of every place."""

import streamlit as st

from aeviz.ui.shared import live, pickers
from aeviz.ui.shared.explain import how_it_works

TEXT = r"""
The encoder turns an image $x$ into a short code $z = f(x)$; the decoder turns any code into an
image, $\hat x = g(z)$, whether or not an image of that code was ever seen. Points on the map are
codes of test images, and moving over the map, or a slider, decodes the code under your hand at
once. Go slowly from the middle of one class to the middle of another: in a variational autoencoder
the image changes little by little all the way; in a plain one it often falls apart in the gap.

A code of more than two numbers has to be flattened to be drawn. PCA takes the plane on which codes
differ most, and there every place $p$ has an exact code, $z' = z + W^\top (p - W(z - \bar z))$,
with the plane's two directions as the rows of $W$ and the mean code $\bar z$: what lies outside the
plane stays as it is. t-SNE and UMAP keep neighbours together but have no way back, so a place there
shows a weighted mean of its nearest points' codes. How far a map can be believed is its
trustworthiness (Venna and Kaski 2001): 100 % if all that lies close on the map is close in the
code too. Explore opens on the map that can be believed most.

*Interpolate* walks from code $a$ to code $b$, straight, $(1-t)\,a + t\,b$, or along the arc that
keeps to the shell where a Gaussian prior has its mass. *Sample* draws
$z = \mu + \sigma \odot \varepsilon$ with $\varepsilon \sim N(0, I)$: randomness that lets gradients
pass, the trick that VAEs are trained by.
"""
TRY_THIS = (
    "Choose *Manifold* on `vae-mnist-2d` and then on `ae-mnist-2d`. "
    "Count the tiles that are no digit."
)

# One row: what is explored should begin high on the screen.
title, picker = st.columns([2, 5], vertical_alignment="center")
title.title("Explore a latent space", anchor=False)
with picker:
    info = pickers.model_picker()
live.explorer(info.name)
how_it_works(TEXT, info.type, TRY_THIS)
