from __future__ import annotations

import pytest
import torch

from aeviz.config import RunConfig
from aeviz.datasets import Dataset
from aeviz.training import precision
from aeviz.training.fit import fit
from aeviz.training.precision import choose
from aeviz.training.state import begin

CPU, SHAPE = torch.device("cpu"), (1, 28, 28)
LARGE = RunConfig().replace(**{"network.hidden": (400,), "training.batch_size": 128})
SMALL = RunConfig().replace(**{"network.hidden": (16,), "training.batch_size": 32})


@pytest.fixture(params=[True, False])
def native(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    monkeypatch.setattr(precision, "native_bf16", lambda device: request.param)
    return bool(request.param)


def test_a_large_network_takes_bf16_where_the_chip_has_it(native: bool) -> None:
    assert choose(LARGE, SHAPE, CPU) == ("bf16" if native else "fp32")


def test_what_casting_would_slow_down_stays_in_fp32(native: bool) -> None:
    assert choose(SMALL, SHAPE, CPU) == "fp32"
    contractive = LARGE.replace(**{"loss.penalty": "contractive", "loss.weight": 0.1})
    assert choose(contractive, SHAPE, CPU) == "fp32"


@pytest.mark.parametrize("named", ["fp32", "bf16"])
def test_a_named_precision_is_taken(native: bool, named: str) -> None:
    for config in (SMALL, LARGE):
        assert choose(config.replace(**{"training.precision": named}), SHAPE, CPU) == named


def test_larger_batches_make_bf16_pay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "native_bf16", lambda device: True)
    one_way = 784 * 128 + 128 * LARGE.bottleneck.latent_dim
    enough = -(-int(precision.BF16_WORK) // one_way)
    for batch, wanted in ((enough - 1, "fp32"), (enough, "bf16")):
        config = LARGE.replace(**{"network.hidden": (128,), "training.batch_size": batch})
        assert choose(config, SHAPE, CPU) == wanted


@pytest.mark.parametrize("chosen", ["fp32", "bf16"])
def test_the_card_says_what_it_was_trained_in(
    config: RunConfig, dataset: Dataset, chosen: str
) -> None:
    state = begin(config.replace(**{"training.precision": chosen}), dataset, CPU)
    seen: list[torch.dtype] = []
    state.model.decoder[0].register_forward_hook(lambda layer, given, left: seen.append(left.dtype))
    assert fit(state, dataset).history()["precision"] == chosen
    assert seen[0] == (torch.bfloat16 if chosen == "bf16" else torch.float32)
