"""What differs between the configurations of several runs, as far as it matters.

A list shows data set, type and epochs anyway, and what a type brings along is told by its name: a
convolutional run differs from a dense one in its network, and that is no news. So a run says a
setting where it has it otherwise than its type does, or than another run of its type.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from types import MappingProxyType
from typing import Any, Final

from aeviz.config import RunConfig
from aeviz.presets.autoencoders import PRESETS, settings_for

TOLD: Final = {"name", "type", "dataset", "training.epochs", "training.device"}
"""Settings that have a column of their own, and where a run was trained."""

Settings = dict[str, Any]


def differences(configs: Sequence[RunConfig]) -> list[Settings]:
    """For each configuration its value of each setting that tells it from the others, by dotted
    key; what is rarest among them comes first. A setting that a configuration makes no use of is
    not among its own."""
    used = [in_use(config) for config in configs]
    vary = _varying(used)
    within = {
        type_: _varying([used[i] for i, config in enumerate(configs) if config.type == type_])
        for type_ in {config.type for config in configs}
    }
    counts = Counter((key, settings[key]) for settings in used for key in vary & set(settings))
    found = []
    for config, settings in zip(configs, used, strict=True):
        telling = within[config.type] | (chosen(config) & vary)
        rarest = sorted(telling & set(settings), key=partial(_rarity, counts, settings))
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
def chosen(config: RunConfig) -> frozenset[str]:
    """The settings in use that the configuration has otherwise than its type brings them along."""
    settings = in_use(config)
    if config.type not in PRESETS:
        return frozenset(settings)
    usual = settings_for(config.type, config.dataset).flat()
    return frozenset(key for key, value in settings.items() if value != usual[key])


@lru_cache(1000)
def in_use(config: RunConfig) -> Mapping[str, Any]:
    """The settings by dotted key, without those in TOLD and those that change nothing here: beta
    without a KL, the weight of no penalty, the amount of no noise."""
    loss, network = config.loss, config.network
    unused = set(TOLD)
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
