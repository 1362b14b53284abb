"""The restoration tasks: one table, which the page and the command line read."""

from __future__ import annotations

from dataclasses import dataclass

from aeviz.config import DegradationKind


@dataclass(frozen=True)
class Slider:
    """A task's control, from low to high. With the unit "%" it sets how much of the change to keep;
    otherwise it sets the noise level passed to the network."""

    label: str
    low: float
    high: float
    unit: str


STRENGTH = Slider("Strength", 0, 100, "%")


@dataclass(frozen=True)
class Task:
    """A row of the table.

    `says`: what it does, in one line. `model`: its restorer's name in the library. `damage`: the
    degradation that the restorer was trained to undo. The result is `scale` times as wide and high.
    `mask`: the user paints the part to fill. `baselines`: names in `aeviz.restoration.filters`.
    """

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
            "Removes grain, weak or strong, as in photos taken in poor light.",
            "noise", ("median", "nlm", "bm3d"), slider=Slider("Noise", 1, 55, "σ of 255"),
        ),
        Task(
            "impulse", "Dust & dead pixels",
            "Replaces black, white and missing pixels using those around them.",
            "impulse", ("median",),
        ),
        Task(
            "watermark", "Watermark",
            "Finds and removes half-transparent text and logos, from 30 % opacity up.",
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
            "Colours a grey photo. This is a guess, because the true colours are lost.",
            "grey",
        ),
    )
}  # fmt: skip
