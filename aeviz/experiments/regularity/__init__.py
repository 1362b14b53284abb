"""Is the latent space regular? Samples, straight lines and the decoder's Jacobian, of an
autoencoder and of VAEs.

Whether an autoencoder can be sampled depends on how: its codes are no standard normal, but a
mixture of Gaussians that is fitted to them gives images that rival the VAE's (Ghosh et al. 2020).
So it is drawn from in three ways. All distances between codes are in units of each model's own
spread.
"""

from aeviz.experiments.regularity.experiment import EXPERIMENT

__all__ = ["EXPERIMENT"]
