"""Rectangles in an image."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Box:
    """A rectangle, in pixels or as fractions of an image's sides."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def side(self) -> float:
        """The longer side."""
        return max(self.width, self.height)

    def joined(self, other: Box) -> Box:
        """The smallest box around both."""
        return Box(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )

    def scaled(self, x: float, y: float) -> Box:
        """The same box in an image x times as wide and y times as high."""
        return Box(self.left * x, self.top * y, self.right * x, self.bottom * y)

    def pixels(self, margin: int = 0) -> tuple[slice, slice]:
        """Rows and columns of the pixels in the box, with a margin around it."""
        return (
            slice(max(0, int(self.top) - margin), max(0, round(self.bottom) + margin)),
            slice(max(0, int(self.left) - margin), max(0, round(self.right) + margin)),
        )
