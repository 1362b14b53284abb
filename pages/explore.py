"""Explore: move through a model's latent space and see the decoded image of every place."""

import streamlit as st

from aeviz.ui.shared import live, pickers
from aeviz.ui.shared.explain import how_it_works

TEXT = r"""
The encoder turns an image $x$ into a short code $z = f(x)$. The decoder turns any code into an
image, $\hat x = g(z)$, even if no image has this code. The points on the map are the codes of test
images. If you move over the map or move a slider, the decoder shows the image of that code at once.
Go slowly from the middle of one class to the middle of another. In a variational autoencoder (VAE)
the image changes smoothly all the way. In other autoencoders it often falls apart in between.

A map has two dimensions, but most codes have more. PCA takes the plane on which the codes differ
most. There every place $p$ has an exact code, $z' = z + W^\top (p - W(z - \bar z))$. The rows of
$W$ are the two directions of the plane, and $\bar z$ is the mean code. The part of $z$ outside the
plane stays the same. t-SNE and UMAP keep neighbours together, but they have no inverse: a place
there shows a weighted mean of the codes of its nearest points. The trustworthiness of a map
(Venna and Kaski 2001) is 100 % if points that are close on the map are also close in the latent
space. Explore opens with the most trustworthy map.

*Interpolate* goes from code $a$ to code $b$. The straight line is $(1-t)\,a + t\,b$. The arc keeps
to the distance from 0 at which most codes of a Gaussian prior are. *Sample* draws
$z = \mu + \sigma \odot \varepsilon$ with $\varepsilon \sim N(0, I)$. Written like this, gradients
can pass through $\mu$ and $\sigma$. This is the reparameterisation trick, and VAEs train with it.
"""
TRY_THIS = (
    "Choose *Manifold* on `vae-mnist-2d` and then on `ae-mnist-2d`. "
    "Count the tiles that show no digit."
)

# In one row, so that the map begins high on the screen.
title, picker = st.columns([2, 5], vertical_alignment="center")
title.title("Explore a latent space", anchor=False)
with picker:
    info = pickers.model_picker()
live.explorer(info.name)
how_it_works(TEXT, info.type, TRY_THIS)
