"""Moving through a latent space: paths, traversals, grids, samples and arithmetic.

Codes are float32 tensors (..., d). All functions return codes; decoding is left to the model.
"""

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from aeviz.errors import UserError

FULL_COVARIANCE_DIM = 64  # wider codes get diagonal covariances: d * d parameters per component


# ---- between two codes -------------------------------------------------------------------------


def lerp(a: Tensor, b: Tensor, t: float | Tensor) -> Tensor:
    """The straight line from a (t = 0) to b (t = 1), exact at both ends.

    a, b are (..., d); t is a number or a tensor that broadcasts with them, such as (n, 1).
    """
    return torch.lerp(*torch.broadcast_tensors(a, b, _weight(t, a)))


def slerp(a: Tensor, b: Tensor, t: float | Tensor) -> Tensor:
    """The arc from a (t = 0) to b (t = 1), White 2016, "Sampling Generative Networks".

    In many dimensions the codes of a Gaussian prior lie near a sphere. The arc stays near it, while
    a straight line passes through the empty middle. Parallel, opposite and zero codes have no
    unique arc and get the straight line. Shapes as in `lerp`.
    """
    t = _weight(t, a)
    a_unit, b_unit = (torch.nn.functional.normalize(z, dim=-1) for z in (a, b))
    # Kahan's formula: the arccos of a dot product loses half the digits of a small angle.
    difference = torch.linalg.vector_norm(a_unit - b_unit, dim=-1, keepdim=True)
    total = torch.linalg.vector_norm(a_unit + b_unit, dim=-1, keepdim=True)
    omega = 2 * torch.atan2(difference, total)
    has_arc = (omega.sin() > 1e-4) & (a_unit != 0).any(-1, True) & (b_unit != 0).any(-1, True)
    omega = torch.where(has_arc, omega, 1.0)  # avoids dividing by 0; `lerp` is used there
    arc = (((1 - t) * omega).sin() * a + (t * omega).sin() * b) / omega.sin()
    return torch.where(has_arc, arc, lerp(a, b, t))


PATHS: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {"lerp": lerp, "slerp": slerp}


def path(a: Tensor, b: Tensor, n: int, kind: str = "lerp") -> Tensor:
    """n codes from a (d,) to b (d,), both included, in equal steps of t: (n, d)."""
    if kind not in PATHS:
        raise UserError(f"Choose one of these paths: {', '.join(PATHS)} (not {kind!r}).")
    return PATHS[kind](a, b, torch.linspace(0, 1, n, device=a.device)[:, None])


# ---- along dimensions --------------------------------------------------------------------------


def traverse(z: Tensor, dim: int, values: Tensor | Sequence[float]) -> Tensor:
    """Copies of one code z (d,) with z[dim] set to each of n values: (n, d)."""
    values = torch.as_tensor(values, dtype=z.dtype, device=z.device)
    codes = z.repeat(len(values), 1)
    codes[:, dim] = values
    return codes


def traversals(z: Tensor, dims: Sequence[int], ranges: Tensor, n: int) -> Tensor:
    """One `traverse` of n equal steps per dimension in dims: (len(dims), n, d).

    z is (d,); ranges is (d, 2), the low and high end of every dimension, as from `ranges()`.
    """
    if not dims:
        return z.new_empty(0, n, len(z))
    steps = (torch.linspace(low, high, n) for low, high in ranges[list(dims)].tolist())
    return torch.stack([traverse(z, dim, step) for dim, step in zip(dims, steps, strict=True)])


def grid(
    n: int,
    kind: str = "gaussian",
    extent: float = 2.0,
    origin: Tensor | None = None,
    axes: Tensor | None = None,
) -> Tensor:
    """n x n codes over a plane of the latent space: (n, n, d), row 0 at the top (v = extent).

    The code at place (u, v) is origin + u * axes[0] + v * axes[1]; u rises along the columns and v
    falls along the rows, between -extent and extent. "linear" takes equal steps; "gaussian" takes
    the standard normal's quantiles at equally spaced probabilities, so that each cell has the same
    probability under a VAE's prior (Kingma & Welling 2014, appendix A). origin is (d,) and axes
    (2, d); without them the codes are (u, v) themselves, d = 2.
    """
    axes = torch.eye(2) if axes is None else axes
    origin = axes.new_zeros(axes.shape[1]) if origin is None else origin
    places = torch.linspace(-extent, extent, n, dtype=torch.float64)
    if kind == "gaussian":
        tail = 0.5 * math.erfc(extent / math.sqrt(2))
        places = torch.special.ndtri(torch.linspace(tail, 1 - tail, n, dtype=torch.float64))
    elif kind != "linear":
        raise UserError(f"Choose a gaussian or a linear grid (not {kind!r}).")
    places = places.to(axes)
    return origin + places[None, :, None] * axes[0] + places.flip(0)[:, None, None] * axes[1]


# ---- samples -----------------------------------------------------------------------------------


