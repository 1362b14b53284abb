"""Find, estimate and remove watermarks: find.py, estimate.py and unblend.py."""
