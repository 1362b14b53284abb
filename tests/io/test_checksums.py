"""Files with a checksum: a changed byte is detected."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
import safetensors.torch
import torch
from safetensors import safe_open

from aeviz.errors import UserError
from aeviz.io import checksums

TENSORS = {"a": torch.arange(5.0), "b": torch.tensor([[1, 2]], dtype=torch.uint8)}
METADATA = {"said": 'sha256":"' + "0" * 64, "position": '{"epoch": 3}'}
"""The first one imitates the position of the checksum."""


def sound(data: bytes, path: Path) -> bool:
    path.write_bytes(data)
    try:
        checksums.check(path, "It is damaged.")
    except UserError:
        return False
    return True


def test_the_sum_is_that_of_the_file_with_zeros_in_its_place(tmp_path: Path) -> None:
    data = checksums.save(TENSORS, METADATA)
    said = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"]["sha256"]
    assert hashlib.sha256(data.replace(said.encode(), b"0" * 64)).hexdigest() == said
    assert sound(data, tmp_path / "file")


def test_any_reader_of_safetensors_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "file.safetensors"
    path.write_bytes(checksums.save(TENSORS, METADATA))
    with safe_open(path, framework="pt") as file:
        assert {k: v for k, v in file.metadata().items() if k != "sha256"} == METADATA
        assert all(torch.equal(file.get_tensor(key), TENSORS[key]) for key in TENSORS)


def test_every_flipped_bit_is_seen_wherever_it_is(tmp_path: Path) -> None:
    data = checksums.save(TENSORS, METADATA)
    name = range(data.index(b'"sha256":"'), data.index(b'"sha256":"') + 10)
    for place in set(range(len(data))) - set(name):  # without this key it is unchecked
        for bit in range(8):
            flipped = bytearray(data)
            flipped[place] ^= 1 << bit
            if place < 8 and sound(flipped, tmp_path / "file"):
                with pytest.raises(safetensors.SafetensorError):  # a length that leads elsewhere
                    safetensors.torch.load(bytes(flipped))
            else:
                assert not sound(flipped, tmp_path / "file"), place


@pytest.mark.parametrize("kept", [0, 7, 8, 100, -1])
def test_a_cut_off_file(kept: int, tmp_path: Path) -> None:
    data = checksums.save(TENSORS, METADATA)[:kept]
    if sound(data, tmp_path / "file"):  # the sum itself is cut off
        with pytest.raises(safetensors.SafetensorError):
            safetensors.torch.load(data)


def test_a_file_without_a_sum_has_nothing_to_check(tmp_path: Path) -> None:
    assert sound(safetensors.torch.save(TENSORS, METADATA), tmp_path / "file")
    assert sound(safetensors.torch.save(TENSORS), tmp_path / "file")


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^It is damaged\.$"):
        checksums.check(tmp_path / "gone", "It is damaged.")
