"""Zips from strangers: bombs, tricks with paths, links, passwords, and many mutated ones."""

from __future__ import annotations

import io
import struct
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from upload_tools import made, picture, reasons, sent, sorted_out, two_classes, zipped

from aeviz.dataset_import import build as building
from aeviz.dataset_import import upload_format, zip_archive
from aeviz.dataset_import.build import Reader, contents
from aeviz.datasets import custom
from aeviz.errors import UserError


def entry(name: str, mode: int = 0o100644, system: int = 3) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = system, mode << 16
    return info


def read_all(data: bytes) -> list[object]:
    """For each file in the zip: the shape of the image, or the reason for leaving it out."""
    reader, said = Reader(), []
    with upload_format.from_zip("z.zip", io.BytesIO(data)) as items:
        found = contents(items)
        said += [why for _, why in found.left_out.listed]
        for item in found.items:
            try:
                said.append(reader.read(item).pixels.shape)
            except UserError as error:
                said.append(str(error))
    return said


@pytest.mark.parametrize(
    "name",
    [
        "../../evil/1.png",
        "/etc/evil/1.png",
        "C:\\evil\\1.png",
        "..\\..\\evil\\1.png",
        "evil/" + "x" * 300 + ".png",
        "evil/<img src=x onerror=alert(1)>.png",
        "evil/con.png",
        "evil/\u202egnp.1.png",
    ],
)
def test_tricks_with_paths_name_a_class_at_most(tmp_path: Path, name: str) -> None:
    before = sorted(tmp_path.parent.rglob("*"))
    files = two_classes() | {name: picture(77)}
    made_name, left_out = made(tmp_path, {"a.zip": zipped(files)})
    assert len(left_out) == 0
    assert custom.description(made_name).class_names == ("cats", "dogs", "evil")
    new = set(tmp_path.parent.rglob("*")) - set(before)
    allowed = {"datasets", made_name, "data.safetensors", "parcel"}
    assert {path.name for path in new} == allowed
    assert not Path("/etc/evil").exists()


def test_a_name_is_cut_at_a_nul_and_read_once(tmp_path: Path) -> None:
    data = zipped(two_classes() | {"cats/Z.png": picture(5000), "cats/0.pngX": picture(5001)})
    data = data.replace(b"cats/0.pngX", b"cats/0.png\0")
    _, left_out = made(tmp_path, {"a.zip": data})
    assert list(reasons(left_out)) == ["a/cats/0.png"]


def test_a_link_is_left_out(tmp_path: Path) -> None:
    pairs: list[tuple[str | zipfile.ZipInfo, bytes]] = [
        (name, content) for name, content in two_classes().items()
    ]
    pairs.append((entry("cats/link.png", 0o120777), b"/etc/passwd"))
    pairs.append((entry("cats/pipe.png", 0o010644), b""))
    left_out = sorted_out(tmp_path, {"a.zip": zipped(pairs)})
    assert reasons(left_out) == {
        "a/cats/link.png": "This is a link, not an image.",
        "a/cats/pipe.png": "This is not an ordinary file.",
    }


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_of_two_files_of_one_name_the_first_counts(tmp_path: Path) -> None:
    pairs: list[tuple[str | zipfile.ZipInfo, bytes]] = list(two_classes().items())
    pairs.append(("cats/0.png", picture(9999)))
    name, left_out = made(tmp_path, {"a.zip": zipped(pairs)})
    assert left_out.listed == [("a/cats/0.png", building.SAME_NAME)]
    assert custom.description(name).counts == (12, 12)


def test_a_password_is_a_reason() -> None:
    data = bytearray(zipped({"a.png": picture(1)}))
    data[6] |= 1  # the local header's flag, and the list's
    data[data.index(b"PK\1\2") + 8] |= 1
    assert read_all(bytes(data)) == ["This file is protected by a password."]


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_ways_of_packing_are_a_reason(method: int) -> None:
    """Their decompressors unpack without a bound."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr("a.png", bytes(10_000_000))
    assert read_all(buffer.getvalue()) == [
        "This file is compressed in a way that cannot be read here."
    ]


def test_a_size_that_lies_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry that declares 10 bytes and unpacks to 50 MB: refused without unpacking it all."""
    data = bytearray(zipped({"a.png": bytes(50_000_000)}))
    at = data.index(b"PK\1\2")
    struct.pack_into("<I", data, at + 24, 10)
    assert read_all(bytes(data)) == ["This file is damaged inside the ZIP archive."]
    struct.pack_into("<I", data, at + 24, 0xFFFFFFF0)
    monkeypatch.setattr(building, "MAX_FILE", 1 << 20)
    assert read_all(bytes(data)) == ["This file is larger than 1 MiB."]


def test_a_list_longer_than_is_read_is_a_sentence() -> None:
    """The zip declares the length of its list; no more memory is used than a list may need."""

    class Asked(io.BytesIO):
        most = 0

        def read(self, size: int | None = -1, /) -> bytes:
            self.most = max(self.most, size or 0)
            return super().read(size)

    data = bytearray(zipped({"a.png": picture(1)}) + bytes(0))
    end = data.index(b"PK\5\6")
    padded = bytes(zip_archive.MAX_DIRECTORY + 100) + bytes(data[:end])
    tail = bytearray(data[end:])
    struct.pack_into("<II", tail, 12, zip_archive.MAX_DIRECTORY + 50, 0)
    file = Asked(padded + bytes(tail))
    with pytest.raises(UserError, match="too many files"), zip_archive.opened(file):
        pass
    assert file.most <= zip_archive.MAX_DIRECTORY


