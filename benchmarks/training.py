"""Images per second in training, beside the usual ways to train the same network.

    python -m benchmarks.training [--epochs 1] [--rounds 3] [--images 20000] [--batch-size 128]

The 784-400-20 dense VAE, Adam 1e-3, on CPU: aeviz's loop; the loop of PyTorch's VAE example
(DataLoader, ToTensor, one .item() a step); and pythae's BaseTrainer. All in one run, in turn, so
that a noisy machine is noisy for all; medians over the rounds, and ratios of medians.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import logging
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as TorchDataset
from torchvision.transforms import ToTensor

from aeviz import datasets
from aeviz.datasets import Dataset
from aeviz.presets import preset
from aeviz.training.loop import begin, train, validate

Result = tuple[float, float]
"""Images per second, and the test loss in nats per image."""


class TorchvisionLike(TorchDataset[tuple[Tensor, int]]):
    """What torchvision's MNIST does for each image: array -> PIL -> ToTensor."""

    def __init__(self, split: datasets.Split) -> None:
        self.data, self.targets, self.transform = split.images[:, 0], split.labels, ToTensor()

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        image = Image.fromarray(self.data[index].numpy())
        return self.transform(image), int(self.targets[index])


class ExampleVAE(nn.Module):
    """The network of PyTorch's VAE example."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(784, 400)
        self.fc21 = nn.Linear(400, 20)
        self.fc22 = nn.Linear(400, 20)
        self.fc3 = nn.Linear(20, 400)
        self.fc4 = nn.Linear(400, 784)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        h = F.relu(self.fc1(x.view(-1, 784)))
        mu, logvar = self.fc21(h), self.fc22(h)
        z = mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)
        return torch.sigmoid(self.fc4(F.relu(self.fc3(z)))), mu, logvar


def example_loss(x_hat: Tensor, x: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
    bce = F.binary_cross_entropy(x_hat, x.view(-1, 784), reduction="sum")
    return bce - 0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())


def ours(dataset: Dataset, epochs: int, batch_size: int) -> Result:
    config = preset("vae").config.replace(
        **{"training.epochs": epochs, "training.batch_size": batch_size, "training.device": "cpu"}
    )
    state = begin(config, dataset, torch.device("cpu"))
    began = time.perf_counter()
    images = sum(result.images for result in train(state, dataset))
    seconds = time.perf_counter() - began
    return images / seconds, validate(state.model, dataset.test)["loss"]


def pytorch_example(dataset: Dataset, epochs: int, batch_size: int) -> Result:
    torch.manual_seed(0)
    model = ExampleVAE()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    loader = DataLoader(TorchvisionLike(dataset.train), batch_size=batch_size, shuffle=True)
    began = time.perf_counter()
    for _ in range(epochs):
        model.train()
        total = 0.0
        for x, _label in loader:
            optimizer.zero_grad()
            x_hat, mu, logvar = model(x)
            loss = example_loss(x_hat, x, mu, logvar)
            loss.backward()
            total += loss.item()
            optimizer.step()
    seconds = time.perf_counter() - began
    model.eval()
    x = dataset.test.images.float() / 255
    with torch.no_grad():
        x_hat, mu, logvar = model(x)
        test = example_loss(x_hat, x, mu, logvar).item() / len(x)
    return epochs * len(dataset.train) / seconds, test


def pythae_trainer(dataset: Dataset, epochs: int, batch_size: int) -> Result:
    from pythae.data.datasets import BaseDataset
    from pythae.models import VAE, VAEConfig
    from pythae.models.base.base_utils import ModelOutput
    from pythae.models.nn import BaseDecoder, BaseEncoder
    from pythae.trainers import BaseTrainer, BaseTrainerConfig

    class Encoder(BaseEncoder):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Sequential(nn.Flatten(), nn.Linear(784, 400), nn.ReLU())
            self.mu, self.logvar = nn.Linear(400, 20), nn.Linear(400, 20)

        def forward(self, x: Tensor) -> ModelOutput:
            h = self.body(x)
            return ModelOutput(embedding=self.mu(h), log_covariance=self.logvar(h))

    class Decoder(BaseDecoder):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Sequential(
                nn.Linear(20, 400), nn.ReLU(), nn.Linear(400, 784), nn.Sigmoid()
            )

        def forward(self, z: Tensor) -> ModelOutput:
            return ModelOutput(reconstruction=self.body(z).reshape(-1, 1, 28, 28))

    def as_pythae(split: datasets.Split) -> BaseDataset:
        return BaseDataset(split.images.float() / 255, split.labels)

    logging.disable(logging.INFO)
    torch.manual_seed(0)
    model = VAE(
        VAEConfig(input_dim=(1, 28, 28), latent_dim=20, reconstruction_loss="bce"),
        encoder=Encoder(),
        decoder=Decoder(),
    )
    test = as_pythae(dataset.test)
    data = as_pythae(dataset.train)
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stderr(io.StringIO()):
        trainer = BaseTrainer(
            model,
            train_dataset=data,
            training_config=BaseTrainerConfig(
                output_dir=folder,
                num_epochs=epochs,
                learning_rate=1e-3,
                per_device_train_batch_size=batch_size,
                optimizer_cls="Adam",
                no_cuda=True,
            ),
        )
        began = time.perf_counter()
        trainer.train()
        seconds = time.perf_counter() - began
    model.eval()
    with torch.no_grad():
        loss = model({"data": test.data}).loss.item()
    return epochs * len(dataset.train) / seconds, loss


CONTENDERS: dict[str, Callable[[Dataset, int, int], Result]] = {
    "aeviz": ours,
    "PyTorch's VAE example": pytorch_example,
    "pythae BaseTrainer": pythae_trainer,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", default=None, help="default: mnist if it is there")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--batch-size", type=int, default=128)
    args = parser.parse_args()
    name = args.dataset or ("mnist" if datasets.available("mnist") else "mnist-5k")
    full = datasets.load(name)
    dataset = replace(full, train=full.train.take(slice(0, args.images)))

    print(
        f"784-400-20 VAE, {len(dataset.train):,} images of {dataset.title}, batch "
        f"{args.batch_size}, {args.epochs} epoch(s), {args.rounds} rounds, "
        f"{torch.get_num_threads()} threads, {os.cpu_count()} cores"
    )
    results: dict[str, list[Result]] = {contender: [] for contender in CONTENDERS}
    for _ in range(args.rounds):
        for contender, run in CONTENDERS.items():
            results[contender].append(run(dataset, args.epochs, args.batch_size))
    ours_rate = statistics.median(rate for rate, _ in results["aeviz"])
    print(f"{'':24}{'images/s':>12}{'test loss':>12}{'aeviz is':>12}")
    for contender, rows in results.items():
        rate = statistics.median(rate for rate, _ in rows)
        loss = statistics.median(loss for _, loss in rows)
        ratio = f"{ours_rate / rate:.2f}x"
        print(f"{contender:24}{rate:12,.0f}{loss:12.2f}{ratio:>12}")


if __name__ == "__main__":
    main()
