"""Small experiments that a page shows: arrays in, numbers out."""
