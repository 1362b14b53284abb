"""Few labels: does an encoder that learned from images without labels help to classify?

Every method sees the same draws of labelled images. The networks: from scratch, frozen codes,
fine-tuned, and pretrained on another data set. Without a network: nearest neighbours, logistic
regression and label spreading, on pixels and on PCA.
"""

from aeviz.experiments.few_labels.experiment import EXPERIMENT

__all__ = ["EXPERIMENT"]
