"""aeviz: see what autoencoders do."""

__version__ = "0.1.0"
