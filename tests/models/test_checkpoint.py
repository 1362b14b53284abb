"""The model file: bit-identical round trips, and one sentence for an invalid file."""

from __future__ import annotations

import io
import json
import pickle
import random
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from safetensors import safe_open

from aeviz.config import BottleneckConfig, NetworkConfig, RunConfig
from aeviz.errors import UserError
from aeviz.models import checkpoint
from aeviz.models.checkpoint import Gallery
from aeviz.models.header import MAX_FILE
from aeviz.nn.model import Autoencoder

N, D, SHAPE = 9, 3, (1, 8, 8)
CARD = {"dataset": "digits", "metrics": {"mse": 0.25, "denoise": {"gaussian 0.5": {"psnr": 20.5}}}}


def model(**changes: object) -> Autoencoder:
    config = RunConfig(
        name="a model",
        dataset="digits",
        network=NetworkConfig(hidden=(12,), norm="batch"),
        bottleneck=BottleneckConfig(kind="gaussian", latent_dim=D),
    )
    return Autoencoder(config.replace(**changes), SHAPE).eval()


def gallery(**changes: Any) -> Gallery:
    values = torch.randn(N, D + 8, generator=torch.Generator().manual_seed(0))
    parts: dict[str, Any] = {
        "latents": values[:, :D],
        "labels": torch.arange(N) % 3,
        "class_names": ("nought", "one", "two"),
        "sprite": bytes(range(50)),
        "pca": values[:, D : D + 2],
        "tsne": values[:, D + 2 : D + 4],
        "umap": values[:, D + 4 : D + 6],
        "logvar": values[:, :D] - 1,
    }
    return Gallery(**parts | changes)


def whole() -> bytes:
    return checkpoint.to_bytes(model(), CARD, gallery())


def split(data: bytes) -> tuple[dict[str, Any], bytes]:
    """A model file's header, parsed, and its body."""
    length = struct.unpack("<Q", data[:8])[0]
    return json.loads(data[8 : 8 + length]), data[8 + length :]


def joined(header: Any, body: bytes) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def load_bytes(data: bytes, folder: Path) -> checkpoint.Loaded:
    path = folder / "stranger.safetensors"
    path.write_bytes(data)
    return checkpoint.load(path)


