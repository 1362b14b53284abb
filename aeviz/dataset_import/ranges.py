"""One brightness scale for all images of a data set: what its values mean as black and white."""

from __future__ import annotations

from collections.abc import Sequence

from aeviz.images import Span, Window
from aeviz.images.window import NARROW, usual


def window_of(spans: Sequence[Span], stretch: bool) -> Window | None:
    """The window in which all these images are shown; None where each is right as it is.

    Without `stretch`, only integers and floats whose range no file tells get one.
    """
    return _window(spans, stretch)[0]


def can_stretch(spans: Sequence[Span]) -> bool:
    return window_of(spans, True) != window_of(spans, False)


def note(spans: Sequence[Span], stretch: bool) -> str:
    """What the window does, as a sentence; "" where there is none."""
    return _window(spans, stretch)[1]


def _window(spans: Sequence[Span], stretch: bool) -> tuple[Window | None, str]:
    shares, values, notes = None, None, []
    told = [span for span in spans if span.top is not None]
    if stretch and told:
        low = min(span.low / span.top for span in told if span.top)
        high = max(span.high / span.top for span in told if span.top)
        if 0 < high - low < NARROW:
            shares = low, high
            top = max(span.top for span in told if span.top)
            notes.append(f"{low * top:,.5g} to {high * top:,.5g} of {top:,}")
    if untold := [span for span in spans if span.top is None]:
        low, high = min(span.low for span in untold), max(span.high for span in untold)
        values = usual(low, high, all(span.integers for span in untold))
        if values is None or (stretch and 0 < high - low < NARROW * values[1]):
            values = low, high
        notes.append(f"{values[0]:,.5g} to {values[1]:,.5g}")
    if not notes:
        return None, ""
    found = " and ".join(notes)
    return Window(shares, values), f"Values {found} became black to white, alike in all images."
