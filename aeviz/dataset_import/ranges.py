"""One brightness scale for all images of a data set: the values of black and white."""

from __future__ import annotations

from collections.abc import Sequence

from aeviz.images import Span, Window
from aeviz.images.window import NARROW, usual


def window_of(spans: Sequence[Span], stretch: bool) -> Window | None:
    """The window for all these images; None if they need none.

    Without `stretch`, only integers and floats whose range is not in the files get one.
    """
    return _window(spans, stretch)[0]


def can_stretch(spans: Sequence[Span]) -> bool:
    return window_of(spans, True) != window_of(spans, False)


def note(spans: Sequence[Span], stretch: bool) -> str:
    """A sentence about the window; "" if there is none."""
    return _window(spans, stretch)[1]


def _window(spans: Sequence[Span], stretch: bool) -> tuple[Window | None, str]:
    shares, values, notes = None, None, []
    with_range = [span for span in spans if span.top is not None]
    if stretch and with_range:
        low = min(span.low / span.top for span in with_range if span.top)
        high = max(span.high / span.top for span in with_range if span.top)
        if 0 < high - low < NARROW:
            shares = low, high
            top = max(span.top for span in with_range if span.top)
            notes.append(f"{low * top:,.5g} to {high * top:,.5g} of {top:,}")
    if without := [span for span in spans if span.top is None]:
        low, high = min(span.low for span in without), max(span.high for span in without)
        values = usual(low, high, all(span.integers for span in without))
        if values is None or (stretch and 0 < high - low < NARROW * values[1]):
            values = low, high
        notes.append(f"{values[0]:,.5g} to {values[1]:,.5g}")
    if not notes:
        return None, ""
    found = " and ".join(notes)
    return Window(shares, values), f"Values {found} were stretched to black to white in all images."
