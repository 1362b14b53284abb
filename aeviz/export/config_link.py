"""The settings of a run as the query of a link, and the inverse.

The query contains only the settings that differ from those of the type and data set:
`type=vae&bottleneck.latent_dim=2`. Links are untrusted: they become a validated configuration or a
UserError.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aeviz import datasets
from aeviz.config import RunConfig
from aeviz.errors import UserError
from aeviz.presets.autoencoders import settings_for

LONGEST = 100
"""Maximum length of a value: twelve layers of up to 8192 take 59 characters."""
OWN = {"name", "type", "training.device"}
"""Not part of the query: the run's own name and device; `type` is written separately."""


def query(config: RunConfig) -> dict[str, str]:
    """The settings as strings by dotted key; UserError if the type has no preset."""
    start = settings_for(config.type, config.dataset).flat()
    usual = settings_for(config.type).dataset
    changes: dict[str, str] = {} if config.dataset == usual else {"dataset": config.dataset}
    changes |= {
        key: _text(value)
        for key, value in config.flat().items()
        if key not in OWN and value != start[key]
    }
    return {"type": config.type} | changes


def config_of(query: Mapping[str, str]) -> RunConfig:
    """The configuration of a query; UserError if it is invalid or not for small images."""
    start = settings_for(query.get("type", ""), query.get("dataset"))
    kinds = start.flat()
    changes: dict[str, Any] = {}
    for key, text in query.items():
        if key == "type":
            continue
        if key not in kinds or key in OWN:
            raise UserError(f"There is no setting called {key[:60]!r}.")
        if len(text) > LONGEST:
            raise UserError("The value is too long.", key)
        changes[key] = _value(key, text, kinds[key])
    config = start.replace(**changes)
    if datasets.get(config.dataset) is None:
        raise UserError(f"There is no data set called {config.dataset[:40]!r}.")
    if config.network.kind == "unet":
        raise UserError("Restorers of photographs cannot be trained on this page.")
    return config


def _text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _value(key: str, text: str, like: Any) -> Any:
    """The text as a value of the same type as `like`; RunConfig checks its range."""
    try:
        if isinstance(like, tuple):
            return [int(part) for part in text.split(",")] if text else []
        return type(like)(text)
    except ValueError as error:
        raise UserError(f"The value cannot be {text[:40]!r}.", key) from error
