"""The controls of the small view: which model, and which noise."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from aeviz.config import CorruptionKind
from aeviz.escaping import in_markdown
from aeviz.models import library
from aeviz.models.library import ModelInfo
from aeviz.ui.shared.pickers import model_picker

_EVERY = "restore-every-model"

NOISE_TEXT: dict[CorruptionKind, str] = {
    "gaussian": "Standard deviation of the noise on each pixel. From black to white is 100 %.",
    "salt-and-pepper": "Share of pixels that become black or white.",
    "masking": "Share of pixels that become black.",
}


@dataclass(frozen=True)
class Controls:
    """The noise a person has chosen."""

    kind: CorruptionKind
    amount: float
    seed: int


def denoises(info: ModelInfo) -> bool:
    """Whether the model was trained to restore the clean image of a noisy one."""
    return info.config.corruption.kind != "none"


def choose_model() -> ModelInfo:
    """The model picker: models trained to denoise, or all of them if a person wants."""
    trained = {info.name: denoises(info) for info in library.models()}
    wanted = st.query_params.get("model", "")
    # A link to another model must open it, and the list must not be empty without a denoiser.
    must = not any(trained.values()) or trained.get(wanted) is False
    every = must or st.session_state.get(_EVERY, False)
    info = model_picker(lambda info: every or denoises(info), "denoising-ae-mnist")
    if any(trained.values()):
        st.toggle(
            "Also models that were not trained to denoise", every, key=_EVERY,
            disabled=not denoises(info), help="They learnt to copy their input, including noise.",
        )  # fmt: skip
    if not denoises(info):
        st.info(
            f"{in_markdown(info.display_name)} was not trained to denoise. It learnt to copy its "
            "input. Some noise does not fit through its code and is lost. The rest stays in the "
            "image."
        )
    return info


def noise_controls(info: ModelInfo, part: str = "", percent: int | None = None) -> Controls:
    """Kind, amount and seed of the noise. They start with those of the training, or at `percent`.

    `part` is the prefix of the keys, for a part of the page that has its own noise.
    """
    trained = info.config.corruption
    if percent is None:
        percent = round(100 * trained.amount) if denoises(info) else 50
    kinds = list(NOISE_TEXT)
    kind = st.segmented_control(
        "Noise", kinds, default=trained.kind if trained.kind in kinds else kinds[0], required=True,
        key=f"{part}noise-{info.name}", format_func=str.capitalize, persist_state="page",
    )  # fmt: skip
    percent = st.slider(
        "Amount", 0, 100, percent, 5, format="%d %%",
        key=f"{part}amount-{info.name}", help=NOISE_TEXT[kind], width=260, persist_state="page",
    )  # fmt: skip
    seed = st.session_state.setdefault("noise-seed", 0)
    return Controls(kind, percent / 100, seed)


def new_noise() -> None:
    """A button for new random noise."""

    def again() -> None:
        st.session_state["noise-seed"] = st.session_state.get("noise-seed", 0) + 1

    st.button(
        "New noise",
        icon=":material/grain:",
        help="The same amount of other random noise.",
        on_click=again,
    )
