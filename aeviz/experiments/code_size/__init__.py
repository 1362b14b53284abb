"""How small may the code be? Reconstruction error and class information over the code size.

Arms: PCA, and networks that are trained for equally many steps at each size. Hinton & Salakhutdinov
2006 compare an autoencoder's 30 numbers with PCA's in this way.
"""

from aeviz.experiments.code_size.experiment import EXPERIMENT

__all__ = ["EXPERIMENT"]
