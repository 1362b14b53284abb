"""The usual ways to train a VAE, with the same network, initial weights and data as aeviz.

Each contender trains `job.config` from the same initial weights and returns images per second and
the test loss in nats per image. Peers keep their usual data loading; everything of theirs that is
not training (progress bars, loggers, checkpoints) is off.
"""

from __future__ import annotations

import contextlib
import io
import logging
import multiprocessing
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as TorchDataset
from torchvision.transforms import ToTensor

from aeviz import datasets
from aeviz.config import BottleneckConfig, NetworkConfig, RunConfig, TrainingConfig
from aeviz.datasets import Dataset
from aeviz.evaluation.validation import validate
from aeviz.nn.bottlenecks import Gaussian
from aeviz.nn.model import Autoencoder
from aeviz.training.cpu.malloc import keep_memory
from aeviz.training.loop import train
from aeviz.training.state import begin

EXAMPLE = RunConfig(
    type="vae",
    dataset="mnist",
    network=NetworkConfig(hidden=(400,)),
    bottleneck=BottleneckConfig(kind="gaussian", latent_dim=20),
    training=TrainingConfig(epochs=10, batch_size=128, lr=1e-3),
)
"""PyTorch's VAE example: 784-400-20-400-784, Adam, ten epochs."""


@dataclass(frozen=True)
class Task:
    """A VAE with a BCE loss, its data set, and the device."""

    config: RunConfig
    dataset: Dataset
    device: torch.device

    @property
    def images(self) -> int:
        """The number of images in all epochs."""
        return self.config.training.epochs * len(self.dataset.train)

    def wait(self) -> None:
        """Waits until the device has finished all queued work."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)


Result = tuple[float, float]
"""Images per second, and the test loss in nats per image."""


class TorchvisionLike(TorchDataset[tuple[Tensor, int]]):
    """A data set that does what torchvision's MNIST does per image: array -> PIL -> ToTensor."""

    def __init__(self, split: datasets.Split) -> None:
        self.data, self.targets, self.transform = split.images, split.labels, ToTensor()

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        image = Image.fromarray(self.data[index].permute(1, 2, 0).squeeze(-1).numpy())
        return self.transform(image), int(self.targets[index])


class PlainVAE(nn.Module):
    """PyTorch's VAE example, with the encoder and decoder layers of the configuration."""

    def __init__(self, job: Task) -> None:
        super().__init__()
        # aeviz's layers and initial weights, called one after the other: the same network
        source = Autoencoder(job.config, job.dataset.image_shape)
        assert isinstance(source.bottleneck, Gaussian)
        self.encoder, self.decoder = source.trunk, source.decoder
        self.mu, self.logvar = source.bottleneck.mu, source.bottleneck.logvar

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        h = self.encoder(x)
        return self.mu(h), self.logvar(h)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        mu, logvar = self.encode(x)
        std = torch.exp(0.5 * logvar)
        z = mu + torch.randn_like(std) * std
        return torch.sigmoid(self.decoder(z)), mu, logvar


def example_loss(x_hat: Tensor, x: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
    bce = F.binary_cross_entropy(x_hat, x, reduction="sum")
    return bce - 0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())


@torch.no_grad()
def test_loss(model: PlainVAE, job: Task) -> float:
    model.to(job.device).eval()
    torch.manual_seed(0)
    total = 0.0
    for images in job.dataset.test.images.split(500):
        x = images.to(job.device).float() / 255
        total += example_loss(*_reordered(model(x), x)).item()
    return total / len(job.dataset.test)


def _reordered(out: tuple[Tensor, Tensor, Tensor], x: Tensor) -> tuple[Tensor, ...]:
    return out[0], x, out[1], out[2]


def ours(job: Task) -> Result:
    """aeviz's loop, with memory kept as `aeviz train` keeps it. Its validation after each epoch is
    not timed, because the peers have none."""
    if job.config.network.kind == "dense":
        keep_memory()
    state = begin(job.config, job.dataset, job.device)
    seconds, began = 0.0, time.perf_counter()
    for result in train(state, job.dataset):
        if result.validation is not None:
            began = time.perf_counter()
        elif state.images % len(job.dataset.train) == 0:  # the last step of an epoch
            job.wait()
            seconds += time.perf_counter() - began
    return job.images / seconds, validate(state.model, job.dataset.test)["loss"]


def _optimizer(model: nn.Module, job: Task) -> torch.optim.Optimizer:
    return torch.optim.Adam(model.parameters(), lr=job.config.training.lr)


