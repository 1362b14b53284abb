"""Image search: the images nearest to a query, by pixels, by codes and by bits.

The images that the networks and PCA learned from are the collection; the queries are other images.
An image counts as right if it has the class of the query.
"""

from aeviz.experiments.retrieval.experiment import EXPERIMENT

__all__ = ["EXPERIMENT"]
