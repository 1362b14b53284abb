"""What can be done to a photograph: one table, which the page and the command line read."""

from __future__ import annotations

from dataclasses import dataclass

from aeviz.config import DegradationKind


@dataclass(frozen=True)
class Slider:
    """A task's one control, from low to high. Where `unit` is "%" it says how much of the change is
    kept; else it is the noise level that the network is told."""

    label: str
    low: float
    high: float
    unit: str


STRENGTH = Slider("Strength", 0, 100, "%")


@dataclass(frozen=True)
class Task:
    """`says` in one line what it does; `model` is its restorer's name in the library, `damage` what
    that has learnt to undo. The result is `scale` times as wide and high; with `mask` a person
    paints where. `baselines` are names of `aeviz.restoration.filters`."""

    name: str
    title: str
    says: str
    damage: DegradationKind
    baselines: tuple[str, ...] = ()
    scale: int = 1
    mask: bool = False
    slider: Slider | None = STRENGTH

    @property
    def model(self) -> str:
        return f"restore-{self.name}"


TASKS: dict[str, Task] = {
    task.name: task
    for task in (
        Task(
            "denoise", "Denoise",
            "Takes the grain out of a photo shot in poor light, however strong it is.",
            "noise", ("median", "nlm", "bm3d"), slider=Slider("Noise", 1, 55, "σ of 255"),
        ),
        Task(
            "impulse", "Dust & dead pixels",
            "Replaces black, white and missing specks by what lies around them.",
            "impulse", ("median",),
        ),
        Task(
            "watermark", "Watermark",
            "Finds half-transparent text and logos, from 30 % up, and takes them off.",
            "watermark",
        ),
        Task(
            "inpaint", "Fill",
            "Fills the scratches and holes that you paint over.",
            "holes", ("telea", "ns"), mask=True, slider=None,
        ),
        Task(
            "x2", "Enlarge ×2",
            "Twice as wide and high, sharper than stretching.",
            "x2", ("bicubic",), scale=2,
        ),
        Task(
            "x4", "Enlarge ×4",
            "Four times as wide and high, sharper than stretching.",
            "x4", ("bicubic",), scale=4,
        ),
        Task(
            "jpeg", "JPEG blocks",
            "Smooths the blocks and rings that strong JPEG compression leaves.",
            "jpeg", ("median",),
        ),
        Task(
            "colour", "Colour",
            "Colours a grey photo: a guess, for the true colours are lost.",
            "grey",
        ),
    )
}  # fmt: skip
