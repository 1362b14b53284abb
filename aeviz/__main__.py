"""`aeviz ...` and `python -m aeviz ...`."""

import sys

from aeviz.cli.start import start_app


def main() -> int:
    """Runs one command of `aeviz.cli.main` and returns its exit code."""
    if sys.argv[1:2] == ["app"]:  # before anything imports torch, which takes seconds
        start_app(sys.argv[2:])
    from aeviz.cli.main import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