def sample_prior(n: int, d: int, generator: torch.Generator | None = None) -> Tensor:
    """n codes from the standard normal prior of a VAE: (n, d), on the CPU."""
    return torch.randn(n, d, generator=generator)


@dataclass(frozen=True)
class Mixture:
    """A Gaussian mixture: weights (k,), means (k, d), and per component a matrix L with covariance
    L L' (k, d, d), or only its diagonal (k, d)."""

    weights: Tensor
    means: Tensor
    scales: Tensor

    def sample(self, n: int, generator: torch.Generator | None = None) -> Tensor:
        """n codes from the mixture: (n, d) float32, on the CPU."""
        which = torch.multinomial(self.weights, n, replacement=True, generator=generator)
        eps = torch.randn(n, self.means.shape[1], generator=generator)
        codes = torch.empty_like(eps)
        for component in which.unique().tolist():
            here, scale = which == component, self.scales[component]
            spread = eps[here] @ scale.T if scale.ndim == 2 else eps[here] * scale
            codes[here] = self.means[component] + spread
        return codes


def fit_mixture(z: Tensor, components: int = 10, seed: int = 0) -> Mixture:
    """Fit a Gaussian mixture to the codes z (N, d), N >= 2: a prior for codes that have none.

    Covariances are full up to 64 dimensions and diagonal beyond. components is at most N.
    """
    from sklearn.exceptions import ConvergenceWarning  # slow to import
    from sklearn.mixture import GaussianMixture

    if len(z) < 2:
        raise UserError("Choose at least two images: a mixture cannot be fitted to fewer.")
    full = z.shape[1] <= FULL_COVARIANCE_DIM
    codes = z.detach().double().cpu().numpy()
    # Constant dimensions have no variance; the floor is relative, so that it suits any scale.
    floor = 1e-6 * float(codes.var(0).max()) + 1e-12
    model = GaussianMixture(
        min(components, len(z)), covariance_type="full" if full else "diag",
        reg_covar=floor, max_iter=100, random_state=seed,
    )  # fmt: skip
    with warnings.catch_warnings():
        # A mixture that did not converge, or found fewer clusters, can still be sampled.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(codes)
    covariances = torch.from_numpy(model.covariances_)
    scales = torch.linalg.cholesky(covariances) if full else covariances.sqrt()
    weights, means = torch.from_numpy(model.weights_), torch.from_numpy(model.means_)
    return Mixture(weights.float(), means.float(), scales.float())


# ---- arithmetic --------------------------------------------------------------------------------


def analogy(a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    """a is to b as the result is to c: a - b + c, (..., d)."""
    return a - b + c


def class_direction(z: Tensor, labels: Tensor, source: int, target: int) -> Tensor:
    """From the mean code of class `source` to that of class `target`: (d,).

    z is (N, d), labels (N,). Raises UserError if no code belongs to one of them.
    """
    centres = []
    for label in (source, target):
        members = z[labels == label]
        if not len(members):
            raise UserError(f"No image here belongs to class {label}: choose another class.")
        centres.append(members.mean(0))
    return centres[1] - centres[0]


# ---- information in each dimension -------------------------------------------------------------


def information(mu: Tensor, logvar: Tensor | None = None) -> Tensor:
    """The information in each latent dimension, (d,), averaged over N codes mu (N, d).

    With logvar (N, d): KL(q(z_j|x) || N(0, 1)) in nats, Kingma & Welling 2014, appendix B.
    Without: the dimension's share of the total variance, in [0, 1]; zeros if all are constant.
    """
    if logvar is not None:
        return 0.5 * (mu.square() + logvar.exp() - 1 - logvar).mean(0)
    variance = mu.double().var(0, correction=0)
    total = variance.sum()
    return (variance / total if total > 0 else variance).float()


def order(mu: Tensor, logvar: Tensor | None = None) -> Tensor:
    """Dimensions sorted by `information`, highest first, ties by index: (d,) int64."""
    return information(mu, logvar).argsort(descending=True, stable=True)


def ranges(z: Tensor, margin: float = 0.05) -> Tensor:
    """Low and high end of every dimension for a slider, (d, 2), always low < high.

    The quantiles 0.5 % and 99.5 % of z (N, d), N >= 1, extended on either side by `margin` of their
    distance. A constant dimension gets the width of the widest dimension around its value, or +-1
    if all are constant.
    """
    # NumPy's quantile: torch.quantile refuses more than 16 million values.
    low, high = np.quantile(z.detach().double().cpu().numpy(), [0.005, 0.995], axis=0)
    width = high - low
    constant = width <= 1e-6 * np.maximum(1.0, np.abs(low))
    width = np.where(constant, 2.0 if constant.all() else width.max(), width)
    centre = (low + high) / 2
    half = np.where(constant, width / 2, width * (0.5 + margin))
    return torch.from_numpy(np.stack([centre - half, centre + half], axis=1)).float()


def _weight(t: float | Tensor, like: Tensor) -> Tensor:
    return torch.as_tensor(t, dtype=like.dtype, device=like.device)
