"""Training: the visible loop, run folders, and the worker process."""
