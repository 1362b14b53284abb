"""Reconstruct: images, their codes and reconstructions, and what is lost."""

import streamlit as st

from aeviz.ui.reconstruct import noise, sources
from aeviz.ui.reconstruct import page as parts
from aeviz.ui.restore import photos
from aeviz.ui.shared import pickers
from aeviz.ui.shared.card import model_card
from aeviz.ui.shared.explain import how_it_works
from aeviz.ui.shared.opened import open_model

PAGE = "reconstruct"
TEXT = r"""
The encoder turns the image into a few numbers, the code $z = f(x)$. The decoder gets only these
numbers and makes the reconstruction $\hat x = g(z)$. The error $\hat x - x$ is what did not fit
through the code, the bottleneck. MSE is $\frac1n \sum_i (\hat x_i - x_i)^2$ over the $n$ pixels,
each in $[0, 1]$. PSNR is $-10 \log_{10} \text{MSE}$. SSIM compares brightness, contrast and pattern
in small windows.
"""

st.title("Send an image through the code", anchor=False)
info = pickers.model_picker()
opened = open_model(info)

with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
    source = st.segmented_control(
        "Images", ["Test images", "Other kinds", "Upload", "Draw"], default="Test images",
        required=True, key="reconstruct-source",
        help="Test images, images of a kind that it never saw, or your own.",
    )  # fmt: skip
    signed = st.segmented_control(
        "Error map", ["Signed", "Absolute"], default="Signed", required=True, key="error-map",
        help="Signed: blue is too dark, red is too bright. Absolute: only the size of the error.",
    ) == "Signed"  # fmt: skip
    items = sources.test_images(opened, PAGE) if source == "Test images" else []
beside = added = None
if noise.denoises(info) and source in ("Test images", "Other kinds"):
    added = noise.controls(info)
if source == "Upload":
    items = sources.uploads("Drop images here", info.image_shape, opened.style)
elif source == "Other kinds":
    items = sources.other_kinds(info)
elif source == "Draw":
    pad, beside = st.columns([7, 4], gap="medium")
    with pad:
        items = sources.drawing(info)


if items:
    large = sources.anywhere(opened, items, PAGE)
    passed = parts.pass_through(opened, items, added)
    scale = parts.scale_for(passed, signed)
    if noise.denoises(info) and source == "Upload":
        place = parts.place_of(large, items)
        noise.warn_if_unusual(opened, passed.x[place], passed.x_hat[place])
    if beside is not None:  # the drawing pad shows the rest
        with beside:
            parts.differences(passed, large, scale)
    elif large.photo is None:
        parts.flow(opened, large, scale, added)
    else:
        photo, beside = st.columns([2, 9], gap="medium")
        with photo:
            photos.editor(large.photo)
        with beside:
            parts.flow(opened, large, scale)
    if source in ("Upload", "Draw"):
        parts.downloads(opened, items, passed, large)
    if len(items) > 1:
        rows = parts.ROWS if added is None else parts.NOISY_ROWS
        sources.pick(items, parts.stacks(items, passed, scale), rows, large, PAGE)
parts.test_figures(opened)

if source == "Test images" and items:
    fold = st.expander("Worst and best ten", key="worst-and-best", on_change="rerun")
    if fold.open:
        with fold:
            for title, ten, count in parts.extremes(opened, sources.SHOWN):
                st.markdown(f"**{title} {len(ten)} of {count:,} test images**")
                columns = parts.stacks(ten, parts.pass_through(opened, ten), scale)
                sources.pick(ten, columns, parts.ROWS, large, PAGE, title)

model_card(info)
how_it_works(TEXT, info.type)
