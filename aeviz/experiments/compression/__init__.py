"""Autoencoders as codecs: error over bits per image, beside PCA and picture formats.

Codes of networks and of PCA go through one coder (`aeviz.evaluation.transform_coding`): rotate,
round, range-code. So an arm wins by its codes and by nothing else.
"""

from aeviz.experiments.compression.experiment import EXPERIMENT

__all__ = ["EXPERIMENT"]
