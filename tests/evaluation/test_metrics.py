import math

import numpy as np
import pytest
import torch
from sklearn.neighbors import KNeighborsClassifier

from aeviz.evaluation import metrics


def images(n=4, channels=1, size=16, seed=0):
    return torch.rand(n, channels, size, size, generator=torch.Generator().manual_seed(seed))


def flat(value, size=16, n=1, channels=1):
    return torch.full((n, channels, size, size), value)


# ---- images


def test_mse_mae_psnr_by_hand():
    x = torch.zeros(2, 1, 2, 2)
    x_hat = torch.stack([torch.full((1, 2, 2), 0.1), torch.tensor([[[1.0, 0.0], [0.0, 0.0]]])])
    torch.testing.assert_close(metrics.mse(x, x_hat), torch.tensor([0.01, 0.25]))
    torch.testing.assert_close(metrics.mae(x, x_hat), torch.tensor([0.1, 0.25]))
    torch.testing.assert_close(metrics.psnr(x, x_hat), torch.tensor([20.0, 6.0206]))


def test_psnr_of_identical_images_is_infinite_and_capped_in_the_average():
    x = flat(0.5, n=2)
    x_hat = torch.cat([x[:1], x[1:] + 0.1])
    assert metrics.psnr(x, x_hat)[0] == math.inf
    assert metrics.psnr_value(x, x_hat) == pytest.approx((100 + 20) / 2, abs=1e-4)
    assert metrics.psnr_value(x, x_hat, cap=40) == pytest.approx(30, abs=1e-4)


@pytest.mark.parametrize("measure", [metrics.mse, metrics.mae, metrics.psnr, metrics.ssim])
def test_shapes_that_only_broadcast_are_refused(measure):
    with pytest.raises(ValueError, match="share one"):
        measure(images(4), images(1))


def test_ssim_is_one_for_itself_and_symmetric():
    x, y = images(), images(seed=1)
    torch.testing.assert_close(metrics.ssim(x, x), torch.ones(4))
    torch.testing.assert_close(metrics.ssim(x, y), metrics.ssim(y, x))
    assert (metrics.ssim(x, y) < 0.5).all()


def test_ssim_of_flat_images_is_the_luminance_term():
    # No variance: (2 a b + C1) / (a^2 + b^2 + C1) with C1 = 1e-4.
    expected = (2 * 0.2 * 0.6 + 1e-4) / (0.04 + 0.36 + 1e-4)
    assert metrics.ssim(flat(0.2), flat(0.6)).item() == pytest.approx(expected, abs=1e-4)


def test_ssim_of_a_small_image_by_hand():
    # 3 x 3 leaves one window of 3 with weights g x g; everything else is the formula written out.
    x = torch.tensor([[0.1, 0.4, 0.2], [0.9, 0.5, 0.3], [0.6, 0.7, 0.8]])
    y = torch.tensor([[0.2, 0.4, 0.1], [0.7, 0.6, 0.3], [0.9, 0.5, 0.8]])
    g = np.exp(-np.array([1, 0, 1]) / (2 * 1.5**2))
    w = np.outer(g, g) / g.sum() ** 2
    a, b = x.numpy(), y.numpy()
    ma, mb = (w * a).sum(), (w * b).sum()
    va, vb = (w * (a - ma) ** 2).sum(), (w * (b - mb) ** 2).sum()
    cov = (w * (a - ma) * (b - mb)).sum()
    expected = ((2 * ma * mb + 1e-4) * (2 * cov + 9e-4)) / (
        (ma**2 + mb**2 + 1e-4) * (va + vb + 9e-4)
    )
    assert metrics.ssim(x[None, None], y[None, None]).item() == pytest.approx(expected, abs=1e-5)
    # An even side takes the next odd window below: four windows of 3, not one of 4.
    big = torch.nn.functional.pad(x[None, None], (0, 1, 0, 1))
    assert metrics.ssim(big, big).item() == pytest.approx(1.0)


