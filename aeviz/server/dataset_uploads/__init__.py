"""Uploads of people's own images: the endpoint, and the threads that read the files."""