def _loader(job: Task) -> DataLoader[tuple[Tensor, int]]:
    size = job.config.training.batch_size
    return DataLoader(TorchvisionLike(job.dataset.train), batch_size=size, shuffle=True)


def pytorch_example(job: Task) -> Result:
    """DataLoader, ToTensor, one `.item()` per step."""
    torch.manual_seed(0)
    model = PlainVAE(job).to(job.device)
    optimizer, loader = _optimizer(model, job), _loader(job)
    began = time.perf_counter()
    for _ in range(job.config.training.epochs):
        model.train()
        total = 0.0
        for data, _label in loader:
            x = data.to(job.device)
            optimizer.zero_grad()
            loss = example_loss(*_reordered(model(x), x))
            loss.backward()
            total += loss.item()
            optimizer.step()
    seconds = time.perf_counter() - began
    return job.images / seconds, test_loss(model, job)


def pythae_trainer(job: Task) -> Result:
    from pythae.data.datasets import BaseDataset
    from pythae.models import VAE, VAEConfig
    from pythae.models.base.base_utils import ModelOutput
    from pythae.models.nn import BaseDecoder, BaseEncoder
    from pythae.trainers import BaseTrainer, BaseTrainerConfig

    torch.manual_seed(0)
    plain = PlainVAE(job)

    class Encoder(BaseEncoder):
        def __init__(self) -> None:
            super().__init__()
            self.body, self.mu, self.logvar = plain.encoder, plain.mu, plain.logvar

        def forward(self, x: Tensor) -> ModelOutput:
            h = self.body(x)
            return ModelOutput(embedding=self.mu(h), log_covariance=self.logvar(h))

    class Decoder(BaseDecoder):
        def __init__(self) -> None:
            super().__init__()
            self.body = plain.decoder

        def forward(self, z: Tensor) -> ModelOutput:
            return ModelOutput(reconstruction=torch.sigmoid(self.body(z)))

    shape, training = job.dataset.image_shape, job.config.training
    latent_dim = job.config.bottleneck.latent_dim
    described = VAEConfig(input_dim=shape, latent_dim=latent_dim, reconstruction_loss="bce")
    model = VAE(described, encoder=Encoder(), decoder=Decoder())
    split = job.dataset.train
    with tempfile.TemporaryDirectory() as folder, _quiet():
        trainer = BaseTrainer(
            model,
            train_dataset=BaseDataset(split.images.float() / 255, split.labels),
            training_config=BaseTrainerConfig(
                output_dir=folder,
                num_epochs=training.epochs,
                learning_rate=training.lr,
                per_device_train_batch_size=training.batch_size,
                optimizer_cls="Adam",
                no_cuda=job.device.type == "cpu",
            ),
        )
        began = time.perf_counter()
        trainer.train()
        seconds = time.perf_counter() - began
    return job.images / seconds, test_loss(plain, job)


def lightning_trainer(job: Task) -> Result:
    """The example's loader, its loop written as a LightningModule."""
    with _quiet():
        import lightning

        class Module(lightning.LightningModule):
            def __init__(self, model: PlainVAE) -> None:
                super().__init__()
                self.model = model

            def training_step(self, batch: tuple[Tensor, int], index: int) -> Tensor:
                del index
                x, _label = batch
                # Lightning's convention is a mean loss; Adam is invariant to the factor
                return example_loss(*_reordered(self.model(x), x)) / len(x)

            def configure_optimizers(self) -> Any:
                return _optimizer(self.model, job)

        torch.manual_seed(0)
        model, loader = PlainVAE(job), _loader(job)
        trainer = lightning.Trainer(
            accelerator="cpu" if job.device.type == "cpu" else "gpu",
            devices=1,
            max_epochs=job.config.training.epochs,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        began = time.perf_counter()
        trainer.fit(Module(model), loader)
        seconds = time.perf_counter() - began
    return job.images / seconds, test_loss(model, job)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    logging.disable(logging.WARNING)
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        yield
    logging.disable(logging.NOTSET)


def contender(stack: ExitStack, run: Callable[[Task], Result]) -> Callable[[Task], Result]:
    """Runs `run` in a process that ends with `stack`."""
    spawn = multiprocessing.get_context("spawn")
    process = stack.enter_context(ProcessPoolExecutor(1, spawn))
    return lambda job: process.submit(run, job).result()


PEERS: dict[str, Callable[[Task], Result]] = {
    "PyTorch's VAE example": pytorch_example,
    "pythae BaseTrainer": pythae_trainer,
    "Lightning Trainer": lightning_trainer,
}
