"""Measures of images and of codes.

Images are float tensors in [0, 1] of shape (N, C, H, W), and a measure of them returns one value
per image, (N,), unless stated otherwise. Codes are float tensors (N, d). Everything is computed
without gradients, on the tensors' own device unless stated otherwise.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from aeviz import pca

PSNR_CAP = 100.0  # dB: the value of a perfect image in an average
ACTIVE_VARIANCE = 0.01  # Burda et al. 2016, section 5.2


# ---- images ------------------------------------------------------------------------------------


@torch.no_grad()
def mse(x: Tensor, x_hat: Tensor) -> Tensor:
    """Mean squared error per pixel, (N,)."""
    return _difference(x, x_hat).square().mean(1)


@torch.no_grad()
def mae(x: Tensor, x_hat: Tensor) -> Tensor:
    """Mean absolute error per pixel, (N,)."""
    return _difference(x, x_hat).abs().mean(1)


@torch.no_grad()
def psnr(x: Tensor, x_hat: Tensor) -> Tensor:
    """Peak signal-to-noise ratio in dB for a data range of 1, (N,).

    Identical images give inf; `psnr_value` says how to average them.
    """
    return -10 * torch.log10(mse(x, x_hat))


def psnr_value(x: Tensor, x_hat: Tensor, cap: float = PSNR_CAP) -> float:
    """The mean PSNR over images in dB, each limited to `cap`."""
    return psnr(x, x_hat).clamp(max=cap).mean().item()


@torch.no_grad()
def ssim(x: Tensor, x_hat: Tensor) -> Tensor:
    """Structural similarity, mean over windows and channels, (N,), at most 1.

    Wang et al. 2004 with their constants: Gaussian window of 11 pixels and sigma 1.5, K1 = 0.01,
    K2 = 0.03, population variances, windows entirely inside the image. For an image smaller than 11
    pixels the window is the largest odd one that fits.
    """
    _check_images(x, x_hat)
    n, channels, height, width = x.shape
    window = _gaussian_window(min(11, height, width), 1.5).to(x)

    def blur(image: Tensor) -> Tensor:
        flat = image.reshape(n * channels, 1, height, width)
        return F.conv2d(F.conv2d(flat, window.view(1, 1, 1, -1)), window.view(1, 1, -1, 1))

    mu, mu_hat = blur(x), blur(x_hat)
    variance = blur(x * x) - mu * mu
    variance_hat = blur(x_hat * x_hat) - mu_hat * mu_hat
    covariance = blur(x * x_hat) - mu * mu_hat
    c1, c2 = 0.01**2, 0.03**2
    similarity = ((2 * mu * mu_hat + c1) * (2 * covariance + c2)) / (
        (mu * mu + mu_hat * mu_hat + c1) * (variance + variance_hat + c2)
    )
    return similarity.reshape(n, -1).mean(1)


@torch.no_grad()
def entropy_floor(x: Tensor) -> float:
    """The lowest binary cross-entropy any reconstruction of x can reach, in nats per pixel.

    Grey targets keep the loss above zero even when x_hat = x: the mean over all pixels of
    -x log x - (1 - x) log(1 - x).
    """
    return (torch.special.entr(x) + torch.special.entr(1 - x)).mean(dtype=torch.float64).item()


# ---- against PCA -------------------------------------------------------------------------------


@torch.no_grad()
def pca_error(train: Tensor, test: Tensor, k: int) -> float:
    """Mean squared error per pixel on `test` of PCA with k components fitted on `train`.

    Both are (N, ...) with the same shape per item. If k is at least the rank of the centred
    `train`, the error is the part of `test` outside its span.
    """
    mean, basis = pca.fit_exact(train.flatten(1), k)
    squares = 0.0
    for chunk in test.flatten(1).split(8192):
        centred = chunk.double() - mean
        squares += (centred - (centred @ basis) @ basis.T).square().sum().item()
    return squares / test.numel()


@torch.no_grad()
def pca_subspace(train: Tensor, k: int) -> Tensor:
    """Orthonormal basis of the k leading principal directions, (d, min(k, rank)) float64.

    `train` is (N, ...), flattened to d values per item and centred; columns fall in variance. Its
    rank is at most min(d, N - 1).
    """
    return pca.fit_exact(train.flatten(1), k)[1]


@torch.no_grad()
def principal_angles(A: Tensor, B: Tensor) -> Tensor:
    """Angles in degrees between the column spaces of A (d, p) and B (d, q), largest first.

    Björck & Golub 1973: the cosines are the singular values of Qa'Qb, the sines those of
    (I - Qa Qa') Qb; using both keeps even small angles accurate. A missing direction (dependent
    columns) counts as 90 degrees, so the result is always (min(p, q),) float64.
    """
    wide, narrow = sorted((_orthonormal(A), _orthonormal(B)), key=lambda Q: -Q.shape[1])
    shared = wide.T @ narrow
    cosines = torch.linalg.svdvals(shared).flip(0)
    sines = torch.linalg.svdvals(narrow - wide @ shared)
    angles = torch.rad2deg(torch.atan2(sines, cosines))
    missing = min(A.shape[1], B.shape[1]) - len(angles)
    return torch.cat([torch.full((missing,), 90.0, dtype=torch.float64), angles])


# ---- codes -------------------------------------------------------------------------------------


@torch.no_grad()
def active_units(mu: Tensor, threshold: float = ACTIVE_VARIANCE) -> int:
    """Number of latent dimensions whose mean varies with the data: Var_x(mu_j) > 0.01.

    mu is (N, d), the posterior means (Burda et al. 2016, section 5.2).
    """
    return int((mu.double().var(0, correction=0) > threshold).sum())


@torch.no_grad()
def active_fraction(z: Tensor, threshold: float) -> float:
    """Share of the code, in [0, 1], with |z_j| > threshold, averaged over images; z is (N, d)."""
    return (z.abs() > threshold).double().mean().item()


def knn_accuracy(
    train_z: Tensor, train_y: Tensor, test_z: Tensor, test_y: Tensor, k: int = 5
) -> float:
    """Share of test codes whose k nearest training codes vote for the right class.

    z is (N, d), y is (N,) integer. Euclidean distances, equal votes; k is at most N. Equal to
    scikit-learn's `KNeighborsClassifier`, whose import takes longer than training a small run.
    """
    votes = F.one_hot(train_y.cpu().long())  # (N, classes)
    train_z, right = train_z.cpu().double(), 0
    for z, y in zip(test_z.cpu().double().split(500), test_y.cpu().split(500), strict=True):
        nearest = torch.cdist(z, train_z).topk(min(k, len(train_z)), largest=False).indices
        right += int((votes[nearest].sum(1).argmax(1) == y).sum())
    return right / len(test_z)


# ---- parts -------------------------------------------------------------------------------------


def _check_images(x: Tensor, x_hat: Tensor) -> None:
    # Broadcasting would silently accept a wrong shape.
    if x.shape != x_hat.shape or x.ndim != 4:
        raise ValueError(
            f"images must share one (N, C, H, W) shape: {(*x.shape,)} and {(*x_hat.shape,)}"
        )


def _difference(x: Tensor, x_hat: Tensor) -> Tensor:
    _check_images(x, x_hat)
    return (x_hat - x).flatten(1)


def _gaussian_window(max_size: int, sigma: float) -> Tensor:
    size = max_size if max_size % 2 else max_size - 1
    offset = torch.arange(size, dtype=torch.float64) - size // 2
    weights = torch.exp(-0.5 * (offset / sigma) ** 2)
    return weights / weights.sum()


def _orthonormal(A: Tensor) -> Tensor:
    """Orthonormal basis of A's column space, (d, rank) float64 on the CPU."""
    U, sizes, _ = torch.linalg.svd(A.detach().double().cpu(), full_matrices=False)
    rounding = max(A.shape) * torch.finfo(A.dtype).eps
    return U[:, sizes > rounding * sizes[0]]