def refusal(data: bytes, folder: Path) -> str:
    """The one sentence with which these bytes are refused."""
    with pytest.raises(UserError) as caught:
        load_bytes(data, folder)
    sentence = str(caught.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert len(sentence) < 300
    return sentence


def with_metadata(**changes: Any) -> bytes:
    header, body = split(whole())
    header["__metadata__"] |= changes
    return joined(header, body)


def with_tensors(change: Callable[[dict[str, torch.Tensor]], None]) -> bytes:
    """The file with changed tensors and a matching header."""
    tensors = safetensors.torch.load(whole())
    change(tensors)
    metadata = split(whole())[0]["__metadata__"]
    del metadata["sha256"]  # otherwise reading would stop here
    return safetensors.torch.save(tensors, metadata)


# ---- there and back ----------------------------------------------------------------------------


def test_saved_and_loaded(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    before, shown = model(), gallery()
    checkpoint.save(path, before, CARD, shown)
    loaded = checkpoint.load(path)
    assert loaded.config == before.config
    assert loaded.card == CARD
    assert loaded.model.image_shape == SHAPE
    assert not loaded.model.training
    for key, value in before.state_dict().items():
        assert torch.equal(value, loaded.model.state_dict()[key])
    after = loaded.gallery
    assert after is not None
    assert after.class_names == shown.class_names
    assert after.sprite == shown.sprite
    assert torch.equal(after.labels, shown.labels)
    for name in ("latents", "pca", "tsne", "umap", "logvar"):
        assert torch.equal(getattr(after, name), getattr(shown, name).half().float())


def test_half_precision_weights_load_as_the_nearest_half(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    before = model()
    checkpoint.save(path, before, CARD, None, half=True)
    after = checkpoint.load(path).model
    for key, value in before.state_dict().items():
        rounded = value.half().float() if value.is_floating_point() else value
        assert torch.equal(after.state_dict()[key], rounded)


def test_the_gallery_may_lack_what_is_optional(tmp_path: Path) -> None:
    data = checkpoint.to_bytes(model(), {}, gallery(tsne=None, umap=None, logvar=None))
    after = load_bytes(data, tmp_path).gallery
    assert after is not None
    assert after.tsne is None
    assert after.umap is None
    assert after.logvar is None
    assert load_bytes(checkpoint.to_bytes(model(), {}, None), tmp_path).gallery is None


def test_codes_beyond_half_precision_still_load(tmp_path: Path) -> None:
    data = checkpoint.to_bytes(model(), {}, gallery(latents=torch.full((N, D), -1e6)))
    after = load_bytes(data, tmp_path).gallery
    assert after is not None
    assert after.latents.min().item() == -65504


def test_any_outside_program_can_read_it(tmp_path: Path) -> None:
    """The plain safetensors library is enough: names, metadata and weights as documented."""
    path = tmp_path / "m.safetensors"
    path.write_bytes(whole())
    with safe_open(path, framework="numpy") as file:
        metadata, keys = file.metadata(), set(file.keys())
        latents = file.get_tensor("gallery.latents")
    assert metadata["format"] == "aeviz"
    assert metadata["format_version"] == "1"
    assert json.loads(metadata["image_shape"]) == list(SHAPE)
    assert json.loads(metadata["config"])["bottleneck"]["latent_dim"] == D
    assert json.loads(metadata["card"]) == CARD
    assert json.loads(metadata["class_names"]) == ["nought", "one", "two"]
    assert {k for k in keys if k.startswith("model.")} == {
        f"model.{k}" for k in model().state_dict()
    }
    assert {k for k in keys if k.startswith("gallery.")} == {
        f"gallery.{k}" for k in ("latents", "logvar", "labels", "sprite", "pca", "tsne", "umap")
    }
    assert latents.dtype == "float16"
    assert latents.shape == (N, D)


def test_the_summary_reads_no_weight(tmp_path: Path) -> None:
    """It works even for a file that ends after its header."""
    data = whole()
    path = tmp_path / "m.safetensors"
    path.write_bytes(data[: -len(split(data)[1])])
    summary = checkpoint.read_summary(path)
    assert summary.config == model().config
    assert summary.image_shape == SHAPE
    assert summary.card == CARD


@pytest.mark.parametrize("length", [0x0280, 0x0480, 0x0580, 0x4B50])
def test_a_header_whose_length_looks_like_a_pickle(length: int, tmp_path: Path) -> None:
    """These lengths begin with the two bytes of a pickle or a zip file, by chance."""
    slim = Autoencoder(RunConfig(network=NetworkConfig(hidden=())), SHAPE)
    header, body = split(checkpoint.to_bytes(slim, {}, None))
    length += 0x10000
    text = json.dumps(header).encode()
    assert load_bytes(joined(text.ljust(length), body), tmp_path).config == slim.config


# ---- files that are no model files -------------------------------------------------------------


class Evil:
    """A pickle that would leave a mark if anything ever unpickled it."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.mark,)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_pickle_renamed_is_named_and_never_run(protocol: int, tmp_path: Path) -> None:
    data = pickle.dumps([Evil(tmp_path / "mark")] * 20, protocol)
    assert "is a pickle, which can run code" in refusal(data, tmp_path)
    assert not (tmp_path / "mark").exists()


def test_a_zip_renamed_is_named(tmp_path: Path) -> None:
    """PyTorch's own format is a zip file around a pickle."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(Evil(tmp_path / "mark")))
    assert "is a pickle, which can run code" in refusal(file.getvalue(), tmp_path)
    assert not (tmp_path / "mark").exists()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 7,
        b"\0" * 8,
        b"\0" * 1000,
        b"\xff" * 1000,
        b"hello, world, this is a text file\n" * 10,
        b"\x89PNG\r\n\x1a\n" + b"\0" * 500,
        pickle.dumps([1, 2, 3] * 50, 0),
        joined(b"{}", b""),
        joined(b"[]", b""),
        joined(b"null", b""),
        joined(b"{" * 5000, b""),
        joined(b'{"a":' * 50_000, b""),
        joined(b'{"a":' + b"[" * 200_000, b""),
        joined(b'{"\xff\xfe": 1}', b""),
        joined(b'{"__metadata__": 3}', b""),
        joined(b'{"__metadata__": {}, "a": 3}', b""),
        joined(b'{"__metadata__": {}, "a": {"dtype": "F32", "shape": [-1]}}', b""),
        joined(b'{"__metadata__": {}, "a": {"dtype": "F32", "shape": [1.0]}}', b""),
        joined(
            b'{"__metadata__": {}, "a": {"dtype": "F32", "shape": [' + b"9" * 5000 + b"]}}", b""
        ),
        joined('{"__metadata__": {}}'.encode("utf-16-le"), b""),
    ],
)
def test_other_files(data: bytes, tmp_path: Path) -> None:
    refusal(data, tmp_path)


def test_a_file_of_another_program(tmp_path: Path) -> None:
    data = safetensors.torch.save({"w": torch.zeros(2)}, {"format": "pt"})
    assert "was not written by aeviz" in refusal(data, tmp_path)
    assert "has no description" in refusal(safetensors.torch.save({"w": torch.zeros(2)}), tmp_path)


def test_paths_that_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.safetensors", tmp_path):
        with pytest.raises(UserError, match="cannot be read"):
            checkpoint.load(path)


# ---- truncated, lying and huge -----------------------------------------------------------------


def test_truncated_anywhere(tmp_path: Path) -> None:
    data = whole()
    header_end = len(data) - len(split(data)[1])
    positions = {*range(0, 20), *range(20, len(data), 211), header_end, len(data) - 1}
    for position in sorted(positions):
        refusal(data[:position], tmp_path)
    assert len(positions) > 40


def test_a_flipped_bit_among_the_weights_or_pictures(tmp_path: Path) -> None:
    data = whole()
    body = len(data) - len(split(data)[1])
    for place in random.Random(0).sample(range(body, len(data)), 60):
        flipped = bytearray(data)
        flipped[place] ^= 1 << place % 8
        assert "damaged or truncated" in refusal(bytes(flipped), tmp_path)


def test_a_file_without_a_sum_opens_as_before(tmp_path: Path) -> None:
    header, body = split(whole())
    del header["__metadata__"]["sha256"]
    loaded = load_bytes(joined(header, body), tmp_path)
    assert loaded.card == CARD


def test_bytes_too_many(tmp_path: Path) -> None:
    assert "damaged or truncated" in refusal(whole() + b"\0" * 8, tmp_path)


@pytest.mark.parametrize("length", [0, 1, 10, 1 << 20, 1 << 21, 1 << 40, (1 << 64) - 1])
def test_a_header_length_that_lies(length: int, tmp_path: Path) -> None:
    refusal(struct.pack("<Q", length) + whole()[8:], tmp_path)


def test_a_huge_header_is_not_read(tmp_path: Path) -> None:
    """A correct length of 200 MB, in a sparse file."""
    path = tmp_path / "m.safetensors"
    with path.open("wb") as file:
        file.write(struct.pack("<Q", 200 << 20) + b"{")
        file.truncate((200 << 20) + 100)
    with pytest.raises(UserError, match="not an aeviz model file, or it is truncated"):
        checkpoint.load(path)


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    with path.open("wb") as file:
        file.write(whole())
        file.truncate(MAX_FILE + 1)
    with pytest.raises(UserError, match="larger than 512 MB"):
        checkpoint.load(path)


# ---- descriptions ------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["0", "2", "999", "", "one", "1.0", "9" * 500])
def test_another_format_version(version: str, tmp_path: Path) -> None:
    sentence = refusal(with_metadata(format_version=version), tmp_path)
    assert "this aeviz reads version 1: update aeviz" in sentence


@pytest.mark.parametrize(
    "key", ["format", "format_version", "config", "image_shape", "class_names"]
)
def test_a_missing_description(key: str, tmp_path: Path) -> None:
    header, body = split(whole())
    del header["__metadata__"][key]
    refusal(joined(header, body), tmp_path)


@pytest.mark.parametrize("value", [1, None, True, ["1"], {"a": "b"}, 1.5])
@pytest.mark.parametrize("key", ["format_version", "config", "image_shape", "card", "class_names"])
def test_descriptions_must_be_texts(key: str, value: object, tmp_path: Path) -> None:
    refusal(with_metadata(**{key: value}), tmp_path)


@pytest.mark.parametrize(
    "value", ["", "{", "NaN", "3", "[" * 100_000, '{"a":' * 90_000, "9" * 5000]
)
@pytest.mark.parametrize("key", ["config", "image_shape", "card", "class_names"])
def test_descriptions_that_are_no_json_or_a_bomb(key: str, value: str, tmp_path: Path) -> None:
    refusal(with_metadata(**{key: value}), tmp_path)


@pytest.mark.parametrize(
    "shape",
    ["[]", "[1, 8]", "[1, 8, 8, 1]", "[0, 8, 8]", "[2, 8, 8]", "[1, -8, -8]", "[1, 8.0, 8]",
     "[true, 8, 8]", '["1", 8, 8]', "[3, 100000, 100000]", f"[1, {10**40}, 8]", "{}"],
)  # fmt: skip
def test_impossible_image_shapes(shape: str, tmp_path: Path) -> None:
    assert "image shape is impossible" in refusal(with_metadata(image_shape=shape), tmp_path)


def test_images_too_large_to_decode_for_a_class(tmp_path: Path) -> None:
    sentence = refusal(with_metadata(image_shape="[3, 512, 512]"), tmp_path)
    assert "images are 512 x 512" in sentence
    assert "256 x 256" in sentence


@pytest.mark.parametrize(
    "change",
    [
        {"bottleneck": {"latent_dim": 10**9}},
        {"bottleneck": {"latent_dim": 0}},
        {"network": {"hidden": [10**9]}},
        {"network": {"hidden": [8192] * 12}, "bottleneck": {"latent_dim": 4096}},
        {"network": {"kind": "conv", "channels": [8192] * 3, "residual": 8}},
        {"network": {"unknown": 1}},
        {"training": {"lr": "fast"}},
    ],
)
def test_configurations_out_of_bounds(change: dict[str, Any], tmp_path: Path) -> None:
    refusal(with_metadata(config=json.dumps(change)), tmp_path)


def test_a_description_of_another_network(tmp_path: Path) -> None:
    other = model(**{"bottleneck.latent_dim": D + 1}).config.to_json()
    assert "does not match its own description" in refusal(with_metadata(config=other), tmp_path)


def test_no_memory_is_asked_for_before_the_checks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A large network that is described but not in the file is refused without being built."""
    built: list[str] = []
    monkeypatch.setattr(Autoencoder, "load_state_dict", lambda *args: built.append("weights"))
    real = torch.nn.Linear.reset_parameters

    def seen(layer: torch.nn.Linear) -> None:
        built.append(layer.weight.device.type)
        real(layer)

    monkeypatch.setattr(torch.nn.Linear, "reset_parameters", seen)
    large = RunConfig(network=NetworkConfig(hidden=(8192, 4096))).to_json()
    data = with_metadata(config=large)
    built.clear()
    assert "does not match its own description" in refusal(data, tmp_path)
    assert set(built) == {"meta"}


# ---- weights -----------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_weights_that_are_not_numbers(value: float, tmp_path: Path) -> None:
    def spoil(tensors: dict[str, torch.Tensor]) -> None:
        tensors["model.trunk.1.weight"][3, 4] = value

    sentence = refusal(with_tensors(spoil), tmp_path)
    assert "has weights that are not finite (trunk.1.weight)" in sentence


def test_doubles_beyond_single_precision(tmp_path: Path) -> None:
    def spoil(tensors: dict[str, torch.Tensor]) -> None:
        tensors["model.trunk.1.weight"] = tensors["model.trunk.1.weight"].double().fill_(1e300)

    assert "are not finite" in refusal(with_tensors(spoil), tmp_path)


WEIGHT = "model.trunk.1.weight"


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.pop(WEIGHT),
        lambda t: t.update({"model.extra": torch.zeros(1)}),
        lambda t: t.update({WEIGHT: t[WEIGHT].T.contiguous()}),
        lambda t: t.update({WEIGHT: t[WEIGHT][:, :-1].contiguous()}),
        lambda t: t.update({WEIGHT: t[WEIGHT].flatten()}),
        lambda t: t.update({WEIGHT: torch.zeros(0)}),
        lambda t: t.update({WEIGHT: t[WEIGHT].to(torch.int32)}),
        lambda t: t.update({WEIGHT: t[WEIGHT].to(torch.bool)}),
        lambda t: t.update({WEIGHT: t[WEIGHT].to(torch.complex64)}),
        lambda t: t.update({WEIGHT: t[WEIGHT].to(torch.float8_e4m3fn)}),
        lambda t: t.update({"model.trunk.2.num_batches_tracked": torch.tensor(0.5)}),
    ],
    ids=["missing", "extra", "transposed", "narrower", "flat", "empty", "int", "bool", "complex",
         "float8", "counter"],
)  # fmt: skip
def test_weights_of_another_shape_or_kind(
    change: Callable[[dict[str, torch.Tensor]], None], tmp_path: Path
) -> None:
    assert "does not match its own description" in refusal(with_tensors(change), tmp_path)


def test_a_key_twice_is_refused_as_readers_disagree_on_it(tmp_path: Path) -> None:
    header, body = split(whole())
    twice = json.dumps(header)[:-1] + f', "{WEIGHT}": ' + json.dumps(header[WEIGHT]) + "}"
    assert "header is damaged" in refusal(joined(twice.encode(), body), tmp_path)


def test_tensors_that_overlap(tmp_path: Path) -> None:
    """Offsets that all point at the same few bytes would make a small file fill the memory."""
    header, body = split(whole())
    header["gallery.pca"]["data_offsets"] = header["gallery.tsne"]["data_offsets"]
    assert "damaged or truncated" in refusal(joined(header, body), tmp_path)


@pytest.mark.parametrize("offsets", [[0, 10**18], [-1, 4], [8, 4], ["0", "4"], None, []])
def test_offsets_that_lie(offsets: object, tmp_path: Path) -> None:
    header, body = split(whole())
    header[WEIGHT]["data_offsets"] = offsets
    refusal(joined(header, body), tmp_path)


# ---- the gallery -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.pop("gallery.labels"),
        lambda t: t.pop("gallery.sprite"),
        lambda t: t.pop("gallery.pca"),
        lambda t: t.update({"gallery.latents": torch.zeros(N, D + 1)}),
        lambda t: t.update({"gallery.latents": torch.zeros(N + 1, D)}),
        lambda t: t.update({"gallery.latents": torch.zeros(0, D)}),
        lambda t: t.update({"gallery.latents": torch.zeros(N * D)}),
        lambda t: t.update({"gallery.latents": torch.tensor(1.0)}),
        lambda t: t.update({"gallery.latents": torch.full((N, D), float("nan"))}),
        lambda t: t.update({"gallery.logvar": torch.full((N, D), float("inf"))}),
        lambda t: t.update({"gallery.pca": torch.zeros(N, 3)}),
        lambda t: t.update({"gallery.tsne": torch.zeros(N - 1, 2)}),
        lambda t: t.update({"gallery.umap": torch.zeros(N, 3)}),
        lambda t: t.update({"gallery.umap": torch.full((N, 2), torch.nan)}),
        lambda t: t.update({"gallery.umap": torch.zeros(N, 2, dtype=torch.int64)}),
        lambda t: t.update({"gallery.labels": torch.full((N,), 3, dtype=torch.int16)}),
        lambda t: t.update({"gallery.labels": torch.full((N,), -1, dtype=torch.int16)}),
        lambda t: t.update({"gallery.labels": torch.zeros(N)}),
        lambda t: t.update({"gallery.labels": torch.zeros(N, 1, dtype=torch.int16)}),
        lambda t: t.update({"gallery.sprite": torch.zeros(50)}),
        lambda t: t.update({"gallery.sprite": torch.zeros(5, 10, dtype=torch.uint8)}),
    ],
)
def test_galleries_that_do_not_fit(
    change: Callable[[dict[str, torch.Tensor]], None], tmp_path: Path
) -> None:
    assert "gallery is damaged" in refusal(with_tensors(change), tmp_path)


def test_a_gallery_of_too_many_images(tmp_path: Path) -> None:
    n = checkpoint.MAX_GALLERY + 1
    large = gallery(
        latents=torch.zeros(n, D), labels=torch.zeros(n), pca=torch.zeros(n, 2), tsne=None,
        logvar=None,
    )  # fmt: skip
    sentence = refusal(checkpoint.to_bytes(model(), {}, large), tmp_path)
    assert f"it has {n} images" in sentence


@pytest.mark.parametrize("names", ["[]", "[1, 2, 3]", '["a", "b", null]', '{"0": "a"}', '"abc"'])
def test_class_names_that_do_not_fit(names: str, tmp_path: Path) -> None:
    assert "gallery is damaged" in refusal(with_metadata(class_names=names), tmp_path)


def test_a_class_name_may_not_be_a_novel(tmp_path: Path) -> None:
    refusal(with_metadata(class_names=json.dumps(["a", "b", "c" * 81])), tmp_path)


# ---- anything at all ---------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(8))
def test_mutated_files_load_or_give_a_sentence(seed: int, tmp_path: Path) -> None:
    """Flips of a few bytes, mostly in the header: 50 files per seed."""
    rng = random.Random(seed)
    data = whole()
    header_end = len(data) - len(split(data)[1])
    path = tmp_path / "m.safetensors"
    for _ in range(50):
        mutated = bytearray(data)
        for _ in range(rng.choice((1, 1, 2, 8))):
            where = rng.randrange(header_end if rng.random() < 0.9 else len(data))
            mutated[where] = rng.choice((rng.randrange(256), *b'09"{}[],:-e'))
        path.write_bytes(mutated)
        try:
            loaded = checkpoint.load(path)
        except UserError as error:
            sentence = str(error)
        else:
            sentence = "."
            values = loaded.model(torch.zeros(1, *loaded.model.image_shape)).raw
            assert values.shape[0] == 1
        assert sentence.endswith(".")
        assert "\n" not in sentence
