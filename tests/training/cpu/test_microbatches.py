"""A batch divided among threads gives the same training as a whole one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor

from aeviz.config import RunConfig
from aeviz.datasets import Dataset
from aeviz.nn.losses import Terms
from aeviz.nn.model import Autoencoder
from aeviz.training.cpu import microbatches
from aeviz.training.engine import Engine
from aeviz.training.loop import set_learning_rate, train
from aeviz.training.state import begin
from tests.training.test_loop import CPU, same, trained, weights

CONV = {"network.kind": "conv", "network.channels": [4, 6], "network.activation": "silu"}
PLAIN = {"bottleneck.kind": "deterministic", "bottleneck.activation": "sigmoid"}


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    """Two threads, however many processors there are."""
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def conv(config: RunConfig) -> RunConfig:
    return config.replace(**CONV)


def learnt(config: RunConfig, x: Tensor, seed: int = 3) -> tuple[Terms, list[Tensor]]:
    """The loss terms and the gradients of a batch for a new network."""
    model = Autoencoder(config, (1, 8, 8))
    optimizer, noise = torch.optim.SGD(model.parameters()), torch.Generator().manual_seed(seed)
    with microbatches.threaded_engine(model, optimizer, noise, "fp32") as engine:
        terms = engine.forward(x, x, 0.7)
        engine.backward(terms.total)
    return terms, [w.grad for w in model.parameters() if w.grad is not None]


def whole(config: RunConfig, x: Tensor) -> tuple[Terms, list[Tensor]]:
    model = Autoencoder(config, (1, 8, 8))
    optimizer = torch.optim.SGD(model.parameters())
    engine = Engine(model, optimizer, torch.Generator(), "fp32")
    terms = engine.forward(x, x, 0.7)
    engine.backward(terms.total)
    return Terms(*(term.detach() for term in terms)), [
        w.grad for w in model.parameters() if w.grad is not None
    ]


@pytest.mark.parametrize(
    ("changes", "threads", "number"),
    [
        ({}, 1, 1),
        ({}, 2, 2),
        ({}, 64, microbatches.MAX_PIECES),
        ({"training.batch_size": 31}, 2, 1),
        ({"training.batch_size": 48}, 4, 3),
        (PLAIN | {"loss.penalty": "l1"}, 2, 2),
        (PLAIN | {"loss.penalty": "kl-sparsity"}, 2, 1),
        (PLAIN | {"loss.penalty": "contractive"}, 2, 1),
        ({"loss.free_bits": 0.1}, 2, 1),
        ({"network.dropout": 0.1}, 2, 1),
        ({"network.norm": "batch"}, 2, 1),
        ({"network.kind": "dense"}, 2, 1),
    ],
)
def test_only_a_loss_that_is_a_mean_over_images_is_divided(
    conv: RunConfig, changes: dict[str, object], threads: int, number: int
) -> None:
    config = conv.replace(**{"training.batch_size": 128} | changes)
    assert microbatches.pieces_of(config, threads) == number


@pytest.mark.parametrize("images", [1, 2, 33, 64])
@pytest.mark.parametrize("penalty", ["none", "l1"])
def test_gradients_and_terms_are_those_of_the_whole_batch(
    conv: RunConfig, images: int, penalty: str
) -> None:
    config = conv.replace(
        **{
            "bottleneck.kind": "deterministic",
            "loss.penalty": penalty,
            "loss.weight": 0.5,
            "training.batch_size": 64,
        }
    )
    assert microbatches.pieces_of(config, 2) == 2
    x = torch.rand(images, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    (terms, found), (wanted, expected) = learnt(config, x), whole(config, x)
    torch.testing.assert_close(torch.stack(terms), torch.stack(wanted))
    torch.testing.assert_close(found, expected)
    assert max(float(g.abs().max()) for g in found) > 0.01


def test_each_piece_draws_codes_of_its_own(
    conv: RunConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[float] = []
    alone = Engine.forward

    def listen(engine: Engine, *batch: Any) -> Terms:
        terms = alone(engine, *batch)
        seen.append(terms.reconstruction.item())
        return terms

    monkeypatch.setattr(Engine, "forward", listen)
    x = torch.rand(1, 1, 8, 8, generator=torch.Generator().manual_seed(0)).expand(32, -1, -1, -1)
    found = [learnt(conv, x, seed) for seed in (3, 3, 4)]
    assert same(*({str(i): g for i, g in enumerate(grads)} for _, grads in found[:2]))
    assert found[0][0].total != found[2][0].total
    # the pieces have the same images and the same weights: they differ only in their draws
    assert len(seen) == 6
    assert all(a != b for a, b in zip(seen[::2], seen[1::2], strict=True))


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
def test_the_step_is_the_optimisers_own(conv: RunConfig, dataset: Dataset, optimizer: str) -> None:
    config = conv.replace(**{"training.optimizer": optimizer, "training.schedule": "cosine"})
    divided, plain = begin(config, dataset, CPU), begin(config, dataset, CPU)
    x = dataset.train.images[:32].float() / 255
    for progress in (0.0, 0.5):  # a second step has the first one's momentum
        for state in (divided, plain):
            set_learning_rate(state.optimizer, config.training, progress)
        noise = torch.Generator().manual_seed(3)
        with microbatches.threaded_engine(
            divided.model, divided.optimizer, noise, "fp32"
        ) as engine:
            engine.backward(engine.forward(x, x, 1.0).total)
            engine.step()
        for own, given in zip(plain.model.parameters(), divided.model.parameters(), strict=True):
            own.grad = given.grad
        plain.optimizer.step()
        assert same(weights(divided), weights(plain))
    assert not same(weights(plain), weights(begin(config, dataset, CPU)))
    expected, found = (s.optimizer.state_dict()["state"] for s in (plain, divided))
    assert found.keys() == expected.keys()
    assert all(same(found[number], expected[number]) for number in expected)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_training_in_pieces_is_the_same_twice_and_learns(
    conv: RunConfig, dataset: Dataset, precision: str
) -> None:
    config = conv.replace(
        **{"training.precision": precision, "training.lr": 1e-2, "training.epochs": 12}
    )
    a, b = trained(config, dataset), trained(config, dataset)
    assert same(weights(a), weights(b))
    state = begin(config, dataset, CPU)
    first = next(train(state, dataset)).terms.total
    assert a.validation is not None
    assert a.validation["loss"] < 0.8 * float(first)


def test_threads_are_as_before_when_the_training_is_over_or_left(
    conv: RunConfig, dataset: Dataset
) -> None:
    trained(conv, dataset)
    assert torch.get_num_threads() == 2
    steps = train(begin(conv, dataset, CPU), dataset)
    next(steps)
    assert torch.get_num_threads() == 1  # no other spins beside the pieces
    steps.close()  # type: ignore[attr-defined]
    assert torch.get_num_threads() == 2


def test_an_error_in_a_piece_is_the_trainings(
    conv: RunConfig, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*args: object) -> Terms:
        raise MemoryError("no more")

    monkeypatch.setattr(Engine, "forward", fails)
    with pytest.raises(MemoryError, match="no more"):
        trained(conv, dataset)


def test_it_can_be_turned_off(
    conv: RunConfig, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(microbatches.SWITCH, "0")
    assert microbatches.pieces_of(conv, 2) == 1
    steps = train(begin(conv, dataset, CPU), dataset)
    next(steps)
    assert torch.get_num_threads() == 2
    steps.close()  # type: ignore[attr-defined]
