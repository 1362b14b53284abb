"""aeviz: see what autoencoders do."""

import os
import sys

__version__ = "0.1.0"

# Threads of OpenMP that wait for each other do so in a loop, a long one. Where the processors are
# busy with other things they then wait for each other's loops: a training on two busy cores was
# 18 times slower. With a short one they fall asleep between the many small operations of a dense
# network, and waking up costs its training up to two fifths where nothing else runs: so who trains
# from the command line, most likely alone, has the long one (for photographs no faster then, and up
# to twice as slow beside other programs). It is read when torch is loaded, so it is set before; a
# package that is begun with `python -m` sees "-m" here, and with its own command that one's path.
if os.path.basename(sys.argv[0]) not in ("-m", "aeviz") or sys.argv[1:2] != ["train"]:
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")
