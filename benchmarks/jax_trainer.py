"""The same dense VAE in JAX: one compiled function per epoch (`jit`, `lax.scan`), Adam by hand."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.trainers import PlainVAE, Result, Task, test_loss

BETAS = (0.9, 0.999)
EPSILON = 1e-8


def layers(model: PlainVAE) -> list[nn.Linear]:
    """Encoder, mean, log variance, decoder, in this order."""
    found = [m for part in (model.encoder, model.mu, model.logvar, model.decoder)
             for m in part.modules() if isinstance(m, nn.Linear)]  # fmt: skip
    return found


def jax_scan(job: Task) -> Result:
    """Trains in JAX. Compilation is not timed; each epoch drops an incomplete last batch."""
    import jax
    import jax.numpy as jnp
    from jax import lax

    model = PlainVAE(job)
    modules = layers(model)
    hidden = (len(modules) - 2) // 2
    start = [(m.weight.detach().numpy().T, m.bias.detach().numpy()) for m in modules]
    batch, lr = job.config.training.batch_size, job.config.training.lr
    x = jnp.asarray(job.dataset.train.images.flatten(1).numpy(), jnp.float32) / 255
    steps = len(x) // batch

    def loss(params: Any, x: Any, key: Any) -> Any:
        h = x
        for w, b in params[:hidden]:
            h = jax.nn.relu(h @ w + b)
        mu, logvar = (h @ w + b for w, b in params[hidden : hidden + 2])
        h = mu + jnp.exp(0.5 * logvar) * jax.random.normal(key, mu.shape)
        for w, b in params[hidden + 2 : -1]:
            h = jax.nn.relu(h @ w + b)
        logits = h @ params[-1][0] + params[-1][1]
        bce = jnp.sum(jnp.logaddexp(0.0, logits) - x * logits)
        return bce - 0.5 * jnp.sum(1 + logvar - mu**2 - jnp.exp(logvar))

    def step(state: Any, index: Any) -> Any:
        params, m, v, t, key = state
        key, draw = jax.random.split(key)
        value, grads = jax.value_and_grad(loss)(params, x[index], draw)
        t = t + 1
        b1, b2 = BETAS
        m = jax.tree.map(lambda m, g: b1 * m + (1 - b1) * g, m, grads)
        v = jax.tree.map(lambda v, g: b2 * v + (1 - b2) * g * g, v, grads)
        rate = lr * jnp.sqrt(1 - b2**t) / (1 - b1**t)
        moved = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + EPSILON), params, m, v)
        return (moved, m, v, t, key), value

    def epoch(state: Any, key: Any) -> Any:
        order = jax.random.permutation(key, len(x))[: steps * batch].reshape(steps, batch)
        return lax.scan(step, state, order)

    params = jax.tree.map(jnp.asarray, start)
    zeros = jax.tree.map(jnp.zeros_like, params)
    state = (params, zeros, zeros, jnp.float32(0), jax.random.key(0))
    run = jax.jit(epoch).lower(state, jax.random.key(1)).compile()
    began = time.perf_counter()
    for number in range(job.config.training.epochs):
        state, values = run(state, jax.random.key(number))
    jax.block_until_ready((state, values))
    seconds = time.perf_counter() - began
    with torch.no_grad():
        for module, (weight, bias) in zip(modules, state[0], strict=True):
            module.weight.copy_(torch.from_numpy(np.array(weight).T.copy()))
            module.bias.copy_(torch.from_numpy(np.array(bias)))
    images = job.config.training.epochs * steps * batch
    return images / seconds, test_loss(model, job)
