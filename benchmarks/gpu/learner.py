"""A restorer in training, step by step, at a learning rate that the caller sets.

On a GPU, a step (forward, backward, optimizers, moving average) is recorded once as a CUDA graph
and then replayed. It has about a thousand small kernels, and the CPU would take longer to start
them one by one than the GPU to compute them. Meanwhile the batch of the next step is drawn and
degraded, on the same stream, by code that never waits for the GPU. So the GPU is always busy.
`torch.compile` would take longer to compile each restorer than it saves in their minute.
"""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Callable

import torch
from torch import Tensor

from aeviz.cli.terminal import say
from aeviz.nn.unet import Restorer
from aeviz.training.restorers import Batch, forward, make_optimizers

EMA_DECAY = 0.999
AHEAD = 3
"""Steps that may be queued on the GPU: enough to keep it busy, and few enough to end in time."""

_WARM_UP = 3

Draw = Callable[[], Batch]


class Learner:
    """`model` is trained in place; `average` is the exponential moving average of its weights.

    `draw` returns batches of one shape; errors outside the degraded pixels have weight `outside`.
    """

    def __init__(self, model: Restorer, draw: Draw, outside: float, precision: str) -> None:
        self.model, self.average = model.train(), copy.deepcopy(model).eval()
        self.average.requires_grad_(False)
        self.steps = 0
        self._draw, self._outside, self._precision = draw, outside, precision
        self.device = next(model.parameters()).device
        self.optimizers = make_optimizers(model, model.config.training)
        self._loss = torch.zeros((), device=self.device)  # sum since `mean_loss`
        self._since = 0
        self._share = torch.zeros((), device=self.device)  # of the new weights in the average
        self._graph: torch.cuda.CUDAGraph | None = None
        self._static: Batch | None = None
        self._ahead: deque[torch.cuda.Event] = deque()
        self._old: list[Tensor] = list(self.average.parameters())
        self._new: list[Tensor] = list(model.parameters())
        if self.device.type == "cuda":
            self._for_a_graph()

    def step(self, rate: float) -> None:
        """Takes one step at this learning rate."""
        for optimizer, share in self.optimizers:
            _set_rate(optimizer, share * rate)
        self._share.fill_(1 - min(EMA_DECAY, (1 + self.steps) / (10 + self.steps)))
        batch = self._draw()
        if self.device.type == "cuda":
            self._on_gpu(batch)
        else:
            self._update(batch)
        self.steps += 1
        self._since += 1

    def mean_loss(self) -> float:
        """The mean loss of the steps since the last call; waits for the device."""
        mean = self._loss.item() / max(1, self._since)
        self._loss.zero_()
        self._since = 0
        return mean

    def load(self, weights: dict[str, Tensor]) -> None:
        """Continues from these weights, which also become the average, without momentum."""
        for model in (self.model, self.average):
            model.load_state_dict(weights)
        for optimizer, _ in self.optimizers:
            for state in optimizer.state.values():
                for value in state.values():
                    value.zero_()

    def state(self) -> dict[str, Tensor]:
        """Everything that a later session needs to resume from here."""
        found = {f"model.{k}": v for k, v in self.model.state_dict().items()}
        found |= {f"average.{k}": v for k, v in self.average.state_dict().items()}
        for i, (optimizer, _) in enumerate(self.optimizers):
            for number, values in optimizer.state_dict()["state"].items():
                found |= {f"optimizer.{i}.{number}.{k}": v for k, v in values.items()}
        return found

    def restore(self, found: dict[str, Tensor], steps: int) -> None:
        """Resumes from a `state` after this many steps."""
        self.model.load_state_dict(under(found, "model."))
        self.average.load_state_dict(under(found, "average."))
        for i, (optimizer, _) in enumerate(self.optimizers):
            slots: dict[int, dict[str, Tensor]] = {}
            for key, value in under(found, f"optimizer.{i}.").items():
                number, name = key.split(".", 1)
                slots.setdefault(int(number), {})[name] = value.to(self.device)
            groups = optimizer.state_dict()["param_groups"]
            optimizer.load_state_dict({"state": slots, "param_groups": groups})
        self.steps = steps

    def _update(self, batch: Batch) -> None:
        self.model.zero_grad(set_to_none=True)
        loss, _ = forward(self.model, batch, self._outside, self._precision)
        loss.backward()
        for optimizer, _ in self.optimizers:
            optimizer.step()
        with torch.no_grad():
            self._loss.add_(loss.detach())
            apart = torch._foreach_sub(self._new, self._old)
            torch._foreach_mul_(apart, self._share)
            torch._foreach_add_(self._old, apart)

    # ---- on a GPU ----------------------------------------------------------------------------

    def _for_a_graph(self) -> None:
        """Turns learning rates into tensors, which a recorded step reads at each replay."""
        for optimizer, _ in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = torch.tensor(float(group["lr"]), device=self.device)
                if isinstance(optimizer, torch.optim.AdamW):
                    group["capturable"] = True

    def _on_gpu(self, batch: Batch) -> None:
        if self._static is None:
            self._static = Batch(*(torch.empty_like(part).copy_(part) for part in batch))
            self._record()
        else:
            for static, part in zip(self._static, batch, strict=True):
                static.copy_(part)
        if self._graph is not None:
            self._graph.replay()
        else:
            self._update(self._static)
        done = torch.cuda.Event()
        done.record()
        self._ahead.append(done)
        if len(self._ahead) > AHEAD:
            self._ahead.popleft().synchronize()

    def _record(self) -> None:
        """Records a step; without a graph, each step is started kernel by kernel."""
        assert self._static is not None
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(_WARM_UP):  # also creates the optimizers' states
                self._update(self._static)
        torch.cuda.current_stream().wait_stream(aside)
        self.model.zero_grad(set_to_none=True)
        graph = torch.cuda.CUDAGraph()
        try:
            # other threads may use the GPU meanwhile
            with torch.cuda.graph(graph, capture_error_mode="thread_local"):
                self._update(self._static)
        except RuntimeError as error:
            say(f"no CUDA graph, so steps are slower: {str(error).splitlines()[0]}")
            torch.cuda.synchronize()
            return
        self._graph = graph
        self._loss.zero_()


def under(found: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors whose names start with this prefix, without the prefix."""
    return {k.removeprefix(prefix): v for k, v in found.items() if k.startswith(prefix)}


def _set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    for group in optimizer.param_groups:
        if isinstance(group["lr"], Tensor):
            group["lr"].fill_(rate)
        else:
            group["lr"] = rate
