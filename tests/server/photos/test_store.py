"""The store: what is kept, what is removed to make room, and the end of the process."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from waiting import until

from aeviz.errors import UserError
from aeviz.io import locks
from aeviz.server.photos import store as stores
from aeviz.server.photos.store import GoneError, Store

PIXELS = {"pixels": np.arange(3000, dtype=np.uint8).reshape(10, 100, 3)}
SIZE = 3000 + 128  # what NumPy's format adds


@pytest.fixture
def store() -> Iterator[Store]:
    store = Store()
    yield store
    store.close()


def test_arrays_come_back_as_they_were_and_are_not_held_in_memory(store: Store) -> None:
    deep = np.arange(6, dtype=np.uint16).reshape(1, 2, 3)
    kept = store.get(store.add("a.png", {"pixels": deep}, notes=("Turned.",)).id)
    pixels = kept.read("pixels")
    np.testing.assert_array_equal(pixels, deep)
    assert pixels.dtype == np.uint16
    assert isinstance(pixels, np.memmap)
    assert not pixels.flags.writeable
    assert kept.read_if_there("alpha") is None
    assert (kept.name, kept.notes) == ("a.png", ("Turned.",))


def test_ids_cannot_be_guessed_and_the_folder_is_nobody_elses(store: Store) -> None:
    names = {store.add("a.png", PIXELS).id for _ in range(50)}
    assert len(names) == 50
    assert all(len(name) >= 22 for name in names)
    assert stat.S_IMODE(store.folder.stat().st_mode) == 0o700


def test_the_photos_unused_for_longest_make_room() -> None:
    store = Store(max_bytes=3 * SIZE)
    first, second, third = (store.add(f"{n}.png", PIXELS) for n in range(3))
    store.get(first.id)
    store.add("3.png", PIXELS)
    store.get(first.id)
    store.get(third.id)
    with pytest.raises(GoneError, match="no longer on the server: drop it again"):
        store.get(second.id)
    assert not second.folder.exists()
    store.close()


def test_a_result_in_use_keeps_its_photo() -> None:
    store = Store(max_count=3)
    photo = store.add("a.png", PIXELS)
    result = store.add("b.png", PIXELS, original=photo.id)
    other = store.add("c.png", PIXELS)
    store.get(result.id)
    store.add("d.png", PIXELS)
    store.get(photo.id)
    with pytest.raises(GoneError):
        store.get(other.id)
    assert store.results_of(photo.id) == [result]
    store.close()


def test_what_is_made_of_a_photo_counts_and_is_made_once() -> None:
    store = Store(max_bytes=2 * SIZE + 1000)
    first, second = (store.add(f"{n}.png", PIXELS) for n in range(2))
    made: list[int] = []

    def make() -> bytes:
        made.append(1)
        return bytes(900)

    threads = [threading.Thread(target=store.file, args=(second, "view", make)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [1]
    assert store.file(second, "view", make).read() == bytes(900)
    store.get(first.id)
    store.get(second.id)
    store.file(second, "large", lambda: bytes(200))
    with pytest.raises(GoneError):
        store.get(first.id)
    store.close()


def test_a_photo_that_was_dropped_while_it_is_read_stays_readable(store: Store) -> None:
    kept = store.add("a.png", PIXELS)
    pixels = kept.read("pixels")
    store.drop(kept.id)
    np.testing.assert_array_equal(pixels, PIXELS["pixels"])
    with pytest.raises(GoneError):
        kept.read("pixels")
    with pytest.raises(GoneError):
        store.write(kept, "mask", PIXELS["pixels"])
    with pytest.raises(GoneError):
        store.file(kept, "view", lambda: b"x")


def test_of_the_files_that_pass_the_last_few_stay_and_an_open_one_can_be_read(store: Store) -> None:
    kept = store.add("a.png", PIXELS)
    for name in ("100.png", "view-100"):
        store.file(kept, name, lambda: bytes(10)).close()
    opened = [store.file(kept, f"{n}.png", lambda: bytes(1000), passing=True) for n in range(9)]
    left = sorted(path.name for path in kept.folder.iterdir() if path.suffix != ".npy")
    assert left == ["100.png", "5.png", "6.png", "7.png", "8.png", "view-100"]
    assert kept.bytes == SIZE + 20 + 4 * 1000
    assert [len(file.read()) for file in opened] == [1000] * 9


def test_what_is_pinned_makes_no_room() -> None:
    store = Store(max_count=2)
    first, second = (store.add(f"{n}.png", PIXELS) for n in range(2))
    with store.pinned([first.id, first.id]):
        store.add("2.png", PIXELS)
        store.get(first.id)
        with pytest.raises(GoneError):
            store.get(second.id)
        with pytest.raises(GoneError), store.pinned([second.id]):
            pass
        store.add("3.png", PIXELS)
    store.add("4.png", PIXELS)
    with pytest.raises(GoneError):
        store.get(first.id)
    store.close()


def test_a_photo_goes_with_its_results_and_what_is_counted_goes_with_them(store: Store) -> None:
    photo = store.add("a.png", PIXELS)
    result = store.add("b.png", PIXELS, original=photo.id)
    other = store.add("c.png", PIXELS)
    store.drop(photo.id)
    with pytest.raises(GoneError):
        store.get(result.id)
    assert not result.folder.exists()
    store._count(result, 500)  # like a thread that was writing meanwhile
    store.drop(other.id)
    assert store._bytes == 0


@pytest.mark.parametrize(
    ("number", "said"), [(28, "disk is full: try again"), (5, "could not save this photo: try")]
)
def test_a_disk_that_takes_no_more_is_told_in_a_sentence(
    store: Store, monkeypatch: pytest.MonkeyPatch, number: int, said: str
) -> None:
    def refuse(*args: object, **more: object) -> None:
        raise OSError(number, "no")

    monkeypatch.setattr(np, "save", refuse)
    with pytest.raises(UserError, match=said):
        store.add("a.png", PIXELS)
    assert [path.name for path in store.folder.iterdir()] == [".lock"]


def test_half_of_the_room_on_the_disk_is_left_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aeviz.io.disk.room", lambda folder: 2 * SIZE + 10)
    store = Store()
    first = store.add("a.png", PIXELS)
    store.add("b.png", PIXELS)
    with pytest.raises(GoneError):
        store.get(first.id)
    store.close()


SCRIPT = """
from aeviz.server.photos.routes import PhotoServer
import numpy as np, sys
darkroom = PhotoServer()
darkroom.store.add("a.png", {"pixels": np.zeros((4, 4, 3), np.uint8)})
print(darkroom.store.folder, flush=True)
sys.stdin.readline()
"""


def started(temporary: Path) -> tuple[subprocess.Popen[str], Path]:
    """A process with a photo in its store, and that store's folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "TMPDIR": str(temporary)},
    )  # fmt: skip
    assert process.stdout is not None
    folder = Path(process.stdout.readline().strip())
    assert folder.parent == temporary
    assert len(list(folder.iterdir())) == 2
    return process, folder


