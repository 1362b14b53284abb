"""From files to a data set: what is in it, what is left out and why."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from upload_tools import SMALL, made, picture, plain, reasons, sent, sorted_out, two_classes, zipped

from aeviz import datasets, images
from aeviz.dataset_import import build as building
from aeviz.dataset_import import names, upload_format
from aeviz.dataset_import.build import Recipe, build, contents, share_out
from aeviz.datasets import custom, custom_images
from aeviz.errors import UserError
from aeviz.io import paths as folders


def test_a_zip_with_two_folders_is_a_data_set_of_two_classes(tmp_path: Path) -> None:
    name, left_out = made(tmp_path, {"animals.zip": zipped(two_classes())})
    assert len(left_out) == 0
    source = datasets.find(name)
    assert source.class_names == ("cats", "dogs")
    assert source.image_shape == (1, 16, 16)
    assert source.own
    dataset = datasets.load(name)
    assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == source.counts
    assert source.counts == (20, 2, 2)
    for split in (dataset.validation, dataset.test):
        assert sorted(split.labels.tolist()) == [0, 1]
    assert name in datasets.table()


def test_the_pixels_are_those_of_the_picture(tmp_path: Path) -> None:
    """Images of one grey keep that grey when they are resized."""
    files = {f"a/{i}.png": plain(10 * i, (30, 17)) for i in range(12)}
    files |= {f"b/{i}.png": plain(10 * i + 5, (16, 16)) for i in range(12)}
    for fit in building.FITS:
        name, _ = made(tmp_path, files, Recipe("Greys", 16, False, fit))
        _, images, labels = custom_images.load(folders.datasets_dir() / name / "data.safetensors")
        values = [10 * i for i in range(12)] + [10 * i + 5 for i in range(12)]
        assert images.flatten(1).float().mean(1).tolist() == values
        assert images.flatten(1).float().std(1).max() == 0
        assert labels.tolist() == [0] * 12 + [1] * 12


def test_the_three_ways_to_a_square() -> None:
    """A picture twice as wide as high, black, white, white, black from left to right."""
    pixels = np.repeat(np.array([0, 255, 255, 0], np.uint8), 16)[None].repeat(32, 0)
    decoded = building.Decoded(pixels[:, :, None], None, ())

    def columns(fit: str) -> list[float]:
        x = building.fitted(decoded, Recipe("x", 32, False, fit))  # type: ignore[arg-type]
        return x[0, 16, [3, 12, 19, 28]].tolist()

    assert columns("cover") == [255, 255, 255, 255]
    assert columns("stretch") == [0, 255, 255, 0]
    padded = building.fitted(decoded, Recipe("x", 32, False, "contain"))[0]
    assert padded[16, [3, 12, 19, 28]].tolist() == [0, 255, 255, 0]
    assert padded[0].tolist() == [int(np.median(np.r_[pixels[0], pixels[-1], np.zeros(64)]))] * 32


def test_grey_and_colour_may_be_mixed(tmp_path: Path) -> None:
    modes = ("RGB", "L", "1", "RGBA", "P", "CMYK")
    files = {
        f"{i}.{'tiff' if mode == 'CMYK' else 'png'}": picture(
            i, kind="TIFF" if mode == "CMYK" else "PNG", mode=mode
        )
        for i, mode in enumerate(modes * 4)
    }
    for colour, channels in ((True, 3), (False, 1)):
        name, left_out = made(tmp_path, files, Recipe("Mixed", 16, colour))
        assert len(left_out) == 0
        assert datasets.load(name).train.images.shape[1] == channels


def test_what_systems_leave_behind_is_left_out_quietly(tmp_path: Path) -> None:
    files = two_classes() | {
        "__MACOSX/cats/._0.png": b"x",
        "cats/.DS_Store": b"x",
        "dogs/Thumbs.db": b"x",
        ".hidden/1.png": picture(5),
    }
    left_out = sorted_out(tmp_path, {"a.zip": zipped(files)})
    assert (len(left_out), left_out.quiet) == (0, 4)


def test_each_file_that_cannot_be_used_has_one_reason(tmp_path: Path) -> None:
    gif = io.BytesIO()
    frames = [Image.new("L", (20, 20), v) for v in (10, 90)]
    frames[0].save(gif, "GIF", save_all=True, append_images=frames[1:])
    files = two_classes() | {
        "cats/empty.png": b"",
        "cats/labels.csv": b"name,label\n0.png,cat\n",
        "cats/more.zip": zipped({"a.png": picture(1)}),
        "cats/cut.png": picture(70)[:200],
        "cats/again.png": picture(3),
        "cats/film.gif": gif.getvalue(),
        "birds/text.txt": b"tweet",
        "bees/bee.png": b"hum",
    }
    name, left_out = made(tmp_path, {"a.zip": zipped(files)})
    said = reasons(left_out)
    assert said["a/cats/empty.png"] == "This file is empty."
    assert said["a/cats/labels.csv"] == images.NOT_AN_IMAGE
    assert said["a/cats/more.zip"] == "This is a ZIP archive or a document: unpack it first."
    assert "incomplete" in said["a/cats/cut.png"]
    assert said["a/cats/again.png"] == building.COPY
    assert said["a/birds/text.txt"] == images.NOT_AN_IMAGE
    assert "birds" not in said  # which is no class
    assert said["bees"] == "No image in this class could be used."
    assert len(said) == len(left_out) == 8
    kept = custom.description(name)
    assert kept.class_names == ("cats", "dogs")
    assert kept.counts == (13, 12)
    assert kept.left_out == tuple(left_out.listed)
    assert kept.notes == {"Only the first frame is used.": 1}


def saved(pixels: np.ndarray, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("side", [16, 20])
def test_twins_by_pixels_are_left_out_whatever_their_files(tmp_path: Path, side: int) -> None:
    files = two_classes()
    for i in range(12):
        pixels = np.array(Image.open(io.BytesIO(files[f"cats/{i}.png"])))
        files[f"cats/{i}-copy.bmp"] = saved(pixels, "BMP")
        files[f"cats/{i}-more.webp"] = saved(pixels, "WEBP", lossless=True)
        files[f"dogs/{i}-less.png"] = saved(pixels, "PNG", compress_level=0)
    grey = np.arange(400, dtype=np.uint8).reshape(20, 20) // 2
    files |= {"cats/g.png": saved(grey, "PNG")}
    files |= {"cats/h.tif": saved(np.stack([grey] * 3, axis=2), "TIFF")}
    name, left_out = made(tmp_path, files, Recipe("Test", side=side, colour=True))
    assert left_out.reasons == {building.COPY: 37}
    assert custom.description(name).counts == (13, 12)


def test_images_that_become_one_at_this_size_are_said_and_kept_once(tmp_path: Path) -> None:
    files = two_classes() | {f"cats/w{n}.png": plain(255, (n, n)) for n in (20, 21, 22)}
    name, left_out = made(tmp_path, files)
    assert left_out.reasons == {building.SAME_AT_THIS_SIZE: 2}
    splits = datasets.load(name)
    parts = [splits.train, splits.validation, splits.test]
    seen = [image.numpy().tobytes() for part in parts for image in part.images]
    assert len(set(seen)) == len(seen) == 25


def test_an_image_above_sixteen_megapixels_is_left_out(tmp_path: Path) -> None:
    files = two_classes() | {
        "cats/a.png": plain(1, (4000, 4001)),
        "cats/b.png": plain(2, (4000, 4000)),
    }
    _, left_out = made(tmp_path, files)
    assert left_out.listed == [
        (
            "cats/a.png",
            "This image has 4,000 x 4,001 pixels, more than the 16 million allowed; "
            "make it smaller and try again.",
        )
    ]


def test_a_file_that_unpacks_to_too_much_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "MAX_FILE", 4 << 20)
    bomb = zipped(two_classes() | {"cats/bomb.png": bytes(64 << 20)})
    assert len(bomb) < 200_000
    _, left_out = made(tmp_path, {"a.zip": bomb})
    assert reasons(left_out) == {"a/cats/bomb.png": "This file is larger than 4 MiB."}


def test_what_all_files_of_a_zip_unpack_to_is_bounded() -> None:
    """Even for a small zip: entries after the bound are not opened."""
    archive = io.BytesIO(zipped({f"{i}.bin": bytes([i]) * 1000 for i in range(5)}))
    reader = building.Reader(unpacked=2500)
    with upload_format.from_zip("a.zip", archive) as items:
        said = []
        for item in items:
            with pytest.raises(UserError) as error:
                reader.read(item)
            said.append(str(error.value))
    assert [text.startswith("This is not an image") for text in said] == [True] * 3 + [False] * 2
    assert said[3] == said[4] == "The files unpacked before this one reach the limit."


def test_fewer_than_twenty_images_are_a_sentence(tmp_path: Path) -> None:
    for count, said in ((0, "There is no image"), (1, "only 1 image "), (19, "only 19 images")):
        files = {f"a/{i}.png": picture(i) for i in range(count)} | {"a/x.txt": b"no"}
        with pytest.raises(UserError, match=said):
            made(tmp_path, files)
    assert datasets.table() == datasets.DATASETS
    assert made(tmp_path, {f"a/{i}.png": picture(i) for i in range(20)})


def test_one_class_or_none_is_enough(tmp_path: Path) -> None:
    one, _ = made(tmp_path, {f"cats/{i}.png": picture(i) for i in range(20)})
    none, _ = made(tmp_path, {f"{i}.png": picture(i) for i in range(20)})
    unasked, _ = made(tmp_path, two_classes(), Recipe("x", 16, labels="none"))
    assert datasets.find(one).class_names == ("cats",)
    assert datasets.find(none).class_names == ("images",)
    assert datasets.find(unasked).class_names == ("images",)
    assert "no classes" in datasets.find(none).description


def test_too_many_classes_are_a_sentence(tmp_path: Path) -> None:
    files = {f"{i}/a.png": picture(i) for i in range(101)}
    with pytest.raises(UserError, match="are in 101 folders, but there can be at most 100 classes"):
        made(tmp_path, files)
    name, _ = made(tmp_path, files, Recipe("x", 16, labels="none"))
    assert sum(datasets.find(name).counts) == 101


def test_of_too_many_images_every_class_gives_its_share(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(custom, "MOST", 24)
    files = {f"a/{i}.png": picture(i) for i in range(40)}
    files |= {f"b/{i}.png": picture(100 + i) for i in range(5)}
    name, left_out = made(tmp_path, files)
    assert custom.description(name).counts == (19, 5)
    full = "The data set has 24 images of this size, the most that it can have."
    assert left_out.reasons == {full: 21}
    assert left_out.listed[0][0] == "a/19.png"


def test_sharing_out_by_hand() -> None:
    assert share_out(list("aaab"), 4) == [0, 1, 2, 3]
    assert share_out(list("aaaab"), 3) == [0, 1, 4]
    assert share_out(list("aaaabb"), 4) == [0, 1, 4, 5]
    assert share_out([], 3) == []


def test_larger_images_are_fewer() -> None:
    assert Recipe("x", 64, True).max_images == 20_000
    assert Recipe("x", 128, False).max_images == 16_384
    assert Recipe("x", 128, True).max_images == 5_461


@pytest.mark.parametrize(
    "wrong",
    [
        {"side": 15},
        {"side": 129},
        {"fit": "tile"},
        {"labels": "mine"},
        {"title": " "},
        {"title": "x" * 61},
        {"title": "a\u202eb"},
    ],
)
def test_a_recipe_that_cannot_be_is_a_sentence(wrong: dict[str, object]) -> None:
    with pytest.raises(UserError):
        Recipe(**wrong)  # type: ignore[arg-type]


def test_cancelled_it_leaves_nothing(tmp_path: Path, datasets_dir: Path) -> None:
    asked = iter([False] * 5 + [True] * 100)
    with upload_format.opened(sent(tmp_path, two_classes())) as items:
        assert build(contents(items), SMALL, cancelled=lambda: next(asked)) is None
    assert not datasets_dir.exists()


def test_progress_rises_to_one(tmp_path: Path) -> None:
    heard: list[float] = []
    with upload_format.opened(sent(tmp_path, two_classes())) as items:
        build(contents(items), SMALL, lambda share, text: heard.append(share))
    assert heard == sorted(heard)
    assert (heard[0], heard[-1]) == (0.0, 1.0)


def test_one_image_at_a_time_lies_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The full-size pixels of an image are released before the next one is read."""
    import weakref

    alive: list[weakref.ref[np.ndarray]] = []
    decode = building.images.decode

    def watched(data: bytes, **options: Any) -> building.Decoded:
        assert sum(ref() is not None for ref in alive) <= 1
        decoded = decode(data, **options)
        alive.append(weakref.ref(decoded.pixels))
        return decoded

    monkeypatch.setattr(building.images, "decode", watched)
    made(tmp_path, two_classes())
    assert len(alive) == 24


