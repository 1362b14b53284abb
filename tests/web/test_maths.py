"""The maths of the browser modules beside scipy's and the library's, run by Node."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats

from aeviz.latent import space

STATIC = Path(__file__).parents[2] / "aeviz" / "web" / "static"
NODE = shutil.which("node")

pytestmark = pytest.mark.skipif(NODE is None, reason="needs Node")


def in_module(module: str, script: str, argument: Any = None) -> Any:
    """What `script`, a function of a module's exports and of `argument`, returns in Node."""
    program = (
        f"import * as module from {json.dumps((STATIC / module).as_uri())};"
        f"const answer = ({script})(module, {json.dumps(argument)});"
        "process.stdout.write(JSON.stringify(answer));"
    )
    done = subprocess.run(
        [str(NODE), "--input-type=module"],
        input=program,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_cdf_and_quantiles_are_scipys() -> None:
    x = [*np.linspace(-9, 9, 181), -40, 40]
    p = [1e-100, 1e-12, 1e-5, 0.02425, *np.linspace(0.01, 0.99, 99), 1 - 1e-9]
    values, places = in_module(
        "gaussian.js",
        "({ cdf, quantile }, [x, p]) => [x.map(cdf), p.map(quantile)]",
        [[float(value) for value in x], [float(value) for value in p]],
    )
    np.testing.assert_allclose(values, stats.norm.cdf(x), rtol=1e-7, atol=0)
    assert np.abs(np.array(values) - stats.norm.cdf(x)).max() < 1e-14
    np.testing.assert_allclose(places, stats.norm.ppf(p), rtol=1e-9, atol=1e-12)


def test_the_rims_of_the_cdf_are_exact() -> None:
    rims = in_module("gaussian.js", "({ quantile, cdf }) => [0, 1].map((p) => cdf(quantile(p)))")
    assert rims == [0, 1]


def test_seeded_draws_are_normal_and_repeat() -> None:
    first, again, other = in_module(
        "gaussian.js",
        "({ normals }) => [7, 7, 8].map((s) => Array.from({ length: 4000 }, normals(s)))",
    )
    assert first == again
    assert first != other
    assert stats.kstest(first, "norm").pvalue > 0.001
    assert abs(np.corrcoef(first[:-1], first[1:])[0, 1]) < 0.06


def test_a_clouds_shadow_on_a_plane_is_its_covariance() -> None:
    rows = np.array([[0.6, 0.8, 0.0], [0.0, 0.28, 0.96]])
    variance = np.array([0.5, 2.0, 0.1])
    matrix = in_module(
        "gaussian.js",
        """({ covarianceOnPlane }, [rows, variance]) => covarianceOnPlane({
            toPlace: (z) => rows.map((row, i) => row.reduce((sum, w, j) => sum + w * z[j], i - 3)),
        }, variance)""",
        [rows.tolist(), variance.tolist()],
    )
    np.testing.assert_allclose(matrix, rows @ np.diag(variance) @ rows.T, rtol=1e-12)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ([1.0, 2.0, -1.0], [0.5, -2.0, 3.0]),
        ([1.0, 2.0, -1.0], [-1.0, -2.0, 1.0]),  # opposite: no arc
        ([1.0, 0.0, 0.0], [2.0, 0.0, 0.0]),  # parallel
        ([0.0, 0.0, 0.0], [1.0, 2.0, 3.0]),
    ],
)
def test_the_browsers_paths_are_the_librarys(a: list[float], b: list[float]) -> None:
    for kind in space.PATHS:
        codes = in_module(
            "paths.js", "({ path }, [a, b, kind]) => [...path(a, b, 7, kind)]", [a, b, kind]
        )
        wanted = space.path(torch.tensor(a), torch.tensor(b), 7, kind)
        torch.testing.assert_close(torch.tensor(codes).view(7, 3), wanted, atol=1e-6, rtol=1e-5)
        assert codes[:3] == a  # exact at both ends
        assert codes[-3:] == b


def test_the_browsers_sums_are_the_librarys() -> None:
    z = torch.tensor([[1.0, 2.0], [3.0, -1.0], [0.5, 0.25], [-2.0, 4.0], [5.0, 5.0]])
    labels = torch.tensor([0, 0, 2, 2, -1])  # class 1 has no code, and the last code no class
    got = in_module(
        "paths.js",
        """(m, [latents, labels]) => {
            const means = m.classMeans({
                latents: Float32Array.from(latents), labels: Int16Array.from(labels),
                classNames: ['x', 'nobody', 'y'], latentDim: 2,
            });
            const [a, b, c] = [0, 2, 4].map((at) => latents.slice(at, at + 2));
            const way = m.direction(means[0], means[2]);
            return {
                empty: means[1], analogy: [...m.analogy(a, b, c)], direction: [...way],
                moved: [...m.moved(a, way, -1.5)],
                blended: [...m.blendPixels([0, 255], [255, 0], 0.2)],
            };
        }""",
        [z.flatten().tolist(), labels.tolist()],
    )
    direction = space.class_direction(z, labels, 0, 2)
    torch.testing.assert_close(torch.tensor(got["direction"]), direction)
    torch.testing.assert_close(torch.tensor(got["analogy"]), space.analogy(z[0], z[1], z[2]))
    torch.testing.assert_close(torch.tensor(got["moved"]), z[0] - 1.5 * direction)
    assert got["empty"] is None
    assert got["blended"] == [51, 204]