def test_more_entries_than_are_read_are_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    data = zipped({f"{i}.png": b"" for i in range(30)})
    monkeypatch.setattr(zip_archive, "MAX_ENTRIES", 29)
    with pytest.raises(UserError, match="too many files"), zip_archive.opened(io.BytesIO(data)):
        pass


def test_a_zip_cut_short_or_empty_is_a_sentence() -> None:
    data = zipped(two_classes(3))
    for cut in (4, 30, len(data) // 2, len(data) - 1):
        with (
            pytest.raises(UserError, match="damaged or incomplete"),
            zip_archive.opened(io.BytesIO(data[:cut])),
        ):
            pass
    assert read_all(zipped({})) == []


def test_overlapping_entries_are_bounded() -> None:
    """Many entries that share one packed body, as in the zip bombs of Fifield (2019)."""
    data = bytearray(zipped({"a.png": bytes(1_000_000)}))
    at, end = data.index(b"PK\1\2"), data.index(b"PK\5\6")
    one = bytes(data[at:end])
    tail = bytearray(data[end:])
    struct.pack_into("<HHI", tail, 8, 50, 50, 50 * len(one))
    many = b"".join(one.replace(b"a.png", f"{i:05d}".encode()) for i in range(50))
    reader = Reader(unpacked=3_000_000)
    with upload_format.from_zip(
        "z.zip", io.BytesIO(bytes(data[:at]) + many + bytes(tail))
    ) as items:
        assert len(items) == 50
        for item in items:
            with pytest.raises(UserError):
                reader.read(item)


def test_a_parcel_that_is_not_whole_is_a_sentence(tmp_path: Path) -> None:
    path = sent(tmp_path, {"a.png": picture(1), "b.png": picture(2)})
    whole = path.read_bytes()
    for cut in (1, 11, 14, len(whole) // 3, len(whole) - 1):
        path.write_bytes(whole[:cut])
        with pytest.raises(UserError, match="incomplete"), upload_format.opened(path):
            pass
    for header in (
        upload_format.HEADER.pack(2**32 - 1, 5),
        upload_format.HEADER.pack(1, 2**64 - 1),
    ):
        path.write_bytes(header + whole)
        with pytest.raises(UserError, match="incomplete"), upload_format.opened(path):
            pass
    with (
        pytest.raises(UserError, match="no longer exists"),
        upload_format.opened(tmp_path / "gone"),
    ):
        pass
    path.write_bytes(b"")
    with upload_format.opened(path) as items:
        assert items == []


def test_mutated_zips_end_in_pictures_or_sentences(tmp_path: Path) -> None:
    """Flipped, overwritten, cut and spliced: read within bounds, or refused with a sentence."""
    jpeg = picture(3, kind="JPEG")
    seeds = [
        zipped(two_classes(2)),
        zipped({"a/b.png": picture(1), "c.zip": zipped({"d.png": picture(2)})}),
        zipped([(entry("l", 0o120777), b"x"), (entry("dir/", 0o040755), b""), ("x.jpg", jpeg)]),
    ]
    rng = np.random.default_rng(5)
    numbers = [0, 1, 0x7F, 0xFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 1 << 24]
    ends = {"pictures": 0, "reasons": 0, "refused": 0}
    began = time.process_time()
    for turn in range(600):
        data = bytearray(seeds[turn % len(seeds)])
        # readers follow the headers and the list: half of the changes go there
        places = [i for i in range(len(data) - 4) if data[i : i + 2] == b"PK"]
        for _ in range(int(rng.integers(1, 4))):
            near = int(rng.choice(places)) + int(rng.integers(0, 46))
            at = near if rng.random() < 0.5 else int(rng.integers(0, len(data)))
            match int(rng.integers(0, 4)):
                case 0:
                    data[at % len(data)] ^= 1 << int(rng.integers(0, 8))
                case 1:
                    size = int(rng.choice([2, 4]))
                    value = int(rng.choice(numbers)) % (1 << 8 * size)
                    data[at : at + size] = value.to_bytes(size, "little")
                case 2:
                    del data[at : at + int(rng.integers(1, 30))]
                case 3:
                    data[at:at] = data[: int(rng.integers(1, 60))]
        path = sent(tmp_path, {"z.zip": bytes(data)})
        reader = Reader()
        try:
            with upload_format.opened(path) as items:
                found = contents(items)
                ends["reasons"] += len(found.left_out)
                for item in found.items:
                    try:
                        assert reader.read(item).pixels.dtype == np.uint8
                        ends["pictures"] += 1
                    except UserError:
                        ends["reasons"] += 1
        except UserError:
            ends["refused"] += 1
    assert min(ends["pictures"], ends["reasons"]) > 120
    assert time.process_time() - began < 60  # of work: no file causes an endless loop
