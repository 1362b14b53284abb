"""Write the frames of a film as a GIF or an MP4 file."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import av
from PIL import Image

Kind = Literal["gif", "mp4"]

LENGTHS: dict[Kind, tuple[int, int, int]] = {"gif": (60, 15, 6), "mp4": (240, 30, 24)}
"""Approximate number of frames, frames per second, and most frames from one epoch to the next."""
HOLD_SECONDS = 2
"""The last epoch stays for so long."""


def _write_gif(frames: Iterator[Image.Image], size: tuple[int, int]) -> bytes:
    del size
    shown = list(frames)
    # One palette for all frames; with one per frame, flat areas would flicker.
    samples = [shown[0], shown[len(shown) // 2], shown[-1]]
    sample = Image.new("RGB", (samples[0].width, samples[0].height * len(samples)))
    for i, frame in enumerate(samples):
        sample.paste(frame, (0, i * frame.height))
    palette = sample.quantize(128, Image.Quantize.MEDIANCUT)
    reduced = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in shown]
    each = 1000 // LENGTHS["gif"][1]
    file = io.BytesIO()
    reduced[0].save(
        file,
        "GIF",
        save_all=True,
        append_images=reduced[1:],
        duration=[each] * (len(reduced) - 1) + [1000 * HOLD_SECONDS],
        loop=0,
    )
    return file.getvalue()


def _write_mp4(frames: Iterator[Image.Image], size: tuple[int, int]) -> bytes:
    """H.264 with 4:2:0 colour, which every browser and player supports."""
    rate = LENGTHS["mp4"][1]
    codec = "libx264" if "libx264" in av.codecs_available else "mpeg4"
    # A file on disk, because the index, which players read first, is written to its front last.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.mp4"
        with av.open(str(path), "w", format="mp4", options={"movflags": "faststart"}) as container:
            stream = container.add_stream(codec, rate=rate, options={"crf": "21", "preset": "fast"})
            assert isinstance(stream, av.VideoStream)
            stream.width, stream.height = size
            stream.pix_fmt = "yuv420p"
            stream.codec_context.thread_count = 1  # leave the other cores to the class
            last = None
            for last in frames:
                container.mux(stream.encode(av.VideoFrame.from_image(last)))
            for _ in range(HOLD_SECONDS * rate if last is not None else 0):
                container.mux(stream.encode(av.VideoFrame.from_image(last)))
            container.mux(stream.encode())
        return path.read_bytes()


WRITERS: dict[Kind, Callable[[Iterator[Image.Image], tuple[int, int]], bytes]] = {
    "gif": _write_gif,
    "mp4": _write_mp4,
}
