"""Figures are tested with the small data set and configuration of tests/training."""

from tests.training.conftest import config, dataset, runs_dir

__all__ = ["config", "dataset", "runs_dir"]
