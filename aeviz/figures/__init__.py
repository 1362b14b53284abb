"""Numbers to Plotly figures, and the one palette."""
