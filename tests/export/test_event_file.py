"""Event files, read back by TensorBoard itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader

from aeviz.export import event_file

ROWS = [
    {"step": 2, "epoch": 0, "loss": 9.5, "recon": 7.5, "kl": 2.0, "penalty": 0.0, "time": 1001.25},
    {
        **{"step": 300, "epoch": 1, "loss": 4.25, "recon": 4.0, "kl": 0.25, "penalty": 0.0},
        "time": 1002.5,
        "validation": {"loss": 3.5, "recon": 3.0, "kl": 0.5, "penalty": 0.0},
    },
    {"step": 70_000, "epoch": 1, "loss": 1e-8, "recon": -1.5, "kl": 0.0, "penalty": 0.0},
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / event_file.name("my-run", 1000.9)
    path.write_bytes(event_file.curves(ROWS, 1000.9))
    return path


def test_a_checksum_from_the_standard() -> None:
    # RFC 3720, B.4: 32 bytes of zeros, of ones, and 0, 1, ... 31; and the usual nine digits
    assert event_file.crc32c(bytes(32)) == 0x8A9136AA
    assert event_file.crc32c(b"\xff" * 32) == 0x62A8AB43
    assert event_file.crc32c(bytes(range(32))) == 0x46DD794E
    assert event_file.crc32c(b"123456789") == 0xE3069283


def test_tensorboard_draws_the_curves(path: Path) -> None:
    read = EventAccumulator(str(path.parent)).Reload()
    assert sorted(read.Tags()["scalars"]) == sorted(
        f"{term}/{kind}"
        for term in ("loss", "recon", "kl")  # and no penalty, because this type has none
        for kind in ("train", "train_epoch", "validation")
    )
    found = {
        tag: [(event.wall_time, event.step, event.value) for event in read.Scalars(f"{tag}")]
        for tag in ("loss/train", "kl/train_epoch", "loss/validation", "recon/train")
    }
    assert found == {
        "loss/train": [(1001.25, 2, 9.5), (1000.9, 70_000, pytest.approx(1e-8))],
        "kl/train_epoch": [(1002.5, 300, 0.25)],
        "loss/validation": [(1002.5, 300, 3.5)],
        "recon/train": [(1001.25, 2, 7.5), (1000.9, 70_000, -1.5)],
    }


def test_the_file_says_its_version_first_and_tensorboard_knows_its_name(path: Path) -> None:
    assert path.name == "events.out.tfevents.1000.my-run"
    first, *rest = LegacyEventFileLoader(str(path)).Load()
    assert first.file_version == "brain.Event:2"
    assert len(rest) == 3


def test_a_run_that_has_no_curves_yet_is_a_file_that_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / event_file.name("new", 0.0)
    path.write_bytes(event_file.curves([], 0.0))
    assert [event.file_version for event in LegacyEventFileLoader(str(path)).Load()] == [
        "brain.Event:2"
    ]


def test_a_flipped_byte_is_seen_by_the_reader(path: Path) -> None:
    """Otherwise the test above would not have checked the checksums."""
    data = bytearray(path.read_bytes())
    data[-10] ^= 1
    path.write_bytes(data)
    assert len(list(LegacyEventFileLoader(str(path)).Load())) == 3
