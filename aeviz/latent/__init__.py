"""Latent spaces: paths, samples, and maps of the codes on a plane."""
