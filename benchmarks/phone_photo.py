"""Denoise a phone's photo of 12 megapixels in the browser: seconds, and frames during a drag.

    python -m benchmarks.phone_photo [--sigma 25] [--rounds 1] [--shots DIR] [--photos DIR]

The photo is 4000 x 3000 pixels with noise, saved as a JPEG file as a phone would do. It consists of
the held-out photographs, side by side, or (without `--photos` and AEVIZ_PHOTOS) of the bundled
samples. Headless Chromium opens the Restore page and drops the photo there. Seconds are from the
drop until the result can be downloaded, including upload and decoding; the divider is dragged all
this time. `frames` is the number of frames per second during the drag; `behind` is the number of ms
from a move until the divider is drawn there. Then the downloaded result is compared with the clean
photo.
"""

from __future__ import annotations

import argparse
import io
import os
import statistics
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from playwright.sync_api import Browser, FilePayload, Page

from aeviz.datasets import photos as datasets
from aeviz.degradations import DEGRADATIONS
from aeviz.device import describe, pick_device
from aeviz.evaluation.metrics import psnr
from aeviz.images import read_photo
from aeviz.server.photos.samples import SAMPLES
from benchmarks.browser import CHROMIUM, WAIT_MS, chromium, visitor
from benchmarks.restore import as_pixels, mosaic
from benchmarks.serving import ROOT, serve

HEIGHT, WIDTH = 3000, 4000
QUALITY = 95
LONGEST_SECONDS = 600
DONE = """document.querySelector('[data-testid=aeviz-download]')?.disabled === false
    && document.querySelector('[data-testid=aeviz-progress]').hidden"""
# Records the time of each frame, and for each move the time when the divider is drawn there.
WATCH = """() => {
    const divider = document.querySelector('[data-testid=aeviz-divider]');
    const viewer = divider.parentElement;
    const watch = (window.watch = { frames: [], behind: [] });
    let to = null;
    viewer.addEventListener('pointermove', (event) => {
        to = { x: event.clientX, at: event.timeStamp };
    }, true);
    const frame = () => {
        watch.frames.push(performance.now());
        const { left, width } = divider.getBoundingClientRect();
        if (to && Math.abs(left + width / 2 - to.x) <= 1.5) {
            watch.behind.push(performance.now() - to.at);
            to = null;
        }
        requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
}"""


def clean_photo(folder: Path | None) -> np.ndarray:
    """uint8 (HEIGHT, WIDTH, 3)."""
    if folder or os.environ.get("AEVIZ_PHOTOS"):
        photos = datasets.load(datasets.folder(folder)).held_out
    else:
        folder = ROOT / "aeviz" / "server" / "photos" / "samples"
        files = [folder / f"{one.name}.jpg" for one in SAMPLES]
        pixels = [read_photo(file.read_bytes()).pixels for file in files]
        photos = [torch.from_numpy(each).permute(2, 0, 1) for each in pixels]
    return as_pixels(mosaic(photos, HEIGHT, WIDTH), grey=False)


def noisy_file(clean: np.ndarray, sigma: float) -> bytes:
    """A JPEG file of the photo with noise of this sigma."""
    x = torch.from_numpy(clean).permute(2, 0, 1)[None].float() / 255
    noisy = DEGRADATIONS["noise"].at(x, sigma, torch.Generator().manual_seed(0)).x
    file = io.BytesIO()
    Image.fromarray(as_pixels(noisy, grey=False)).save(file, "JPEG", quality=QUALITY)
    return file.getvalue()


def drop(browser: Browser, url: str, photo: bytes, shots: Path | None) -> tuple[float, dict, bytes]:
    """Seconds from the drop to the end, measurements of the drag meanwhile, the result's file."""
    with visitor(browser) as context:
        page = context.new_page()
        page.goto(f"{url}/restore?view=photos&task=denoise")
        page.wait_for_function(DONE, timeout=WAIT_MS)  # the first sample
        page.evaluate(WATCH)
        file = FilePayload(name="IMG_2041.jpg", mimeType="image/jpeg", buffer=photo)
        page.get_by_test_id("aeviz-files").set_input_files(file)
        began = time.perf_counter()
        page.wait_for_function(f"!({DONE})")
        drag(page, began)
        seconds = time.perf_counter() - began
        if shots:
            page.screenshot(path=shots / "phone-photo.png")
        with page.expect_download(timeout=LONGEST_SECONDS * 1000) as saved:
            page.get_by_test_id("aeviz-download").click()
        return seconds, page.evaluate("watch"), Path(saved.value.path()).read_bytes()


def drag(page: Page, began: float) -> None:
    """Drags the divider to and fro until there is a result."""
    box = page.get_by_test_id("aeviz-photo-canvas").bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] * 0.3
    page.mouse.move(box["x"] + box["width"] / 2, middle)
    page.mouse.down()
    page.evaluate("watch.frames = []; watch.behind = []")
    while (now := time.perf_counter() - began) < LONGEST_SECONDS:
        page.mouse.move(box["x"] + box["width"] * (0.5 + 0.35 * np.sin(2.1 * now)), middle)
        if page.evaluate(DONE):
            break
    page.mouse.up()


def decibels(clean: np.ndarray, file: bytes) -> float:
    x, x_hat = (
        torch.from_numpy(each).permute(2, 0, 1)[None].float() / 255
        for each in (clean, read_photo(file).pixels)
    )
    return psnr(x, x_hat).item()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sigma", type=float, default=25.0)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--shots", type=Path, help="a folder for a picture of the page at the end")
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--chromium", default=CHROMIUM)
    args = parser.parse_args()
    clean = clean_photo(args.photos)
    photo = noisy_file(clean, args.sigma)
    print(
        f"{WIDTH} x {HEIGHT}, noise {args.sigma:g} of 255, a JPEG file of {len(photo) / 1e6:.1f} "
        f"MB; {describe(pick_device('auto'))}, {os.cpu_count()} cores, browser and server both"
    )
    with chromium(args.chromium) as browser, serve(ROOT / "app.py") as server:
        times = []
        for _ in range(args.rounds):
            seconds, watch, result = drop(browser, server.url, photo, args.shots)
            times.append(seconds)
            gaps, behind = np.diff(watch["frames"]), np.array(watch["behind"])
            print(
                f"{seconds:.1f} s from drop to done; {1000 / gaps.mean():.0f} frames a second, the "
                f"longest pause {gaps.max():.0f} ms; behind p50 {np.percentile(behind, 50):.0f}, "
                f"p95 {np.percentile(behind, 95):.0f} ms; {decibels(clean, photo):.2f} -> "
                f"{decibels(clean, result):.2f} dB",
                flush=True,
            )
    print(f"{statistics.median(times):.1f} s (30 at most)")


if __name__ == "__main__":
    main()
