"""Export of a run: model file, script, ONNX, TensorBoard events, and a link to its settings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import streamlit as st

from aeviz.config import RunConfig
from aeviz.export import config_link, event_file, onnx_file
from aeviz.export.script import script
from aeviz.models import checkpoint
from aeviz.models.header import is_restorer
from aeviz.nn.model import Autoencoder
from aeviz.presets.autoencoders import PRESETS
from aeviz.runs.store import Run
from aeviz.ui.shared.component import component

WIDTH = 300
"""Width of the menu in pixels."""


def menu(run: Run) -> None:
    """The export menu. Files are made on a click."""
    path, name = run.model_path, run.id
    config = checkpoint.read_summary(path).config
    if is_restorer(config):
        return
    with st.popover("Export", icon=":material/ios_share:"):
        _file(name, "Model file", ".safetensors", path.read_bytes, "Weights, settings and gallery.")
        _file(
            name,
            "Python script",
            ".py",
            _script(str(path), path.stat().st_mtime_ns, name),
            "The network in plain PyTorch. It reads the model file from the same folder.",
        )
        for part, make in (("encoder", onnx_file.encoder), ("decoder", onnx_file.decoder)):
            _file(
                name,
                f"ONNX {part}",
                f"-{part}.onnx",
                _onnx(path, make),
                "Images to codes." if part == "encoder" else "Codes to images.",
            )
        created = run.status.created
        _file(
            event_file.name(name, created),
            "TensorBoard events",
            "",
            lambda: event_file.curves(run.metrics(), created),
            "The curves for TensorBoard. Start it with tensorboard --logdir and the file's folder.",
        )
        if config.type in PRESETS:
            st.caption("A link that fills in the same settings:")
            st.code(address(config), language=None, wrap_lines=True, width=WIDTH)


def address(config: RunConfig) -> str:
    """The Train page's address with these settings, as this visitor's browser knows it."""
    here = urlsplit(st.context.url or "")
    return here._replace(query=urlencode(config_link.query(config), safe=","), fragment="").geturl()


def settings_link(config: RunConfig) -> None:
    """A button that copies a link to the Train page with these settings."""
    component("static/link.js", "styles/export.css")(
        key="aeviz-settings-link",
        data={
            "link": address(config),
            "label": "Copy link",
            "help": "A link to this page that fills in these settings.",
        },
        width="content",
    )


def _file(name: str, label: str, ending: str, made: str | Callable[[], bytes], text: str) -> None:
    st.download_button(
        label,
        made,
        f"{name}{ending}",
        "text/x-python" if ending == ".py" else "application/octet-stream",
        icon=":material/code:" if ending == ".py" else ":material/download:",
        on_click="ignore",
        key=f"take-{name}{ending}",
        width="stretch",
    )
    st.caption(text, width=WIDTH)


@st.cache_data(max_entries=100, show_spinner=False)
def _script(path: str, version: int, name: str) -> str:
    """Made before the click: a browser may block a script that it gets some time after it."""
    del version  # a file that changed is another entry
    summary = checkpoint.read_summary(Path(path))
    return script(summary.config, summary.image_shape, name)


def _onnx(path: Path, make: Callable[[Autoencoder], bytes]) -> Callable[[], bytes]:
    return lambda: make(checkpoint.load(path).model)
