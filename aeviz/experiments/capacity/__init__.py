"""How much can a network learn by heart? Training and test error over depth and number of images,
and what is said to guard against it: a narrow code, sparsity, noise, contraction.

Goodfellow et al. 2016, section 14.1: with enough layers a code of a single number can be an index
of the training images, so a narrow code alone forbids nothing. Zhang et al. 2020 ("Identity
crisis") and Radhakrishnan et al. 2020 show deep autoencoders whose outputs are training images.
"""

from aeviz.experiments.capacity.experiment import EXPERIMENT

__all__ = ["EXPERIMENT"]
