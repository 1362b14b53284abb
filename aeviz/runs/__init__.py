"""Trainings as folders and processes: queue, workers, what may be done with a run."""
