"""Train models: the loop, early stopping, divergence, optimizers, resume, snapshots."""
