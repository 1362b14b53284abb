"""app.py without batches: one forward pass per request (see live_class.py)."""

import streamlit as st

from aeviz.server.live import batcher
from aeviz.server.live.routes import routes

setattr(batcher, "PASS_ROWS", 1)  # noqa: B010 - a constant elsewhere

app = st.App("../pages/index.py", routes=routes())