def test_ssim_known_values():
    # From scikit-image 0.26.0: structural_similarity(gaussian_weights=True,
    # use_sample_covariance=False, data_range=1) of these two pictures, grey and colour.
    row, column = torch.meshgrid(torch.arange(20.0), torch.arange(24.0), indexing="ij")
    x = (torch.sin(row * 0.7) * torch.cos(column * 0.4) + 1) / 2
    y = (0.8 * x + 0.2 * torch.cos(row * column * 0.3).abs()).clamp(0, 1)
    assert metrics.ssim(x[None, None], y[None, None]).item() == pytest.approx(0.941210, abs=1e-5)
    colour_x = torch.stack([x, x.square(), 1 - x])[None]
    colour_y = torch.stack([y, y, 1 - y])[None]
    assert metrics.ssim(colour_x, colour_y).item() == pytest.approx(0.881886, abs=1e-5)


def test_ssim_averages_channels():
    x, y = images(channels=3), images(channels=3, seed=1)
    each = torch.stack([metrics.ssim(x[:, c : c + 1], y[:, c : c + 1]) for c in range(3)])
    torch.testing.assert_close(metrics.ssim(x, y), each.mean(0))


def test_entropy_floor():
    assert metrics.entropy_floor(torch.tensor([0.0, 1.0])) == 0
    assert metrics.entropy_floor(torch.tensor([0.5, 1.0])) == pytest.approx(math.log(2) / 2)
    x = images()
    bce = torch.nn.functional.binary_cross_entropy(x, x).item()
    assert metrics.entropy_floor(x) == pytest.approx(bce, rel=1e-5)


# ---- PCA


def test_pca_error_is_the_variance_left_over():
    # Variances 9, 1 and 0.25 along the axes, moved off the origin.
    train = torch.diag(torch.tensor([3, 1, 0.5], dtype=torch.float64)) * math.sqrt(3)
    train = torch.cat([train, -train]) + torch.tensor([5.0, -2.0, 1.0])
    expected = [10.25 / 3, 1.25 / 3, 0.25 / 3, 0.0, 0.0]
    errors = [metrics.pca_error(train, train, k) for k in range(5)]
    assert errors == pytest.approx(expected, abs=1e-9)


def test_pca_with_fewer_items_than_pixels():
    train = images(n=6, size=5)
    basis = metrics.pca_subspace(train, 5)
    torch.testing.assert_close(basis.T @ basis, torch.eye(5, dtype=torch.float64))
    assert metrics.pca_error(train, train, 5) == pytest.approx(0, abs=1e-12)
    singular = torch.linalg.svdvals((train - train.mean(0)).flatten(1).double())
    left_over = singular[2:].square().sum().item() / train.numel()
    assert metrics.pca_error(train, train, 2) == pytest.approx(left_over, rel=1e-5)


def test_pca_has_no_directions_without_variance():
    for n in (4, 40):  # fewer and more items than pixels
        assert metrics.pca_subspace(flat(0.3, n=n, size=5), 3).shape == (25, 0)
        assert metrics.pca_error(flat(0.3, n=n, size=5), flat(0.5, size=5), 3) == pytest.approx(
            0.04, rel=1e-6
        )


def test_pca_error_at_the_rank_by_hand():
    # Two points span the first axis: of (5, 3, 4) the second and third coordinate are left.
    train = torch.tensor([[0.0, 0, 0], [2, 0, 0]])
    for k in (1, 2, 3, 9):
        assert metrics.pca_error(train, torch.tensor([[5.0, 3, 4]]), k) == pytest.approx(25 / 3)


def left_over(train, test):
    """The residual outside the affine span of `train`, by numpy's least squares."""
    x, y = (part.flatten(1).double().numpy() for part in (train, test))
    axes, y = (x - x.mean(0)).T, (y - x.mean(0)).T
    return np.square(y - axes @ np.linalg.lstsq(axes, y, rcond=1e-9)[0]).mean()


