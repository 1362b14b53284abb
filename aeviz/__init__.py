"""aeviz: see what autoencoders do."""

import os
import sys

__version__ = "0.1.0"

# By default, OpenMP's threads spin for a long time while they wait for each other. If other
# programs use the processors, too, the threads wait for each other's spinning: a training on two
# busy cores was 18 times slower. With a short spin they sleep between the many small operations of
# a dense network; on an idle machine, waking up makes its training up to two fifths slower. So
# `train` on the command line, which most likely runs alone, keeps the long spin (for restorers it
# is no faster, and beside other programs up to twice as slow). The variable must be set before
# torch is imported. At this point sys.argv[0] is "-m" after `python -m aeviz`, and the command's
# path after `aeviz`.
if os.path.basename(sys.argv[0]) not in ("-m", "aeviz") or sys.argv[1:2] != ["train"]:
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")
