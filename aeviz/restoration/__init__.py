"""Restoring corrupted images."""
