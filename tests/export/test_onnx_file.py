"""The ONNX files, run by ONNX Runtime beside PyTorch."""

from __future__ import annotations

import onnxruntime
import pytest
import torch

from aeviz.config import RunConfig
from aeviz.export import onnx_file
from aeviz.nn.model import Autoencoder
from aeviz.nn.networks import ImageShape
from aeviz.presets.autoencoders import PRESETS

SHAPES: tuple[ImageShape, ...] = ((1, 28, 28), (3, 17, 23))
SMALL = {"network.channels": [8, 12], "bottleneck.latent_dim": 6}
HARD = {"network.norm": "batch", "network.residual": 1, "network.dropout": 0.3}


def run(data: bytes, x: torch.Tensor) -> dict[str, torch.Tensor]:
    """The named outputs for a batch of any size."""
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    answers = session.run(None, {session.get_inputs()[0].name: x.numpy()})
    return {name: torch.from_numpy(a) for name, a in zip(names, answers, strict=True)}


def check(config: RunConfig, shape: ImageShape) -> None:
    model = Autoencoder(config, shape).eval().requires_grad_(False)
    encoder, decoder = onnx_file.encoder(model), onnx_file.decoder(model)
    draw = torch.Generator().manual_seed(0)
    for batch in (1, 3):
        x = torch.rand(batch, *shape, generator=draw)
        z = torch.randn(batch, model.latent_dim, generator=draw)
        mu, logvar = model.posterior(x)
        expected = {"code": mu} if logvar is None else {"mu": mu, "logvar": logvar}
        answers = run(encoder, x)
        assert answers.keys() == expected.keys()
        for name, values in expected.items():
            assert torch.allclose(answers[name], values, atol=1e-4, rtol=0), name
        answers = run(decoder, z)
        assert answers.keys() == {"image"}
        assert answers["image"].shape == x.shape
        assert torch.allclose(answers["image"], model.decode(z), atol=1e-4, rtol=0)
        assert answers["image"].std() > 1e-3


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", PRESETS)
def test_runtime_and_pytorch_agree(name: str, shape: ImageShape) -> None:
    config = PRESETS[name].config
    check(config.replace(**SMALL, **{"network.hidden": [24 for _ in config.network.hidden]}), shape)


@pytest.mark.parametrize("shape", SHAPES)
def test_batch_norm_dropout_and_residual_blocks_agree(shape: ImageShape) -> None:
    config = RunConfig().replace(**SMALL, **HARD, **{"network.kind": "conv"})
    check(config, shape)
