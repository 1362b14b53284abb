"""The settings that distinguish the runs of a list.

A list has columns for data set, type and epochs, and a type's name stands for its settings: that a
convolutional run has another network than a dense one goes without saying. So a run shows a setting
only if its value differs from that of its type, or from that of another run of its type.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from types import MappingProxyType
from typing import Any, Final

from aeviz.config import RunConfig
from aeviz.presets.autoencoders import PRESETS, settings_for

HIDDEN: Final = {"name", "type", "dataset", "training.epochs", "training.device"}
"""Settings that are not shown: those with a column of their own, and the device."""

Settings = dict[str, Any]


def differences(configs: Sequence[RunConfig]) -> list[Settings]:
    """For each configuration, the settings that distinguish it from the others, by dotted key. The
    rarest value comes first. Settings that a configuration does not use are left out."""
    used = [settings_in_use(config) for config in configs]
    vary = _varying(used)
    within = {
        type_: _varying([used[i] for i, config in enumerate(configs) if config.type == type_])
        for type_ in {config.type for config in configs}
    }
    counts = Counter((key, settings[key]) for settings in used for key in vary & set(settings))
    found = []
    for config, settings in zip(configs, used, strict=True):
        shown = within[config.type] | (changed_settings(config) & vary)
        rarest = sorted(shown & set(settings), key=partial(_rarity, counts, settings))
        found.append({key: settings[key] for key in rarest})
    return found


def _rarity(
    counts: Counter[tuple[str, Any]], settings: Mapping[str, Any], key: str
) -> tuple[int, str]:
    return counts[key, settings[key]], key


def _varying(used: Sequence[Mapping[str, Any]]) -> set[str]:
    """The keys that have more than one value."""
    return {
        key
        for key in {key for settings in used for key in settings}
        if len({settings[key] for settings in used if key in settings}) > 1
    }


@lru_cache(1000)
def changed_settings(config: RunConfig) -> frozenset[str]:
    """The settings in use whose values differ from those that the type starts with."""
    settings = settings_in_use(config)
    if config.type not in PRESETS:
        return frozenset(settings)
    usual = settings_for(config.type, config.dataset).flat()
    return frozenset(key for key, value in settings.items() if value != usual[key])


@lru_cache(1000)
def settings_in_use(config: RunConfig) -> Mapping[str, Any]:
    """The settings by dotted key, without those in HIDDEN and those without effect here: beta
    without a KL, the weight without a penalty, the amount without noise."""
    loss, network = config.loss, config.network
    unused = set(HIDDEN)
    if config.bottleneck.kind != "gaussian":
        unused |= {
            "loss.beta", "loss.beta_start", "loss.warmup", "loss.cycles", "loss.free_bits"
        }  # fmt: skip
    if not loss.warmup:
        unused |= {"loss.cycles", "loss.beta_start"}
    if loss.penalty == "none":
        unused |= {"loss.weight"}
    if loss.penalty != "kl-sparsity":
        unused |= {"loss.rho"}
    if config.corruption.kind in ("none", "mixed"):
        unused |= {"corruption.amount"}
    if network.kind == "dense":
        unused |= {"network.channels", "network.residual"}
    if config.training.optimizer not in ("adam", "adamw"):
        unused |= {"training.beta2"}
    if network.kind != "unet":
        unused |= {"network.skips", "network.change", "training.crop"}
    return MappingProxyType({k: value for k, value in config.flat().items() if k not in unused})
