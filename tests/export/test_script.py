"""The script: it needs only torch, gives the same numbers as aeviz, and continues the training."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from small_models import digits, save

from aeviz.config import RunConfig
from aeviz.datasets import Split
from aeviz.errors import UserError
from aeviz.evaluation.evaluate import encode_all
from aeviz.export.script import script
from aeviz.images import decode_sprite
from aeviz.latent.projection import PCA2
from aeviz.models import checkpoint
from aeviz.nn import losses
from aeviz.nn.model import Autoencoder
from aeviz.nn.networks import ImageShape
from aeviz.presets.autoencoders import PRESETS
from aeviz.training.schedules import beta_at

SMALL = {"network.channels": [8, 12], "bottleneck.latent_dim": 6, "training.batch_size": 16}
DRIVER = """
import importlib.util, json, sys
from pathlib import Path

from importlib.machinery import PathFinder

class NothingElse(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name.split(".")[0] in ("aeviz", "safetensors", "PIL", "torchvision", "onnx"):
            return None
        return super().find_spec(name, path, target)

sys.meta_path[sys.meta_path.index(PathFinder)] = NothingElse
import torch
for path in sorted(Path(sys.argv[1]).glob("*.py")):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    model, tensors, _ = module.load(module.MODEL)
    x = module.read_images(Path(sys.argv[1]) / "images.npz")[:5].float() / 255
    with torch.no_grad():
        answers = [values.tolist() for values in (model.encode(x), model(x))]
    path.with_suffix(".json").write_text(json.dumps(answers))
    print("#", path.stem)
    module.main(["--data", str(Path(sys.argv[1]) / "images.npz"), "--lr", "0.003"])
"""


def small(name: str) -> RunConfig:
    """The preset with small layers."""
    config = PRESETS[name].config
    hidden = [24 for _ in config.network.hidden]
    return config.replace(**SMALL, **{"network.hidden": hidden})


def images() -> torch.Tensor:
    return (digits()[0][:200] * 255).round().to(torch.uint8)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A folder with a script and a model file for each preset, and the output of each script in a
    process without aeviz's dependencies."""
    folder = tmp_path_factory.mktemp("scripts")
    np.savez(folder / "images.npz", images().numpy())
    for name in PRESETS:
        model = Autoencoder(small(name), (1, 8, 8)).eval()
        checkpoint.save(folder / f"{name}.safetensors", model, {}, None)
        (folder / f"{name}.py").write_text(script(model.config, model.image_shape, name))
    answer = subprocess.run(
        [sys.executable, "-c", DRIVER, str(folder)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": ""},
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 0, answer.stderr
    blocks = answer.stdout.split("# ")[1:]
    return folder, {block.split("\n")[0]: block for block in blocks}


@pytest.mark.parametrize("name", PRESETS)
def test_it_gives_the_outputs_that_aeviz_gives(name: str, ran: tuple[Path, dict[str, str]]) -> None:
    model = checkpoint.load(ran[0] / f"{name}.safetensors").model
    code, pixels = map(torch.tensor, json.loads((ran[0] / f"{name}.json").read_text()))
    z = model.encode(images()[:5].float() / 255)
    assert torch.allclose(code, z, atol=1e-5, rtol=0)
    assert torch.allclose(pixels, model.decode(z), atol=1e-5, rtol=0)
    assert pixels.std() > 1e-3


@pytest.mark.parametrize("name", PRESETS)
def test_it_imports_torch_alone_and_pillow_for_pictures(name: str) -> None:
    tree = ast.parse(script(PRESETS[name].config, (1, 28, 28), name))
    used = {
        (node.module or "" if isinstance(node, ast.ImportFrom) else alias.name).split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert used - sys.stdlib_module_names == {"torch", "PIL"}
    assert not any(
        isinstance(node, ast.Attribute) and node.attr == "numpy" for node in ast.walk(tree)
    )


@pytest.mark.parametrize("name", PRESETS)
def test_it_trains_on_and_saves_what_aeviz_opens(
    name: str, ran: tuple[Path, dict[str, str]]
) -> None:
    before, after = (
        float(line.split(": ")[1]) for line in ran[1][name].splitlines() if "loss" in line
    )
    assert after < before
    trained = checkpoint.load(ran[0] / f"{name}-trained.safetensors")
    assert trained.config == small(name)
    start = checkpoint.load(ran[0] / f"{name}.safetensors").model.state_dict()
    assert any(not torch.equal(start[k], v) for k, v in trained.model.state_dict().items())


def test_a_damaged_copy_of_its_file_is_refused(ran: tuple[Path, dict[str, str]]) -> None:
    data = bytearray((ran[0] / "vae-trained.safetensors").read_bytes())
    data[-9] ^= 1
    copy = ran[0] / "copy.safetensors"
    copy.write_bytes(data)
    with pytest.raises(UserError, match="damaged or truncated"):
        checkpoint.load(copy)


def module_of(path: Path, config: RunConfig, shape: ImageShape) -> ModuleType:
    """The script of a configuration, imported here."""
    path.write_text(script(config, shape, path.stem))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


ODD: tuple[tuple[ImageShape, dict[str, Any]], ...] = (
    (
        (3, 17, 23),
        {
            "network.kind": "conv",
            "network.residual": 2,
            "network.norm": "batch",
            "network.dropout": 0.2,
            "network.activation": "gelu",
            "loss.reconstruction": "log-mse",
            "training.optimizer": "adamw",
            "training.weight_decay": 0.01,
            "training.beta2": 0.9,
            "training.schedule": "one-cycle",
            "training.augment": "shift-flip",
            "training.clip": 1.0,
            "corruption.kind": "mixed",
        },
    ),
    (
        (1, 9, 8),
        {
            "network.norm": "batch",
            "network.activation": "leaky_relu",
            "loss.reconstruction": "l1",
            "loss.warmup": 0.5,
            "loss.cycles": 2,
            "loss.free_bits": 0.2,
            "bottleneck.kind": "gaussian",
            "training.patience": 1,
            "training.optimizer": "sgd",
            "training.lr": 1e-4,
            "training.schedule": "cosine",
            "training.augment": "shift",
            "corruption.kind": "salt-and-pepper",
        },
    ),
    (
        (3, 8, 8),
        {
            "network.activation": "none",
            "corruption.kind": "masking",
            "loss.penalty": "contractive",
            "training.augment": "crop-flip",
        },
    ),
)


@pytest.mark.parametrize(("shape", "settings"), ODD)
def test_the_corners_of_the_settings(
    shape: ImageShape, settings: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = RunConfig().replace(**SMALL, **{"network.hidden": [12], **settings})
    module = module_of(tmp_path / "corner.py", config, shape)
    model = Autoencoder(config, shape).eval()
    for buffer in model.buffers():  # of batch norm: not as it starts
        buffer.add_(1)
    checkpoint.save(module.MODEL, model, {}, None, half=True)
    loaded = checkpoint.load(module.MODEL).model
    mine, _, _ = module.load(module.MODEL)
    x = torch.rand(7, *shape, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.allclose(mine(x), loaded.decode(loaded.encode(x)), atol=1e-5, rtol=0)
    pictures = (torch.rand(41, *shape) * 255).to(torch.uint8)
    module.train(mine, pictures[:33], pictures[33:], 2, config.training.lr)
    assert "after epoch 2" in capsys.readouterr().out


@pytest.mark.parametrize("name", PRESETS)
def test_its_loss_is_the_one_of_aeviz(name: str, tmp_path: Path) -> None:
    """Without sampling: at the mean of the code (its variance is almost zero)."""
    config = small(name)
    module = module_of(tmp_path / "loss.py", config, (1, 8, 8))
    model = Autoencoder(config, (1, 8, 8)).eval()
    if model.is_gaussian:
        model.bottleneck.logvar.bias.data.fill_(-50.0)
    checkpoint.save(module.MODEL, model, {}, None)
    mine, _, _ = module.load(module.MODEL)
    x, x_in = (part.float() / 255 for part in images()[:10].split(5))
    terms = model.loss(model(x_in, sample=False), x, x_in, config.loss.beta)
    assert isinstance(terms, losses.Terms)
    assert module.loss_of(mine, x, x_in).item() == pytest.approx(terms.total.item(), rel=2e-3)


def test_its_free_bits_are_those_of_aeviz(tmp_path: Path) -> None:
    config = small("vae").replace(**{"loss.free_bits": 0.1, "loss.beta": 3.0})
    module = module_of(tmp_path / "free.py", config, (1, 8, 8))
    model = Autoencoder(config, (1, 8, 8)).eval()
    with torch.no_grad():
        model.bottleneck.mu.bias[:3] = 1.0  # three dimensions above the floor, the others below
    checkpoint.save(module.MODEL, model, {}, None)
    mine, _, _ = module.load(module.MODEL)
    x = images()[:50].float() / 255
    out = model(x, torch.Generator().manual_seed(0))
    floor = model.loss(out, x, x, 3.0, 0.1).total - model.loss(out, x, x, 3.0).total
    torch.manual_seed(0)
    with_floor = module.loss_of(mine, x, x, free_bits=module.FREE_BITS)
    torch.manual_seed(0)
    assert floor > 0.01
    assert (with_floor - module.loss_of(mine, x, x)).item() == pytest.approx(floor.item(), rel=1e-2)


def test_its_beta_goes_in_the_same_cycles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = small("vae").replace(
        **{"loss.warmup": 0.5, "loss.cycles": 3, "loss.beta": 2.0, "training.batch_size": 10}
    )
    module = module_of(tmp_path / "cycles.py", config, (1, 8, 8))
    used: list[float] = []
    original = module.loss_of

    def watched(*args: Any, **given: Any) -> torch.Tensor:
        used.extend([given["beta"]] if "beta" in given else [])
        return original(*args, **given)

    monkeypatch.setattr(module, "loss_of", watched)
    module.train(module.Autoencoder(), images()[:40], images()[40:50], 5, 1e-3)
    assert used == pytest.approx([beta_at(config, step / 20) for step in range(20)])


def test_its_patience_ends_like_that_of_aeviz(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = small("standard").replace(**{"training.patience": 2})
    module = module_of(tmp_path / "patience.py", config, (1, 8, 8))
    model, seen = module.Autoencoder(), []
    told = iter([99.0, 9.0, 5.0, 7.0, 4.0, 4.0, 6.0, 5.0])  # the first is that of the start

    def measure(model: torch.nn.Module, test: torch.Tensor) -> float:
        seen.append({name: value.clone() for name, value in model.state_dict().items()})
        return next(told)

    monkeypatch.setattr(module, "measure", measure)
    module.train(model, images()[:32], images()[32:40], 50, 1e-3)
    assert "no improvement for 2 epochs" in capsys.readouterr().out
    assert len(seen) == 7  # the start and six epochs
    assert all(torch.equal(value, seen[4][name]) for name, value in model.state_dict().items())


def test_the_demo_reads_the_images_inside_the_model_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = small("convolutional")
    model = Autoencoder(config, (1, 8, 8)).eval()
    save(tmp_path / "demo.safetensors", model.requires_grad_(False))
    module = module_of(tmp_path / "demo.py", config, (1, 8, 8))
    mine, tensors, _ = module.load(module.MODEL)
    assert torch.equal(
        module.gallery(mine, tensors), (digits()[0][-300:] * 255).round().to(torch.uint8)
    )
    module.main([])
    assert "270 images for training, 30 for testing" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "code"), [("convolutional", 6), ("vae", 6), ("vae", 2), ("deep", 1)]
)
def test_what_it_saves_has_the_gallery_with_the_codes_of_now(
    name: str, code: int, tmp_path: Path
) -> None:
    config = small(name).replace(**{"bottleneck.latent_dim": code})
    save(tmp_path / "demo.safetensors", Autoencoder(config, (1, 8, 8)).eval().requires_grad_(False))
    module_of(tmp_path / "demo.py", config, (1, 8, 8)).main([])
    before = checkpoint.load(tmp_path / "demo.safetensors").gallery
    trained = checkpoint.load(tmp_path / "demo-trained.safetensors")
    after = trained.gallery
    assert before is not None
    assert after is not None
    assert (after.sprite, after.class_names) == (before.sprite, before.class_names)
    assert torch.equal(after.labels, before.labels)
    z, logvar = encode_all(trained.model, Split(digits_of(after), after.labels))
    assert torch.allclose(after.latents, z, atol=1e-5)
    assert not torch.allclose(after.latents, before.latents, atol=1e-3)
    assert torch.allclose(after.pca, torch.as_tensor(PCA2.fit(z).project(z)), atol=1e-4)
    assert (after.logvar is None) == (logvar is None)
    if after.logvar is not None and logvar is not None:
        assert torch.allclose(after.logvar, logvar, atol=1e-5)


def digits_of(gallery: checkpoint.Gallery) -> torch.Tensor:
    return decode_sprite(gallery.sprite, len(gallery.labels), (1, 8, 8))


def test_it_reads_a_folder_of_pictures(tmp_path: Path) -> None:
    (tmp_path / "in" / "deeper").mkdir(parents=True)
    Image.new("RGB", (40, 30), (255, 0, 0)).save(tmp_path / "in" / "a.png")
    Image.new("L", (8, 8), 7).save(tmp_path / "in" / "deeper" / "b.png")
    module = module_of(tmp_path / "folder.py", small("standard"), (1, 8, 8))
    found = module.read_images(tmp_path / "in")
    assert found.shape == (2, 1, 8, 8)
    assert found[0].unique().tolist() == [76]  # the luma of red
    assert found[1].unique().tolist() == [7]
    with pytest.raises(SystemExit, match="no image"):
        module.read_images(tmp_path / "nothing")


def test_words_of_a_stranger_do_not_become_program() -> None:
    hostile = '"""\\\n'.replace("\n", "") + "; import os; {named} é'"
    config = RunConfig(name=hostile, type='"""+x', dataset="\\")
    text = script(config, (1, 8, 8), 'a"b\\')
    assert "é" not in text
    assert not any(mark in ast.get_docstring(ast.parse(text), clean=False) for mark in '"\\{}')
    assert ast.dump(ast.parse(text)).count("import os") == 1  # within the words on top


def test_beta2_is_in_the_script_where_it_is_not_pytorchs_own() -> None:
    config = RunConfig()
    assert "betas" not in script(config, (1, 8, 8), "a")
    changed = config.replace(**{"training.beta2": 0.98})
    assert "betas=(0.9, 0.98)" in script(changed, (1, 8, 8), "a")


def test_a_restorer_has_no_script() -> None:
    config = RunConfig().replace(
        **{
            "network.kind": "unet",
            "network.output": "linear",
            "loss.reconstruction": "mse",
            "corruption.kind": "noise",
            "training.crop": 64,
            "training.optimizer": "adamw",
        }
    )
    with pytest.raises(UserError, match="restores photographs"):
        script(config, (3, 64, 64), "restore")
