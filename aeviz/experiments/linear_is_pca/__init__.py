"""Does a linear autoencoder learn PCA? Its error and its plane while it trains, beside PCA's.

Baldi & Hornik 1989: of all linear autoencoders with squared error, the best ones span the subspace
of the first principal components, and every other stationary point is a saddle. The columns of the
decoder are any basis of that subspace, even a slanted one. The directions of largest variance
within it are the principal components.
"""

from aeviz.experiments.linear_is_pca.experiment import EXPERIMENT

__all__ = ["EXPERIMENT"]
