"""Short garbage collections, although the libraries keep hundreds of thousands of objects.

Streamlit runs a full collection after each run of a script or fragment. It visits every object that
the imported modules keep, which takes a sixth of a second and holds the interpreter's lock, so no
image is decoded meanwhile. Frozen objects are not visited (docs/decisions/frozen-garbage.md).
"""

from __future__ import annotations

import gc
import os
import sys
import threading

_guard = threading.Lock()
_modules = 0


def freeze_modules() -> None:
    """Exclude from future collections what the modules keep that were imported since the last call;
    without new modules, and with AEVIZ_FREEZE=0, this does nothing."""
    global _modules
    with _guard:
        if len(sys.modules) == _modules or os.environ.get("AEVIZ_FREEZE") == "0":
            return
        _modules = len(sys.modules)
    gc.collect()  # frozen garbage would never be freed
    gc.freeze()
