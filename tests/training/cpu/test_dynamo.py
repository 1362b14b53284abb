from __future__ import annotations

import os
import subprocess
import sys

import pytest
import torch

from aeviz.config import RunConfig
from aeviz.datasets import Dataset
from aeviz.training.cpu.dynamo import SWITCH, plain_step
from aeviz.training.state import begin, make_optimizer

CPU = torch.device("cpu")


@pytest.mark.parametrize("kind", ["adam", "adamw", "sgd"])
def test_a_light_step_is_the_optimisers_own(config: RunConfig, dataset: Dataset, kind: str) -> None:
    ways = []
    for light in (True, False):
        model = begin(config, dataset, CPU).model
        training = config.replace(
            **{"training.optimizer": kind, "training.weight_decay": 0.1}
        ).training
        optimizer = make_optimizer(model, training, CPU)
        apply = plain_step(optimizer) if light else optimizer.step
        for number in range(3):
            for weight in model.parameters():
                weight.grad = torch.full_like(weight, 0.1 * number - 0.15)
            apply()
        saved = optimizer.state_dict()["state"]
        ways.append([*model.parameters(), *(v for slot in saved.values() for v in slot.values())])
        assert all(weight.requires_grad for weight in model.parameters())
    assert len(ways[0]) > len(list(model.parameters()))
    assert all(torch.equal(a, b) for a, b in zip(*ways, strict=True))


def test_optimisers_work_as_ever_beside_it() -> None:
    """torch's own steps, and a compiled function, in a process with a light optimizer."""
    script = """
import torch
from aeviz.training.cpu.dynamo import skip_dynamo
skip_dynamo()
weight = torch.nn.Parameter(torch.ones(2))
optimizer = torch.optim.SGD([weight], lr=0.5)
optimizer.add_param_group({"params": [torch.nn.Parameter(torch.ones(1))]})
weight.grad = torch.ones(2)
optimizer.step()
optimizer.zero_grad()
optimizer.load_state_dict(optimizer.state_dict())
assert weight.tolist() == [0.5, 0.5] and weight.grad is None
twice = torch.compile(lambda x: 2 * x, backend="eager")
assert twice(torch.ones(1)).item() == 2
"""
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.parametrize("switch", ["1", "0"])
def test_a_step_imports_no_compiler_unless_it_is_turned_off(switch: str) -> None:
    script = """
import sys, torch
from aeviz.training.cpu.dynamo import plain_step, skip_dynamo
skip_dynamo()
weight = torch.nn.Parameter(torch.ones(2))
optimizer = torch.optim.Adam([weight])
weight.grad = torch.ones(2)
plain_step(optimizer)()
assert weight[0] < 1
print("torch._dynamo" in sys.modules)
"""
    command = [sys.executable, "-c", script]
    env = os.environ | {SWITCH: switch}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=env)
    assert done.stdout.strip() == str(switch == "0")
