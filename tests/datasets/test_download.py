import hashlib
from pathlib import Path

import pytest

from aeviz.datasets.download import download_file, new_file
from aeviz.errors import UserError

BODY = bytes(range(256)) * 3_000  # several blocks


def md5(body: bytes) -> str:
    return hashlib.md5(body).hexdigest()


def fetch(urls, folder: Path, checksum: str = md5(BODY), report=lambda fraction: None) -> bytes:
    with download_file("Thing", urls, checksum, folder, report) as file:
        return file.read()


def test_fetches_the_bytes_and_reports_growing_fractions_up_to_one(mirror, tmp_path):
    mirror.files["thing"] = BODY
    heard: list[float] = []
    assert fetch([mirror.address + "thing"], tmp_path / "new", report=heard.append) == BODY
    assert len(heard) > 1
    assert heard == sorted(heard)
    assert heard[-1] == 1.0
    assert list((tmp_path / "new").iterdir()) == []


@pytest.mark.parametrize("bad", ["missing", "corrupt"])
def test_goes_on_to_the_next_address(mirror, tmp_path, bad):
    mirror.files |= {"thing": BODY, "corrupt": BODY + b"and more"}
    urls = [mirror.address + bad, mirror.address + "thing"]
    assert fetch(urls, tmp_path) == BODY
    assert mirror.asked == [bad, "thing"]


def test_an_interrupted_download_says_so_and_leaves_nothing(mirror, tmp_path):
    mirror.files["thing"], mirror.sent = BODY, 1_000
    with pytest.raises(UserError, match=r"could not be downloaded.*AEVIZ_DATA.*mnist-5k"):
        fetch([mirror.address + "thing"], tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_corrupt_download_says_so_and_leaves_nothing(mirror, tmp_path):
    mirror.files["thing"] = BODY[:-1] + b"?"
    with pytest.raises(UserError, match="was damaged"):
        fetch([mirror.address + "thing"], tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_no_network_is_one_sentence(tmp_path):
    with pytest.raises(UserError) as raised:
        fetch(["http://127.0.0.1:9/thing"], tmp_path)
    assert str(raised.value).startswith("Thing could not be downloaded: connect to the internet")
    assert "\n" not in str(raised.value)


def test_a_folder_that_cannot_be_made_is_a_user_error(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match="cannot write"):
        fetch(["http://127.0.0.1:9/thing"], tmp_path / "file" / "folder")


def test_a_full_disk_is_a_user_error_and_keeps_the_old_file(tmp_path):
    path = tmp_path / "kept"
    path.write_bytes(b"old")

    def fill_the_disk() -> None:
        with new_file(path) as file:
            file.write(b"half")
            raise OSError(28, "No space left on device")

    with pytest.raises(UserError, match="No space left"):
        fill_the_disk()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_new_file_appears_only_at_the_end(tmp_path):
    path = tmp_path / "folder" / "new"
    with new_file(path) as file:
        file.write(b"whole")
        assert not path.exists()
    assert path.read_bytes() == b"whole"
    assert list(path.parent.iterdir()) == [path]
