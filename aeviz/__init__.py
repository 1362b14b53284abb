"""aeviz: see what autoencoders do."""

import os

__version__ = "0.1.0"

# Threads of OpenMP that wait for each other do so in a loop, a long one. Where the processors are
# busy with other things they then wait for each other's loops: a training on two busy cores was
# 18 times slower. A short one costs a dense network's training a sixth where nothing else runs,
# and a conv network's nothing. It is read when torch is loaded, so it is set before.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")
