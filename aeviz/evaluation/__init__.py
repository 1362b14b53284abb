"""How good a reconstruction is, and how good a code."""