def test_the_end_of_the_process_removes_the_folder(tmp_path: Path) -> None:
    process, folder = started(tmp_path)
    process.communicate("\n", timeout=60)
    assert not folder.exists()


def test_what_a_killed_process_left_is_removed_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process, folder = started(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(stores, "_SETTLED", -1.0)
    Store().close()
    assert folder.exists(), "its process lives"
    process.kill()
    process.communicate(timeout=60)
    assert not locks.held(folder / ".lock")
    Store().close()
    assert not folder.exists()


def test_what_a_server_left_that_was_killed_at_its_start_is_removed_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process, folder = started(tmp_path)
    process.kill()
    process.communicate(timeout=60)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(stores, "_SETTLED", 2.0)
    os.utime(folder / ".lock")  # it has only just started
    store = Store()
    assert folder.exists(), "it may be about to lock"
    until(lambda: not folder.exists())
    store.close()


def test_no_torch_is_imported_before_a_photo_comes() -> None:
    """The server serves its first page before torch is imported."""
    check = "import aeviz.server.photos.routes, sys; print('torch' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True)
    assert answer.stdout == "False\n", answer.stderr


def test_what_is_written_beside_a_photo_makes_room_too() -> None:
    store = Store(max_bytes=3 * SIZE)
    first, second = store.add("0.png", PIXELS), store.add("1.png", PIXELS)
    for part in ("reference", "mask"):
        store.write(second, part, PIXELS["pixels"])
    assert store.get(second.id) is second
    with pytest.raises(GoneError):
        store.get(first.id)
    store.close()
