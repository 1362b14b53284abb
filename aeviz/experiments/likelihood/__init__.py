"""The ELBO as a bound: importance samples tighten it, and for small codes a grid has the truth."""

from aeviz.experiments.likelihood.experiment import EXPERIMENT

__all__ = ["EXPERIMENT"]
