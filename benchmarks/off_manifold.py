"""How often the off-manifold meter of Explore is right, on bundled models.

    python -m benchmarks.off_manifold [MODEL ...] [--places 300] [--chromium /usr/bin/chromium]

Kinds of codes: codes of the gallery; the same as if they were new (without their own code in the
search for the nearest); codes half-way between two images of different classes; samples from the
prior (from a Gaussian as wide as the codes if there is no prior); and codes three and four times as
far from the mean, in random directions, as the farthest 5 % of the gallery's codes. The verdicts
are those of `aeviz/web/static/manifold.js`, run unchanged in a headless Chromium.
"""

from __future__ import annotations

import argparse
import base64
import os
from pathlib import Path
from typing import Any

import torch
from playwright.sync_api import Page, sync_playwright
from torch import Tensor

from aeviz.models import library
from aeviz.models.checkpoint import Loaded
from aeviz.server.live.gallery import dimensions
from aeviz.server.live.posterior_stats import round_trip, typical

RULE = Path(__file__).parents[1] / "aeviz" / "web" / "static" / "manifold.js"
MODELS = ("vae-mnist", "ae-mnist-2d", "vae-mnist-2d")
SAME = 1e-6  # a smaller distance counts as zero
WORDS = ("on the data", "between", "nowhere")
JUDGE = """async ([rule, rows, typical, gaussian]) => {
    const { judge, underPrior } = await import(rule);
    return rows.map(([z, nearest, image, code]) => {
        const readings = { nearest, image, code };
        if (gaussian) readings.prior = underPrior(z).unusual;
        return judge(readings, typical).word;
    });
}"""


def places(loaded: Loaded, count: int) -> dict[str, Tensor]:
    """Codes (count, d) by kind."""
    generator = torch.Generator().manual_seed(1)
    gallery = loaded.gallery
    assert gallery is not None
    z = gallery.latents.float()
    first, second = torch.randint(len(z), (2, 20 * count), generator=generator)
    differ = (gallery.labels[first] != gallery.labels[second]).nonzero()[:count, 0]
    noise = torch.randn(count, z.shape[1], generator=generator)
    mean, std = z.mean(0), z.std(0)
    farthest = (z - mean).norm(dim=1).quantile(0.95)
    outward = farthest * noise / noise.norm(dim=1, keepdim=True)
    known = z[torch.randperm(len(z), generator=generator)[:count]]
    return {
        "gallery": known,
        "as if new": known,
        "half-way": (z[first[differ]] + z[second[differ]]) / 2,
        "draw": noise if loaded.model.is_gaussian else mean + std * noise,
        "3 x far": mean + 3 * outward,
        "4 x far": mean + 4 * outward,
    }


def words(page: Page, loaded: Loaded, codes: Tensor, new: bool) -> list[str]:
    """The meter's word for each of `codes` (n, d); `new`: as if they were not in the gallery."""
    gallery = loaded.gallery
    assert gallery is not None
    latents = gallery.latents.float()
    active = sorted(
        dim["index"] for dim in dimensions(loaded.model, latents, gallery.logvar) if dim["active"]
    )
    kept = active or list(range(latents.shape[1]))
    distances = torch.cdist(codes[:, kept].double(), latents[:, kept].double())
    if new:
        distances[distances < SAME] = torch.inf
    nearest = distances.amin(1)
    image, code = round_trip(loaded.model, codes, active)
    readings = zip(nearest.tolist(), image.tolist(), code.tolist(), strict=True)
    rows: list[Any] = [[z, *row] for z, row in zip(codes.tolist(), readings, strict=True)]
    rule = "data:text/javascript;base64," + base64.b64encode(RULE.read_bytes()).decode()
    measures = typical(loaded.model, latents, active)
    return list(page.evaluate(JUDGE, [rule, rows, measures, loaded.model.is_gaussian]))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("models", nargs="*", default=MODELS)
    parser.add_argument("--places", type=int, default=300)
    chromium = os.environ.get("AEVIZ_CHROMIUM", "/usr/bin/chromium")
    parser.add_argument("--chromium", default=chromium)
    options = parser.parse_args()
    print(f"{'per cent of the places':32}" + "".join(f"{word:>13}" for word in WORDS))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=options.chromium, args=["--headless", "--no-sandbox"]
        )
        page = browser.new_page()
        for name in options.models:
            loaded = library.load(name)
            for kind, codes in places(loaded, options.places).items():
                said = words(page, loaded, codes, kind == "as if new")
                shares = (100 * said.count(word) / len(said) for word in WORDS)
                print(f"{name:22}{kind:10}" + "".join(f"{share:13.1f}" for share in shares))
        browser.close()


if __name__ == "__main__":
    main()
