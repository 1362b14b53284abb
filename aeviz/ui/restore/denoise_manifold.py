"""Why it works: denoising as the way back to the data, in a plane where all of it is seen."""

from __future__ import annotations

import math

import streamlit as st

from aeviz.experiments.toy_manifold import BLOB, SHAPES, SPREAD, Way, way_back
from aeviz.figures.denoising import ARROW, CURVE, GREY, POINT, plane
from aeviz.ui.reconstruct import frames
from aeviz.ui.reconstruct.frames import number
from aeviz.ui.shared.chart import chart
from aeviz.ui.shared.markup import markup

_SIGMAS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5)
IDEA = r"""
An image is a point with as many coordinates as it has pixels, and real images fill next to nothing
of that space: they lie on a thin surface in it. Noise throws them off. Here the space has two
coordinates and the surface is a line, so all of it can be seen.

The network was never told where the line is. It saw noisy points and was asked for the clean ones.
Where one noisy point may have come from several places, the answer with the least squared error is
their mean:

$$
r^*(\tilde x) = \mathbb E[x \mid \tilde x]
= \tilde x + \sigma^2\, \nabla \log p_\sigma(\tilde x)
$$

So every arrow points uphill, to where the data are denser (the *score* of the data): near the line
straight to its nearest place. An autoencoder that has learnt to remove a little noise has learnt
that gradient (Alain & Bengio 2014), and diffusion models draw pictures by following it.
"""


def controls() -> tuple[str, float]:
    """The toy set and the noise, which the network is trained with and then shown."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        shape = st.segmented_control(
            "Data", SHAPES, default=SHAPES[0], required=True, key="toy-shape",
            format_func=str.capitalize, persist_state="page",
            help="Points on a line, bent one way or another; or a blob, where the best answer can "
            "be calculated.",
        )  # fmt: skip
        sigma = st.select_slider(
            "Noise", _SIGMAS, 0.2, key="toy-noise", width=260, persist_state="page",
            help="Standard deviation; the picture is 3 wide. A new network is trained with it.",
        )  # fmt: skip
    return shape or SHAPES[0], sigma


def show(shape: str, sigma: float) -> None:
    """The plane with its arrows, and beside it the figures and the idea."""
    way = _way(shape, sigma)
    left, right = st.columns([1.25, 1], gap="large")
    with left:
        chart(
            plane(shape, way), "aeviz-manifold",
            f"Noisy points around a {shape}, each with an arrow to where the denoiser puts it",
        )  # fmt: skip
        markup(_key(shape), "aeviz-manifold-key")
    with right:
        markup(frames.numbers(*_numbers(shape, sigma, way)), "aeviz-manifold-figures")
        st.markdown(IDEA)


@st.cache_data(max_entries=64, show_spinner="Training a small denoiser")
def _way(shape: str, sigma: float) -> Way:
    return way_back(shape, sigma)


def _numbers(shape: str, sigma: float, way: Way) -> list[str]:
    gap = number(
        "From the best answer", f"{way.gap:.3f}", "",
        "root mean square distance of its answers from the mean, which can be computed here",
    )  # fmt: skip
    if shape == BLOB:
        exact = SPREAD**2 / (SPREAD**2 + sigma**2)
        return [
            number(
                "It multiplies by", f"{way.slope:.3f}", "", "the network's answer along the point",
                "aeviz-slope",
            ),
            number(
                "By hand", f"{exact:.3f}", "",
                f"s²/(s² + σ²) = {SPREAD**2:.2f}/({SPREAD**2:.2f} + {sigma**2:.4g})",
            ),
            gap,
        ]  # fmt: skip
    assert not math.isnan(way.away_after)
    return [
        number("Away from the line", f"{way.away_before:.3f}", "", "noisy points, on average"),
        number(
            "After", f"{way.away_after:.3f}", "", "the same 2,000 points, restored",
            "aeviz-away-after",
        ),
        gap,
    ]  # fmt: skip


def _key(shape: str) -> str:
    clean = "clean points" if shape == BLOB else "the clean line"
    dots = [
        ("av-stroke", CURVE, clean),
        ("", POINT, "noisy points"),
        ("av-stroke", ARROW, "the way from noisy to restored"),
        ("av-stroke", GREY, "where it would send any point (shortened)"),
    ]
    marks = "".join(
        f'<span><i class="{kind}" style="background:{colour}"></i>{says}</span>'
        for kind, colour, says in dots
    )
    return f'<div class="av-key">{marks}</div>'
