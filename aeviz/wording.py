"""Numbers in words, the same on pages and on the command line."""

from __future__ import annotations


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
