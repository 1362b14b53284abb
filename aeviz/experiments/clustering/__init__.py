"""Clusters without labels: do they come out as the classes, and sooner in codes than in pixels?

Each seed draws other images, which all arms share: the networks learn from them, and they are what
is clustered. Labels are used for the measures only. The number of classes is given.
"""

from aeviz.experiments.clustering.experiment import EXPERIMENT

__all__ = ["EXPERIMENT"]
