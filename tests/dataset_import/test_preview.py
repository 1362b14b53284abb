from __future__ import annotations

from pathlib import Path

import pytest
from upload_tools import picture, sent, two_classes

from aeviz.dataset_import.preview import Look, look
from aeviz.errors import UserError


def seen(folder: Path, files: dict[str, bytes]) -> Look:
    found = look(sent(folder, files), lambda share, text: None, lambda: False)
    assert found is not None
    return found


def test_a_look_counts_the_images_of_each_class(tmp_path: Path) -> None:
    found = seen(tmp_path, two_classes(12))
    assert found.total == 24
    assert found.counts["folder"] == {"cats": 12, "dogs": 12}
    assert {path for path, _ in found.samples} == set(found.paths)
    assert not len(found.left_out)


def test_a_file_that_proves_to_be_no_image_is_not_counted_as_one(tmp_path: Path) -> None:
    broken = {"cats/broken.png": picture(3)[:40], "birds/none.png": b"text"}
    found = seen(tmp_path, two_classes(12) | broken)
    assert found.total == 24
    assert found.counts["folder"] == {"cats": 12, "dogs": 12}
    assert {name for name, _ in found.left_out.listed} == set(broken)


def test_nothing_but_broken_files_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"no image in your files: choose other files\. This PNG .+\.$"
    ):
        seen(tmp_path, {"one.png": picture(3)[:40]})
