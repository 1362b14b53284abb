"""Plotly figures from numbers, and the palette."""
