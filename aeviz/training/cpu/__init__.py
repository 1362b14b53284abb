"""Optimisations for training on a CPU. Each is one call, and has an environment variable that turns
it off (docs/decisions/ has the reasons and the measured gains)."""

import os


def enabled(switch: str) -> bool:
    """Whether a part is on: it is, unless its environment variable is 0."""
    return os.environ.get(switch) != "0"
