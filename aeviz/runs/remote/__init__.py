"""Trainings on other machines: `follower` on the server, `trainer` on a machine of the cluster.

The run folder on the server stays the truth: the trainer works in a copy, and the follower writes
what changes there into the run folder.
"""