def test_several_zips_and_files_at_once(tmp_path: Path) -> None:
    files = {
        "cats.zip": zipped({f"{i}.png": picture(i) for i in range(12)}),
        "dogs.ZIP": zipped({f"{i}.png": picture(50 + i) for i in range(12)}),
        "mouse.png": picture(99),
        "bad.zip": zipped({"a.png": picture(1)})[:60],
    }
    name, left_out = made(tmp_path, files)
    assert datasets.find(name).class_names == ("cats", "dogs", "images")
    assert reasons(left_out)["bad.zip"].startswith("This ZIP archive is damaged or incomplete")


def test_a_folder_on_the_disk(tmp_path: Path) -> None:
    for path, content in two_classes().items():
        file = tmp_path / "animals" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    with upload_format.on_disk([tmp_path / "animals"]) as items:
        found = contents(items)
        assert found.counts("folder") == {"cats": 12, "dogs": 12}
        assert found.counts("top") == {"cats": 12, "dogs": 12}
        assert found.counts("none") == {"images": 24}


def test_the_same_images_make_the_same_splits(tmp_path: Path) -> None:
    one, two = (datasets.load(made(tmp_path, two_classes())[0]) for _ in range(2))
    assert torch.equal(one.train.images, two.train.images)
    assert one.sha256 == two.sha256


