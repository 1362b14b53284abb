"""Tasks of the Lab and restored folders, computed on machines of a cluster."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_tools import run_cli
from PIL import Image
from small_restorer import save_restorer

from aeviz.experiments import run, table

pytest.importorskip("ray")
