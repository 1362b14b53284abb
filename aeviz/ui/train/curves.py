"""The schedules as small curves and the objective as a formula, beside their controls."""

from __future__ import annotations

from collections.abc import Callable

from aeviz.config import RunConfig
from aeviz.training.schedules import beta_at, learning_rate

POINTS = 400
WIDTH, HEIGHT = 400.0, 40.0


def beta(config: RunConfig) -> str:
    """HTML: beta over the epochs."""
    top = max(config.loss.beta, config.loss.beta_start if config.loss.warmup else 0.0)
    return _curve(lambda progress: beta_at(config, progress), top, "beta", config.training.epochs)


def rate(config: RunConfig) -> str:
    """HTML: the learning rate over the epochs."""
    training = config.training
    return _curve(
        lambda progress: learning_rate(training, progress), training.lr, "learning rate",
        training.epochs,
    )  # fmt: skip


def _curve(value: Callable[[float], float], top: float, name: str, epochs: int) -> str:
    """A line from the start of the training to its end, from 0 to `top`."""
    points = []
    for i in range(POINTS + 1):
        # just before the end: there is no step at the end itself
        progress = min(i / POINTS, 1 - 1e-9)
        share = value(progress) / top if top else 0.0
        points.append(f"{i / POINTS * WIDTH:.0f},{HEIGHT - 2 - share * (HEIGHT - 4):.1f}")
    words = "epoch" if epochs == 1 else "epochs"
    return (
        f'<div class="av-spark"><svg viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}" role="img" '
        f'preserveAspectRatio="none" aria-label="{name} over {epochs:,} {words}, at most {top:g}">'
        f'<polyline points="{" ".join(points)}"/></svg>'
        f"<span>{name}, 0 to {top:g}</span><span>{epochs:,} {words}</span></div>"
    )


def objective(config: RunConfig) -> str:
    """LaTeX: what training minimises with this configuration, per image."""
    loss, noisy = config.loss, config.corruption.kind != "none"
    x_in = r"\tilde{x}" if noisy else "x"
    names = {
        "bce": "BCE",
        "mse": r"\lVert x - \hat{x} \rVert^2",
        "l1": r"\lVert x - \hat{x} \rVert_1",
    }
    name = names.get(loss.reconstruction, "L")
    terms = [name if r"\hat" in name else rf"\mathrm{{{name}}}(x, \hat{{x}})"]
    if config.bottleneck.kind == "gaussian":
        beta = r"\beta(t)" if loss.warmup else f"{loss.beta:g}"
        each = rf"\mathrm{{KL}}\big(q(z_j|{x_in}) \,\Vert\, \mathcal{{N}}(0, 1)\big)"
        if loss.free_bits:
            each = rf"\max\big({loss.free_bits:g},\, {each}\big)"
        terms.append(rf"{beta} \sum_j {each}")
    weight = f"{loss.weight:g}"
    penalties = {
        "l1": rf"{weight} \sum_j |z_j|",
        "kl-sparsity": rf"{weight} \sum_j \mathrm{{KL}}({loss.rho:g} \,\Vert\, \hat\rho_j)",
        "contractive": rf"{weight} \left\lVert \partial z / \partial {x_in} \right\rVert_F^2",
    }
    if loss.penalty in penalties:
        terms.append(penalties[loss.penalty])
    return " + ".join(terms)
