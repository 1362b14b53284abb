"""Restore: clean up photographs and small images."""

import streamlit as st

from aeviz.io.paths import WEB
from aeviz.ui.reconstruct import sources
from aeviz.ui.restore import denoise_controls, denoise_kinds, denoise_views
from aeviz.ui.restore import page as parts
from aeviz.ui.restore.photo_tool import photo_tool
from aeviz.ui.shared.explain import how_it_works
from aeviz.ui.shared.opened import open_model

PAGE = "restore"
PHOTOS = r"""
The photograph goes through a convolutional autoencoder. In training it got degraded photographs
$\tilde x$, and the loss compared its output with the clean ones $x$. It has no dense layer, so a
photograph may have any size. It is restored tile by tile. The network also has *skip connections*:
the decoder gets the feature maps of the encoder. Without them, the code would have to describe
every leaf. With them, the network only has to find what to change.
"""
SMALL = r"""
A denoising autoencoder learns from pairs. It gets a noisy image $\tilde x = \text{corrupt}(x)$, and
the loss compares its output with the clean $x$. The best possible output is the mean of all clean
images that could have become this noisy one. With little noise, this mean is close to the nearest
image of the kind it learnt from: $\tilde x$ moves back to the surface on which such images lie.
With much noise, it is a blur of several images. An image of another kind changes, too. It becomes
more similar to the training images.
"""


def try_it() -> str:
    """Denoise own images, or test images with added noise. Returns the model's type."""
    info = denoise_controls.choose_model()
    opened = open_model(info)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        own = st.segmented_control(
            "Images", ["Your images", "Test images"], default="Test images", required=True,
            key="restore-source",
            help="Clean up your own images, or test the model with noise that you choose.",
        ) == "Your images"  # fmt: skip
        noise = None if own else denoise_controls.noise_controls(info)
        if not own:
            denoise_controls.new_noise()
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


def kinds() -> str:
    """Each denoiser on the images of the others, and on photographs."""
    info = denoise_controls.choose_model()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        noise = denoise_controls.noise_controls(info, "kinds-", percent=20)
        denoise_controls.new_noise()
    models = list(denoise_kinds.denoisers(info).values())
    measured = denoise_kinds.measured(info, noise)
    denoise_kinds.verdict(measured, models[0])
    denoise_kinds.table(measured, models)
    return info.type


if denoise_views.choose_view() == denoise_views.PHOTOS:
    photo_tool()
    how_it_works(PHOTOS, "")
else:
    st.html(WEB / "styles" / "denoise.css")
    denoise_views.moved()
    for part, tab in denoise_views.parts().items():
        with tab:
            kind = {"try": try_it, "kinds": kinds}[part]()
        how_it_works(SMALL, kind)
    denoise_views.lab_links()
