"""Measures of reconstructions and of codes."""
