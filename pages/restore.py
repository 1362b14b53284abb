"""Restore: noisy images in, clean images out; and what a denoiser can and cannot do."""

import streamlit as st

from aeviz.io.paths import WEB
from aeviz.ui.reconstruct import sources
from aeviz.ui.restore import denoise_kinds, denoise_manifold, denoise_sweep, denoise_views
from aeviz.ui.restore import page as parts
from aeviz.ui.restore.photo_tool import darkroom
from aeviz.ui.shared.explain import how_it_works
from aeviz.ui.shared.opened import open_model

PAGE = "restore"
PHOTOS = r"""
A photograph of any size goes through a convolutional autoencoder, which was shown damaged
photographs $\tilde x$ and scored against the clean ones $x$. It has no dense layer, so it takes any
size, tile by tile; and it has *skips*: the encoder's maps are handed across to the decoder. A code
alone would have to describe every leaf. With skips the picture itself is passed on, and the network
only has to say what to change.
"""
SMALL = r"""
A denoising autoencoder learns from pairs: it sees $\tilde x = \text{corrupt}(x)$ and is scored
against the clean $x$. At best it answers with the mean of the clean images that the noisy one may
have come from. With little noise that is close to the nearest image of the kind it learnt from, as
if it moved $\tilde x$ back onto the surface on which such images lie. With much noise it is a blur
of several images. An image of another kind is changed as well: it comes out more like those that it
learnt from.
"""


def try_it() -> str:
    """One's own images, or test images with noise added; answers the model's type."""
    info = parts.choose_model()
    opened = open_model(info)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        own = st.segmented_control(
            "Images", ["Your images", "Test images"], default="Test images", required=True,
            key="restore-source", help="Clean up your own, or see on test images what it is worth.",
        ) == "Your images"  # fmt: skip
        noise = None if own else parts.noise_controls(info)
        if not own:
            parts.new_noise()
    if own:
        items = sources.uploads("Drop noisy images here", info.image_shape)
    else:
        with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
            items = sources.test_images(opened, PAGE)
    if not items:
        return info.type
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
    return info.type


def limits() -> str:
    """One image at all amounts of noise, and where each model gives up."""
    info = parts.choose_model()
    opened = open_model(info)
    if len(opened.images) < denoise_sweep.FEWEST:
        st.info("This model file carries too few test images: choose another model.")
        return info.type
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        noise = parts.noise_controls(info)
        denoise_sweep.another_image()
    denoise_sweep.at_all_amounts(opened, noise)
    sweep, names = denoise_sweep.measured(opened, noise)
    denoise_sweep.verdict(sweep, names[0])
    denoise_sweep.charts(sweep, names, noise)
    denoise_sweep.table(sweep, names)
    return info.type


def kinds() -> str:
    """Each denoiser on the images of the others, and on photographs."""
    info = parts.choose_model()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        noise = parts.noise_controls(info, "kinds-", percent=20)
        parts.new_noise()
    models = list(denoise_kinds.denoisers(info).values())
    measured = denoise_kinds.measured(info, noise)
    denoise_kinds.verdict(measured, models[0])
    denoise_kinds.table(measured, models)
    return info.type


def why() -> str:
    """The way back to the data, in the plane."""
    denoise_manifold.show(*denoise_manifold.controls())
    return "denoising"


if denoise_views.choose_view() == denoise_views.PHOTOS:
    darkroom()
    how_it_works(PHOTOS, "")
else:
    st.html(WEB / "styles" / "denoise.css")
    for part, tab in denoise_views.parts().items():
        with tab:
            kind = {"try": try_it, "limits": limits, "kinds": kinds, "why": why}[part]()
        how_it_works(SMALL, kind)
