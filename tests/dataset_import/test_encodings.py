"""Names in zips without a declared encoding: no class is merged, and no letter is lost."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from upload_tools import SMALL, made, picture, two_classes, zipped

from aeviz import images
from aeviz.dataset_import import encodings, names
from aeviz.datasets import custom


def zip_in(page: str, *folders: str) -> bytes:
    """A zip of 12 images in each folder, their names in this code page and without a flag."""
    buffer = io.BytesIO()
    raw = {}
    with zipfile.ZipFile(buffer, "w") as archive:
        for number, folder in enumerate(folders):
            for i in range(12):
                name = f"{folder}/{i}.png".encode(page)
                stand_in = f"{number:0{len(name) - 3}d}{i:03d}".encode()
                raw[stand_in] = name
                archive.writestr(stand_in.decode(), picture(100 * number + i))
    data = buffer.getvalue()
    for stand_in, name in raw.items():
        data = data.replace(stand_in, name)
    return data


@pytest.mark.parametrize(
    ("page", "folders"),
    [
        ("utf-8", ("äpfel", "öl")),
        ("utf-8", ("a\u0308pfel", "o\u0308l")),  # as macOS spells them
        ("utf-8", ("猫", "狗")),
        ("gbk", ("猫", "狗")),
        ("gbk", ("苹果", "香蕉", "梨")),
        ("gbk", ("汽车", "飞机", "轮船", "火车")),
        ("gbk", ("数字3", "数字8")),
        ("cp932", ("猫", "犬")),
        ("cp932", ("りんご", "バナナ")),
        ("cp932", ("東京", "大阪", "京都")),
        ("cp932", ("ねこ_01", "いぬ_02")),
        ("cp1252", ("Äpfel", "Öl")),
        ("cp1252", ("café", "thé")),
        ("cp1252", ("Größe", "Maß")),
        ("cp1252", ("niño", "año")),
        ("cp1252", ("élève", "garçon")),
        ("cp437", ("äpfel", "öl")),
        ("cp850", ("Äpfel", "Öl", "Straße")),
        ("cp1251", ("кошка", "собака")),
        ("cp866", ("кошка", "собака")),
        ("cp866", ("Яблоки", "Груши")),
        ("cp866", ("трава", "телефон")),
        ("big5", ("貓", "狗")),
        ("big5", ("蘋果", "香蕉", "梨")),
        ("big5", ("汽車", "飛機", "輪船")),
        ("cp949", ("고양이", "개")),
        ("cp949", ("사과", "바나나", "포도")),
        ("cp949", ("정상", "비정상")),
        ("cp1253", ("γάτα", "σκύλος")),
        ("cp1253", ("Μήλο", "Άλογο")),
        ("iso8859_7", ("Γάτα", "Άλογο")),
        ("cp737", ("γάτα", "σκύλος")),
    ],
)
def test_the_code_page_is_found(tmp_path: Path, page: str, folders: tuple[str, ...]) -> None:
    name, left_out = made(tmp_path, {"a.zip": zip_in(page, *folders)})
    assert len(left_out) == 0
    expected = {names.class_name(folder) for folder in folders}
    assert set(custom.description(name).class_names) == expected


@pytest.mark.parametrize(
    ("page", "folders"), [("cp1256", ("قطة", "كلب")), ("koi8_r", ("кошка", "собака"))]
)
def test_what_is_not_known_is_not_merged(
    tmp_path: Path, page: str, folders: tuple[str, ...]
) -> None:
    """Letters of unknown code pages come out wrong, but folders stay separate."""
    name, _ = made(tmp_path, {"a.zip": zip_in(page, *folders)})
    assert len(custom.description(name).class_names) == 2


def test_the_flag_and_the_extra_field_go_first() -> None:
    entry = zipfile.ZipInfo("─pfel/1.png")
    raw = b"\xc4pfel/1.png"
    name = "鱼/1.png".encode()
    body = struct.pack("<BI", 1, zlib.crc32(raw)) + name
    entry.extra = struct.pack("<HH", 0x7075, len(body)) + body
    assert encodings.paths([entry]) == ["鱼/1.png"]
    entry.extra = struct.pack("<HH", 0x7075, len(body)) + body.replace(raw[:1], b"x")[:5] + b"zz"
    entry.flag_bits = 0x800
    assert encodings.paths([entry]) == ["─pfel/1.png"]


def test_folders_that_differ_in_signs_alone_stay_apart() -> None:
    paths = ["a/★/1.png", "a/☆/1.png", "a/" + "x" * 50 + "1/1.png", "a/" + "x" * 50 + "2/1.png"]
    found = names.classes(paths, "folder")
    assert len(set(found)) == 4
    assert all(len(name) <= custom.LONGEST_CLASS for name in found)
    assert names.classes(["c++/1.png", "c#/1.png", "c/1.png"], "folder") == ["c++", "c#", "c"]
    assert names.classes(["cats (2)/1.png", "cats (1)/1.png"], "top") == ["cats (2)", "cats (1)"]
    assert names.classes(["one/cats/1.png", "two/cats/1.png"], "folder") == ["cats", "cats"]


def test_a_table_beside_the_folders_is_no_class(tmp_path: Path) -> None:
    inner = {f"data/{path}": content for path, content in two_classes().items()}
    files = inner | {"labels.csv": b"1,2", "README.md": b"x"}
    recipe = replace(SMALL, labels="top")
    name, left_out = made(tmp_path, {"a.zip": zipped(files)}, recipe)
    assert custom.description(name).class_names == ("cats", "dogs")
    assert left_out.reasons == {images.NOT_AN_IMAGE: 2}
