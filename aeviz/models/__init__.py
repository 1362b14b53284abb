"""Model files, which models there are, and uploaded ones."""
