"""Points of a curved surface in space: to two numbers and back, by an autoencoder and others.

Of the methods that make a map only some can place a new point on it, and fewer can come back to
space. An autoencoder does both. Whether its map is the surface laid flat is another question: a
small error needs no unrolling. The surfaces are those of `aeviz.experiments.surfaces`.
"""

from aeviz.experiments.points_3d.experiment import EXPERIMENT

__all__ = ["EXPERIMENT"]
