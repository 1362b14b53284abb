"""CUDA graphs: the kernels of a batch's forward and backward pass, recorded once and replayed.

The CPU takes ten times as long to launch a small network's kernels one by one as a large GPU takes
to run them. Off, unless `AEVIZ_CUDA_GRAPHS` is 1: it has not been measured on many cards yet.
"""

from __future__ import annotations

import os
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from aeviz.nn.losses import Terms
from aeviz.nn.model import Autoencoder
from aeviz.training.engine import Engine

SWITCH = "AEVIZ_CUDA_GRAPHS"
_WARM_UP = 2


def enabled(device: torch.device) -> bool:
    """Whether steps on this device are recorded."""
    return device.type == "cuda" and os.environ.get(SWITCH) == "1"


class Recording:
    """The graph of one model's batches of one shape, with its input and output tensors."""

    def __init__(self, x: Tensor, x_in: Tensor, beta: float) -> None:
        self.x, self.x_in = x.clone(), x_in.clone()
        self.beta = torch.full((), float(beta), device=x.device)
        self.graph = torch.cuda.CUDAGraph()
        self.terms: Terms | None = None
        self.grads: list[Tensor | None] = []

    def record(self, engine: Engine) -> None:
        """Record a forward and a backward pass; the terms stay None if CUDA cannot record them."""
        here, aside = torch.cuda.current_stream(), torch.cuda.Stream()
        aside.wait_stream(here)
        with torch.cuda.stream(aside):
            for _ in range(_WARM_UP):
                self._pass(engine)
        here.wait_stream(aside)
        engine.model.zero_grad(set_to_none=True)
        try:
            self.graph.register_generator_state(engine.noise)
            # other threads may use the GPU meanwhile
            with torch.cuda.graph(self.graph, capture_error_mode="thread_local"):
                terms = self._pass(engine)
        except RuntimeError:
            torch.cuda.synchronize()
            return
        self.terms = terms
        self.grads = [weights.grad for weights in engine.model.parameters()]

    def _pass(self, engine: Engine) -> Terms:
        terms = Engine.forward(engine, self.x, self.x_in, self.beta)
        Engine.backward(engine, terms.total)
        return Terms(*(term.detach() for term in terms))

    def replay(self, x: Tensor, x_in: Tensor, beta: float | Tensor) -> None:
        """Run the recorded passes on this batch."""
        self.x.copy_(x)
        self.x_in.copy_(x_in)
        self.beta.fill_(beta)
        self.graph.replay()


_recordings: WeakKeyDictionary[Autoencoder, Recording] = WeakKeyDictionary()


class GraphEngine(Engine):
    """Replays a graph for batches of the first one's shape; runs others kernel by kernel.

    A graph holds both passes, so `forward` runs both. The terms it returns change with the next
    batch.
    """

    def forward(self, x: Tensor, x_in: Tensor, beta: float | Tensor) -> Terms:
        recording = _recordings.get(self.model)
        if recording is None:
            recording = _recordings[self.model] = Recording(x, x_in, float(beta))
            recording.record(self)
        self._replayed = recording.terms is not None and x.shape == recording.x.shape
        if not self._replayed or recording.terms is None:
            return super().forward(x, x_in, torch.full_like(recording.beta, float(beta)))
        recording.replay(x, x_in, beta)
        # a batch of another shape has put its own gradients there
        for weights, grad in zip(self.model.parameters(), recording.grads, strict=True):
            weights.grad = grad
        return recording.terms

    def backward(self, total: Tensor) -> None:
        if not self._replayed:
            super().backward(total)
