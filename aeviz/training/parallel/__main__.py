"""A process that follows a training: `python -m aeviz.training.parallel`, with RANK and the other
variables of torch.distributed in the environment."""

import os
import signal
import sys

from aeviz.training.parallel.fit import follow
from aeviz.training.parallel.group import join

signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the leader, which ends the others
follow(join())
sys.stderr.flush()
os._exit(0)  # unloading the libraries would take seconds
