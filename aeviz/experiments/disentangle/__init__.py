"""Does beta > 1 give each true factor a dimension of its own? Five scores over beta and seeds.

Locatello et al. 2019, "Challenging Common Assumptions in the Unsupervised Learning of Disentangled
Representations": the seed matters as much as the method.
"""

from aeviz.experiments.disentangle.experiment import EXPERIMENT

__all__ = ["EXPERIMENT"]
