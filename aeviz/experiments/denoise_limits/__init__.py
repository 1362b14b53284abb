"""When does a denoiser fail? One kind of noise from little to all there is.

At each amount the same test images are corrupted, restored and measured twice: how close they come
to the clean ones, and how many of them a classifier that knows only clean images still recognises.
Two lines need no model: the noisy image itself, and the average image, which is the same for all.
"""

from aeviz.experiments.denoise_limits.experiment import EXPERIMENT

__all__ = ["EXPERIMENT"]