@pytest.mark.parametrize(
    ("n", "different", "size", "k"),
    [
        (16, 16, 8, 16),  # one more than the rank of 15
        (30, 10, 8, 20),  # every image three times
        (40, 40, 10, 60),
        (200, 20, 8, 40),  # more items than pixels, all the same
        (200, 20, 8, 64),
    ],
)
def test_pca_error_at_or_above_the_rank_is_what_lies_outside_of_the_span(n, different, size, k):
    train, test = (
        images(different, size=size).repeat(n // different, 1, 1, 1),
        images(50, 1, size, 1),
    )
    expected = left_over(train, test)
    assert expected > 0.01
    assert metrics.pca_error(train, test, k) == pytest.approx(expected, rel=1e-6)
    assert metrics.pca_subspace(train, k).shape[1] == different - 1
    assert metrics.pca_error(train, test, different - 2) > expected


@pytest.mark.parametrize("degrees", [0.0, 1e-7, 1.0, 45.0, 90.0])
def test_principal_angles_of_a_turned_line(degrees):
    turn = math.radians(degrees)
    a = torch.tensor([[1.0, 0], [0, 1], [0, 0]], dtype=torch.float64)
    b = torch.tensor([[1.0, 0], [0, math.cos(turn)], [0, math.sin(turn)]], dtype=torch.float64)
    mixed = b @ torch.tensor([[2.0, 1.0], [0.0, -3.0]], dtype=torch.float64)  # same span
    angles = metrics.principal_angles(a, mixed)
    assert angles.tolist() == pytest.approx([degrees, 0.0], rel=1e-6, abs=1e-12)


def test_principal_angles_count_a_missing_direction_as_right():
    a = torch.eye(3)[:, :2]
    dependent = torch.tensor([[1.0, 2.0], [0.0, 0.0], [0.0, 0.0]])
    assert metrics.principal_angles(a, dependent).tolist() == pytest.approx([90.0, 0.0])
    assert metrics.principal_angles(a, torch.zeros(3, 2)).tolist() == [90.0, 90.0]


def test_principal_angles_of_a_line_and_a_plane_it_lies_in():
    plane, line = torch.eye(3)[:, :2], torch.tensor([[1.0], [1.0], [0.0]])
    assert metrics.principal_angles(plane, line).tolist() == pytest.approx([0.0], abs=1e-6)
    assert metrics.principal_angles(line, plane).tolist() == pytest.approx([0.0], abs=1e-6)


# ---- codes: a perfect, a constant and a broken representation of ten classes

LABELS = torch.arange(10).repeat(20)
NOISE = torch.randn(200, 2, generator=torch.Generator().manual_seed(0))
PERFECT = torch.stack([LABELS.float(), -LABELS.float()], 1)
CONSTANT = torch.full((200, 2), 0.7)


def test_active_units():
    assert metrics.active_units(PERFECT) == 2
    assert metrics.active_units(CONSTANT) == 0
    # Variances 0.0121 and 0.0081, either side of Burda's 0.01.
    assert metrics.active_units(torch.tensor([[0.11, 0.09], [-0.11, -0.09]])) == 1


def test_active_fraction():
    z = torch.tensor([[0.0, 0.5, -0.5, 0.01], [0.0, 0.0, 0.0, 2.0]])
    assert metrics.active_fraction(z, 0.1) == pytest.approx(3 / 8)
    assert metrics.active_fraction(torch.zeros(3, 4), 0.0) == 0


def accuracy(z, k=5):
    return metrics.knn_accuracy(z[:100], LABELS[:100], z[100:], LABELS[100:], k)


def test_knn_accuracy():
    assert accuracy(PERFECT) == 1.0
    assert accuracy(CONSTANT) == pytest.approx(0.1)  # one class for everyone
    assert accuracy(NOISE) < 0.3
    assert accuracy(PERFECT, k=1000) == pytest.approx(0.1)  # all vote: a tie, one class


def test_knn_accuracy_votes():
    train = torch.tensor([[0.0], [1.0], [1.1]])
    y, near = torch.tensor([0, 1, 1]), torch.tensor([[0.2]])
    assert metrics.knn_accuracy(train, y, near, torch.tensor([0]), k=1) == 1
    assert metrics.knn_accuracy(train, y, near, torch.tensor([1]), k=3) == 1


def test_knn_accuracy_is_that_of_scikit_learn():
    generator = torch.Generator().manual_seed(0)
    z = torch.randn(1500, 3, generator=generator)
    y = (z[:, 0] > 0).long() + torch.randint(0, 2, (1500,), generator=generator)
    theirs = KNeighborsClassifier(5, algorithm="brute").fit(z[:700].numpy(), y[:700].numpy())
    score = theirs.score(z[700:].numpy(), y[700:].numpy())
    assert metrics.knn_accuracy(z[:700], y[:700], z[700:], y[700:]) == pytest.approx(score)
