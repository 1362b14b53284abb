"""Restore: noisy images in, clean images out, with numbers and a classical filter beside them."""

import streamlit as st

from aeviz.ui import restore as parts
from aeviz.ui import sources
from aeviz.ui.explain import how_it_works
from aeviz.ui.opened import open_model

PAGE = "restore"
TEXT = r"""
A denoising autoencoder has only ever been asked for clean images: it saw
$\tilde x = \text{corrupt}(x)$ and was scored against $x$. Noise does not fit through the code, so
it is left behind, and the decoder draws the nearest image it knows: denoising is a projection onto
the surface that the training images lie on. That is also its limit. An image of another kind is
projected onto that surface too, and comes out as something it never was.
"""

st.title("Clean a noisy image", anchor=False)
info = parts.choose_model()
opened = open_model(info)

with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
    own = st.segmented_control(
        "Images", ["Your images", "Test images"], default="Test images", required=True,
        key="restore-source", help="Clean up your own, or see on test images what it is worth.",
    ) == "Your images"  # fmt: skip
    noise = None if own else parts.noise_controls(info)
if own:
    items = sources.uploads("Drop noisy images here", info.image_shape)
else:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        items = sources.test_images(opened, PAGE)
if not items:
    how_it_works(TEXT, info.type)
    st.stop()

large = sources.among(items, PAGE)
if noise is not None:
    result = parts.trial(opened, items, noise)
    x_hat = result.x_hat
    parts.verdict(opened, noise)
    parts.trial_flow(opened, large, items, result)
    columns, rows = parts.trial_stacks(items, result), parts.TRIAL_ROWS
else:
    cleaned = parts.clean(opened, items)
    x_hat = cleaned.x_hat
    parts.cleaned_flow(opened, large, items, cleaned)
    columns, rows = parts.cleaned_stacks(items, cleaned), parts.UPLOAD_ROWS

parts.downloads(items, x_hat, large)
if len(items) > 1:
    sources.pick(items, columns, rows, large, PAGE)

how_it_works(TEXT, info.type)
