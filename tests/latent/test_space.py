import math

import pytest
import torch

from aeviz.errors import UserError
from aeviz.latent import space


def close(actual, expected, **tolerance):
    torch.testing.assert_close(actual, torch.as_tensor(expected, dtype=actual.dtype), **tolerance)


def codes(n=50, d=4, seed=0):
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


A, B = torch.tensor([2.0, 0.0]), torch.tensor([0.0, 2.0])


# ---- between two codes


def test_lerp_by_hand():
    close(space.lerp(A, B, 0.25), [1.5, 0.5])
    close(space.lerp(A, B, torch.tensor([[0.0], [0.5]])), [[2, 0], [1, 1]])


def test_slerp_by_hand():
    half = math.sqrt(2)
    close(space.slerp(A, B, 0.5), [half, half])
    close(space.slerp(A, B, 1 / 3), [math.sqrt(3), 1.0])
    # Lengths 1 and 3 at a right angle: the sines weigh the codes themselves.
    close(space.slerp(A / 2, B * 1.5, 0.5), [half / 2, 3 * half / 2])


def test_slerp_stays_on_the_sphere_and_turns_evenly():
    a, b = torch.nn.functional.normalize(codes(2), dim=-1)
    arc = space.path(a, b, 9, "slerp")
    close(arc.norm(dim=1), torch.ones(9))
    turns = (arc[:-1] * arc[1:]).sum(1)
    close(turns, turns[:1].expand(8))
    assert (space.path(a, b, 9, "lerp").norm(dim=1)[1:-1] < 1).all()


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (A, A),
        (A, 3 * A),
        (A, -A),
        (A, torch.tensor([-2.0, 1e-5])),
        (A, torch.zeros(2)),
        (torch.zeros(2), torch.zeros(2)),
    ],
)
def test_slerp_falls_back_to_the_line(a, b):
    close(space.slerp(a, b, 0.3), space.lerp(a, b, 0.3))


def test_slerp_of_many_codes_falls_back_only_where_it_must():
    mixed = space.slerp(torch.stack([A, A]), torch.stack([2 * A, B]), 0.5)
    close(mixed, [[3.0, 0.0], [math.sqrt(2), math.sqrt(2)]])


@pytest.mark.parametrize("kind", list(space.PATHS))
def test_a_path_includes_both_ends(kind):
    a, b = codes(2)
    line = space.path(a, b, 7, kind)
    assert line.shape == (7, 4)
    assert line.dtype == torch.float32
    close(line[[0, -1]], torch.stack([a, b]))
    close(line[3], space.PATHS[kind](a, b, 0.5))


def test_an_unknown_path_says_what_there_is():
    with pytest.raises(UserError, match="lerp, slerp"):
        space.path(A, B, 3, "curve")


# ---- along dimensions


def test_traverse_changes_one_dimension_of_a_copy():
    z = torch.tensor([1.0, 2.0, 3.0])
    close(space.traverse(z, 1, [-1, 0.5]), [[1, -1, 3], [1, 0.5, 3]])
    close(z, [1, 2, 3])


def test_traversals():
    z = torch.tensor([1.0, 2.0, 3.0])
    ends = torch.tensor([[-1.0, 1.0], [0.0, 0.0], [10.0, 20.0]])
    result = space.traversals(z, [2, 0], ends, 3)
    close(result[0], [[1, 2, 10], [1, 2, 15], [1, 2, 20]])
    close(result[1], [[-1, 2, 3], [0, 2, 3], [1, 2, 3]])
    assert space.traversals(z, [], ends, 3).shape == (0, 3, 3)


def test_a_linear_grid_has_its_top_row_first():
    plane = space.grid(3, "linear", extent=2)
    close(plane[0], [[-2, 2], [0, 2], [2, 2]])
    close(plane[2, 0], [-2, -2])


def test_a_gaussian_grid_gives_each_step_the_same_probability():
    plane = space.grid(5, extent=2.0)
    u = plane[0, :, 0]
    close(u[[0, 2, 4]], [-2.0, 0.0, 2.0], atol=1e-5, rtol=0)
    share = torch.special.ndtr(u.double()).diff()
    close(share, share[:1].expand(4), atol=1e-6, rtol=0)
    close(plane[:, 0, 1], u.flip(0))


def test_a_grid_on_a_plane_of_a_wider_space():
    origin, axes = torch.tensor([1.0, 1.0, 1.0]), torch.tensor([[0.0, 0, 2], [3.0, 0, 0]])
    plane = space.grid(3, "linear", 1.0, origin, axes)
    assert plane.shape == (3, 3, 3)
    close(plane[1, 1], origin)
    close(plane[0, 2], [4.0, 1.0, 3.0])


