"""Anomaly detection: one class is normal, or one is the anomaly, and every score is fitted to
normal images only.

The protocol of Ruff et al. 2018 (Deep SVDD), "one class against the rest", with the simple methods
beside the networks: PCA, nearest neighbours, isolation forest, one-class SVM, local outlier factor.
"""

from aeviz.experiments.anomaly.experiment import EXPERIMENT

__all__ = ["EXPERIMENT"]
