"""Numbers, times and plurals in words, for pages and the command line."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")


def plural(count: int, word: str) -> str:
    """ "1 run", "2,000 runs"."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def clock(seconds: float) -> str:
    """83 -> "1:23", 3723 -> "1:02:03"."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def place_in_queue(number: int) -> str:
    """ "next", "2nd", "11th", "21st"."""
    if number == 1:
        return "next"
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if number % 100 in (11, 12, 13) else ending}"


def soon(seconds: float) -> str:
    """A rough time to wait: "in less than a minute", "in about 3 minutes"."""
    minutes = round(seconds / 60)
    return f"in about {plural(minutes, 'minute')}" if minutes else "in less than a minute"


def rough_duration(seconds: float) -> str:
    """An estimate, rounded: "40 s", "3 min", "2.0 h"."""
    if seconds < 90:
        return f"{max(5, round(seconds / 5) * 5)} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def times(number: int) -> str:
    """ "once", "twice", "38 times"."""
    return {1: "once", 2: "twice"}.get(number, f"{number:,} times")


def short_count(number: int) -> str:
    """653 -> "653", 50,992 -> "51 k", 1,137,184 -> "1.1 M"."""
    if number >= 1_000_000:
        return f"{number / 1e6:.1f} M"
    return f"{number / 1e3:.0f} k" if number >= 10_000 else f"{number:,}"


def file_size(count: float) -> str:
    """A number of bytes: "4.4 MB", "310 MB", "1.2 GB"."""
    for unit, size in (("GB", 2**30), ("MB", 2**20)):
        if count >= size:
            return f"{count / size:.{0 if count >= 10 * size else 1}f} {unit}"
    return f"{max(1, round(count / 2**10))} kB"


def numbers_in(text: str) -> list[float]:
    """ "beta 0.1, 4,000 images" -> [0.1, 4000.0]"""
    return [float(number.replace(",", "")) for number in _NUMBER.findall(text)]


def without_numbers(text: str) -> str:
    """The same for texts that differ in their numbers only: "6 layers, 50 images" -> "# layers,
    # images"."""
    return _NUMBER.sub("#", text)