def test_an_unknown_grid_is_refused():
    with pytest.raises(UserError, match="gaussian or a linear"):
        space.grid(3, "round")


# ---- samples


def test_sample_prior_follows_its_generator():
    first, second = (space.sample_prior(4, 3, torch.Generator().manual_seed(1)) for _ in range(2))
    assert torch.equal(first, second)
    assert first.shape == (4, 3)


@pytest.mark.parametrize("d", [3, space.FULL_COVARIANCE_DIM + 1])
def test_a_mixture_finds_two_clusters_and_samples_them(d):
    near, far = codes(300, d) * 0.1, codes(100, d, seed=1) * 0.1 + 10
    mixture = space.fit_mixture(torch.cat([near, far]), components=2)
    sample = mixture.sample(4000, torch.Generator().manual_seed(0))
    assert sample.shape == (4000, d)
    assert sample.dtype == torch.float32
    in_far = sample.mean(1) > 5
    assert in_far.float().mean().item() == pytest.approx(0.25, abs=0.03)
    close(sample[in_far].mean(0), far.mean(0), atol=0.03, rtol=0)
    close(sample[~in_far].std(0), near.std(0), atol=0.01, rtol=0.1)
    assert torch.equal(sample, mixture.sample(4000, torch.Generator().manual_seed(0)))


def test_a_mixture_keeps_correlations():
    z = codes(500, 1) @ torch.tensor([[1.0, 2.0]]) + 0.01 * codes(500, 2, seed=1)
    sample = space.fit_mixture(z, 1).sample(500, torch.Generator().manual_seed(0))
    assert torch.corrcoef(sample.T)[0, 1] > 0.99


def test_a_mixture_of_constant_codes_gives_the_constant():
    sample = space.fit_mixture(torch.full((20, 3), 5.0)).sample(10)
    close(sample, torch.full((10, 3), 5.0), atol=1e-4, rtol=0)


def test_a_mixture_needs_two_codes():
    with pytest.raises(UserError, match="at least two"):
        space.fit_mixture(torch.zeros(1, 2))


# ---- arithmetic


def test_analogy_and_class_direction():
    close(space.analogy(torch.tensor([5.0]), torch.tensor([3.0]), torch.tensor([1.0])), [3.0])
    z = torch.tensor([[0.0, 0.0], [2.0, 0.0], [5.0, 1.0]])
    labels = torch.tensor([3, 3, 7])
    close(space.class_direction(z, labels, 3, 7), [4.0, 1.0])
    close(space.class_direction(z, labels, 7, 3), [-4.0, -1.0])
    with pytest.raises(UserError, match="class 9"):
        space.class_direction(z, labels, 3, 9)


# ---- what each dimension carries


def test_information_of_gaussian_codes_by_hand():
    # KL = (mu^2 + var - 1 - ln var) / 2: the prior 0, mu = 2 gives 2, var = e gives (e - 2) / 2.
    mu = torch.tensor([[0.0, 2.0, 0.0], [0.0, -2.0, 0.0]])
    logvar = torch.tensor([[0.0, 0.0, 1.0]]).expand(2, 3)
    close(space.information(mu, logvar), [0.0, 2.0, (math.e - 2) / 2])
    assert space.order(mu, logvar).tolist() == [1, 2, 0]
    q = torch.distributions.Normal(codes(), torch.exp(0.5 * codes(seed=1)))
    kl = torch.distributions.kl_divergence(q, torch.distributions.Normal(0.0, 1.0)).mean(0)
    close(space.information(codes(), codes(seed=1)), kl)


def test_information_of_deterministic_codes_is_their_share_of_variance():
    mu = torch.tensor([[1.0, 7.0, 3.0], [-1.0, 7.0, -3.0]])
    close(space.information(mu), [0.1, 0.0, 0.9])
    assert space.order(mu).tolist() == [2, 0, 1]
    constant = torch.full((5, 3), 0.1)
    close(space.information(constant), [0.0, 0.0, 0.0])
    assert space.order(constant).tolist() == [0, 1, 2]


def test_ranges_leave_out_the_outliers():
    z = torch.linspace(0, 1, 1001)[:, None].clone()
    z[-1] = 1000
    close(space.ranges(z, margin=0.1), [[0.005 - 0.099, 0.995 + 0.099]], atol=1e-5, rtol=0)


def test_ranges_of_constant_dimensions_are_still_ranges():
    z = torch.stack([torch.linspace(0, 4, 101), torch.full((101,), 3.0)], 1)
    low, high = space.ranges(z, margin=0.0)[1].tolist()
    assert (low + high) / 2 == pytest.approx(3)
    assert high - low == pytest.approx(0.99 * 4)
    close(space.ranges(torch.full((1, 2), 5.0)), [[4.0, 6.0], [4.0, 6.0]])
