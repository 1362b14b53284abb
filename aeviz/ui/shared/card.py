"""The "Model card" fold: what is in a model file, and a comparison with models on the same data."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from aeviz.config import RunConfig
from aeviz.escaping import in_markdown
from aeviz.evaluation.evaluate import CATEGORIES
from aeviz.io.json_file import is_number
from aeviz.models import library
from aeviz.models.library import ModelInfo
from aeviz.ui.train.factors import factor_sentences, mig_sentence
from aeviz.ui.train.losses import summed

COLUMNS = {
    "mse": ("MSE", "Mean squared error per pixel on the test images.", "%.4f"),
    "psnr": ("PSNR", "In dB, mean over the test images.", "%.1f"),
    "knn_accuracy": (
        "kNN accuracy",
        "How often the five nearest codes predict the right class. Compare it with the next "
        "column: raw pixels often do as well.",
        "%.3f",
    ),
    "knn_accuracy_pixels": (
        "by pixels",
        "How often the five nearest images, compared pixel by pixel, predict the right class.",
        "%.3f",
    ),
}

SENTENCES = {
    "active_units": "{:.0f} latent dimensions change with the data (active units).",
    "active_fraction": "On average, {:.1%} of the units in a code are active.",
    "jacobian_norm": "The mean squared Frobenius norm of the encoder's Jacobian is {:.2f}.",
    "largest_angle_to_pca": "Largest angle to the PCA subspace: {:.2f} degrees.",
}


NOISE = ("psnr_noisy", "psnr", "ssim_noisy", "ssim")


def model_card(info: ModelInfo) -> None:
    """The fold: training data and settings, measurements, and the other models beside it."""
    card, figures = info.card, _dict(info.card.get("metrics"))
    with st.expander("Model card"):
        st.markdown(_origin(info))
        facts = [_loss(figures, info.config), _neighbours(figures)]
        facts += [_sentence(key, figures, _dict(card.get("without_penalty"))) for key in SENTENCES]
        facts += _factors(figures)
        facts += [
            f"Noise {in_markdown(name)}: "
            f"PSNR {noise['psnr_noisy']:.1f} → **{noise['psnr']:.1f} dB**, "
            f"SSIM {noise['ssim_noisy']:.2f} → **{noise['ssim']:.2f}**."
            for name, noise in _dict(figures.get("denoise")).items()
            if all(is_number(_dict(noise).get(key)) for key in NOISE)
        ]
        st.markdown("\n".join(f"- {fact}" for fact in facts if fact))
        rows = comparison(info)
        if len(rows) > 1:
            st.markdown(f"**All models trained on {in_markdown(info.data)}**")
            st.dataframe(rows, hide_index=True, column_config=_column_config())


def comparison(info: ModelInfo) -> pd.DataFrame:
    """One row for each model of the same data set, this one first."""
    models = [model for model in library.models() if model.dataset == info.dataset]
    models.sort(key=lambda model: model.name != info.name)
    return pd.DataFrame([_row(model) for model in models])


def _row(model: ModelInfo) -> dict[str, Any]:
    figures = _dict(model.card.get("metrics"))
    row = {"Model": model.display_name, "Type": model.kind, "Code": model.latent_dim}
    parameters = model.card.get("parameters")
    row["Parameters"] = parameters if is_number(parameters) else None
    for key, (label, _, _) in COLUMNS.items():
        row[label] = figures[key] if is_number(figures.get(key)) else None
    return row


def _column_config() -> dict[str, Any]:
    config: dict[str, Any] = {
        "Code": st.column_config.NumberColumn(help="Numbers in the code.", format="localized"),
        "Parameters": st.column_config.NumberColumn(format="localized"),
    }
    for label, text, pattern in COLUMNS.values():
        config[label] = st.column_config.NumberColumn(help=text, format=pattern)
    return config


def _origin(info: ModelInfo) -> str:
    card = info.card
    training = info.config.training
    parts = [f"Trained on {in_markdown(info.data)}"]
    if is_number(card.get("epochs")):
        parts.append(f"{card['epochs']} epochs")
    parts.append(f"batches of {training.batch_size}")
    parts.append(f"{training.optimizer}, learning rate {training.lr:g}")
    if is_number(card.get("parameters")):
        parts.append(f"{card['parameters']:,} parameters")
    if isinstance(card.get("date"), str):
        parts.append(in_markdown(card["date"][:10]))
    return " · ".join(parts)


def _sentence(key: str, figures: dict[str, Any], without: dict[str, Any]) -> str:
    """A measurement in words, with that of the same network without its penalty if there is one."""
    if not is_number(figures.get(key)):
        return ""
    text = SENTENCES[key].format(figures[key])
    if is_number(without.get(key)):
        text += f" The same network without its penalty: **{without[key]:.2f}**."
    return text


def _loss(figures: dict[str, Any], config: RunConfig) -> str:
    whole = summed(figures, config)
    return f"Loss on the test images: {whole}." if whole else ""


def _neighbours(figures: dict[str, Any]) -> str:
    code, pixels = figures.get("knn_accuracy"), figures.get("knn_accuracy_pixels")
    if not (is_number(code) and is_number(pixels)):
        return ""
    return (
        f"The five nearest neighbours predict the right class for {code:.1%} of images if codes "
        f"are compared, and for {pixels:.1%} if raw pixels are compared."
    )


def _factors(figures: dict[str, Any]) -> list[str]:
    """Which dimension follows which true factor. Older cards have only the best score."""
    mig, factors = figures.get("mig"), _dict(figures.get("factors"))
    if is_number(mig) and factors:
        return [mig_sentence(mig), *factor_sentences(factors)]
    return [
        f"The best score of a latent dimension for **{in_markdown(name)}** is {score:.2f} "
        f"({'share of its information' if name in CATEGORIES else 'rank correlation'})."
        for name, score in _dict(figures.get("factor_scores")).items()
        if is_number(score)
    ]


def _dict(value: Any) -> dict[str, Any]:
    """`value` if it is a dictionary, else an empty one: a card is untrusted."""
    return value if isinstance(value, dict) else {}
