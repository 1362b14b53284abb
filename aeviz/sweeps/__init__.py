"""Sweeps: many runs that differ in a few settings, chosen and compared automatically."""
