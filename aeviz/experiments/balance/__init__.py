"""What reconstruction and KL do alone and together: two-dimensional VAEs over the weight of the KL.

With the weight 0 only the reconstruction counts, with a very large one only the KL. Alemi et al.
2018, "Fixing a Broken ELBO", has the rate-distortion curve.
"""

from aeviz.experiments.balance.experiment import EXPERIMENT

__all__ = ["EXPERIMENT"]
