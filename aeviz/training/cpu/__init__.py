"""What is there for speed on a CPU only. Each part is one call, and has an environment variable
that turns it off (docs/decisions/ has why each is there, and what it gains)."""

import os


def enabled(switch: str) -> bool:
    """Whether a part is on: it is, unless its environment variable is 0."""
    return os.environ.get(switch) != "0"
