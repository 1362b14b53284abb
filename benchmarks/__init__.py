"""Side-by-side measurements against peers; each file is a command that prints its figures."""
