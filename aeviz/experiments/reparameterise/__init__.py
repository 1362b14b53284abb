"""What the reparameterisation trick is for: gradients with and without it, and trainings with each.

All arms train the same VAE on the same ELBO, from the same weights, on the same batches. They
differ in how the reconstruction term moves the encoder (`aeviz.nn.estimators`).
"""

from aeviz.experiments.reparameterise.experiment import EXPERIMENT

__all__ = ["EXPERIMENT"]
