"""Why it works: denoising in two dimensions, as a way back to the data."""

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
An image is a point with as many coordinates as it has pixels. Real images fill almost nothing of
that space: they lie on a thin surface, a manifold. Noise moves them away from it. Here the space
has only two coordinates, and the surface is a line.

The network never saw the line. It learnt from noisy points and their clean points. One noisy point
may come from several clean points. Then the output with the smallest squared error is their mean:

$$
r^*(\tilde x) = \mathbb E[x \mid \tilde x]
= \tilde x + \sigma^2\, \nabla \log p_\sigma(\tilde x)
$$

So every arrow points in the direction in which the data become denser. This gradient is called the
*score*. Near the line, it points to the nearest place on the line. An autoencoder that removes a
little noise has learnt the score (Alain & Bengio 2014). Diffusion models follow it to make images.
"""


def controls() -> tuple[str, float]:
    """The toy data and the noise for training and for the picture."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        shape = st.segmented_control(
            "Data", SHAPES, default=SHAPES[0], required=True, key="toy-shape",
            format_func=str.capitalize, persist_state="page",
            help="Points on a curved line; or a blob, for which the best output can be calculated.",
        )  # fmt: skip
        sigma = st.select_slider(
            "Noise", _SIGMAS, 0.2, key="toy-noise", width=260, persist_state="page",
            help="Standard deviation. The picture is 3 wide. Each value trains a new network.",
        )  # fmt: skip
    return shape or SHAPES[0], sigma


def show(shape: str, sigma: float) -> None:
    """The plane with its arrows; beside it, the measurements and the explanation."""
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
        "From the best output", f"{way.gap:.3f}", "",
        "root mean square distance from the best output, the mean, which is known here",
    )  # fmt: skip
    if shape == BLOB:
        exact = SPREAD**2 / (SPREAD**2 + sigma**2)
        return [
            number(
                "Measured factor", f"{way.slope:.3f}", "", "how much the network shrinks a point",
                "aeviz-slope",
            ),
            number(
                "Best factor", f"{exact:.3f}", "",
                f"s²/(s² + σ²) = {SPREAD**2:.2f}/({SPREAD**2:.2f} + {sigma**2:.4g})",
            ),
            gap,
        ]  # fmt: skip
    assert not math.isnan(way.away_after)
    return [
        number("Distance from the line", f"{way.away_before:.3f}", "", "noisy points, on average"),
        number(
            "After denoising", f"{way.away_after:.3f}", "", "the same 2,000 points",
            "aeviz-away-after",
        ),
        gap,
    ]  # fmt: skip


def _key(shape: str) -> str:
    clean = "clean points" if shape == BLOB else "the clean line"
    dots = [
        ("av-stroke", CURVE, clean),
        ("", POINT, "noisy points"),
        ("av-stroke", ARROW, "from noisy to restored"),
        ("av-stroke", GREY, "direction at any point (shortened)"),
    ]
    marks = "".join(
        f'<span><i class="{kind}" style="background:{colour}"></i>{text}</span>'
        for kind, colour, text in dots
    )
    return f'<div class="av-key">{marks}</div>'