def test_classes_of_paths() -> None:
    paths = ["animals/cats/old/1.png", "animals/dogs/1.png", "animals/2.png"]
    assert names.classes(paths, "folder") == ["old", "dogs", "animals"]
    assert names.classes(paths, "top") == ["cats", "dogs", "images"]
    assert names.classes(["a/b/1.png", "a/b/2.png"], "top") == ["b", "b"]
    assert names.classes(["1.png", "x/2.png"], "top") == ["images", "x"]
    assert names.classes([], "top") == []


def test_names_from_outside_are_made_plain() -> None:
    assert names.parts("C:\\..\\a/./../b//c.png") == ["C:", "a", "b", "c.png"]
    assert names.shown("a\0b\u202e\nc/<b>.png") == "a b c/<b>.png"
    assert len(names.shown("x" * 300)) <= names.LONGEST
    assert names.shown("\0") == "a file without a name"
    assert names.class_name("<script>alert(1)</script>") == "script alert(1) script"
    assert names.class_name("..") == names.class_name("\u202e") == "images"
    assert len(names.class_name("y" * 300)) == custom.LONGEST_CLASS
    assert names.class_name("Ä\u0308pfel 🍎") == "Ä̈pfel"
    assert names.in_order({"10", "2", "b", "B", "a1", "a02"}) == ["2", "10", "a1", "a02", "B", "b"]
