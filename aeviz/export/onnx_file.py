"""Export encoder and decoder as ONNX, for runtimes other than PyTorch."""

from __future__ import annotations

import io
import threading
import warnings

import torch
from torch import Tensor, nn

from aeviz.nn.model import Autoencoder

OPSET = 17
_one_at_a_time = threading.Lock()  # the exporter keeps its settings in global variables


class _Encoder(nn.Module):
    def __init__(self, model: Autoencoder) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        mu, logvar = self.model.posterior(x)
        return mu if logvar is None else (mu, logvar)


class _Decoder(nn.Module):
    def __init__(self, model: Autoencoder) -> None:
        super().__init__()
        self.model = model

    def forward(self, z: Tensor) -> Tensor:
        with torch.enable_grad():  # the plain layers, without shortcuts for inference
            return self.model.decode(z)


def encoder(model: Autoencoder) -> bytes:
    """ONNX of `image` (batch, C, H, W) in [0, 1] -> `code` (batch, d), or for Gaussian codes ->
    `mu` and `logvar`, both (batch, d)."""
    outputs = ["mu", "logvar"] if model.is_gaussian else ["code"]
    return _export(_Encoder(model), torch.zeros(2, *model.image_shape), "image", outputs)


def decoder(model: Autoencoder) -> bytes:
    """ONNX of `code` (batch, d) -> `image` (batch, C, H, W)."""
    return _export(_Decoder(model), torch.zeros(2, model.latent_dim), "code", ["image"])


def _export(module: nn.Module, example: Tensor, name: str, outputs: list[str]) -> bytes:
    file = io.BytesIO()
    with _one_at_a_time, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the newer exporter, which needs more packages
        torch.onnx.export(
            module.eval(),
            (example,),
            file,  # type: ignore[arg-type]  # the older exporter accepts a file object, too
            input_names=[name],
            output_names=outputs,
            dynamic_axes={key: {0: "batch"} for key in (name, *outputs)},
            opset_version=OPSET,
            dynamo=False,
        )
    return file.getvalue()
