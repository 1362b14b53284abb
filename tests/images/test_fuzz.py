"""2,000 mutated files in a separate process: a photo or a sentence, no crash and no hang."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from fuzzing import check, mutated, seeds

ROOT = Path(__file__).parents[2]
FILES = 2_000


def test_mutated_files_end_in_a_photo_or_a_sentence():
    child = subprocess.run(
        [sys.executable, "tests/helpers/fuzzing.py", "0", str(FILES)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONFAULTHANDLER": "1"},
        capture_output=True,
        text=True,
        errors="replace",  # of the decoders' own complaints
    )
    lines = child.stdout.splitlines()
    assert child.returncode == 0, (
        f"{lines[-1:]} ended in {child.returncode}:\n{child.stderr[-3000:]}"
    )
    ends = [line.rsplit(" ", 1)[-1] for line in lines[:-1]]
    assert len(ends) >= FILES
    assert min(ends.count("photo"), ends.count("refused")) > FILES // 10
    assert int(lines[-1].split()[1]) < 1_000, "more memory than files of a megapixel ask for"


@pytest.mark.parametrize("name", seeds())
def test_each_file_is_a_photo_before_it_is_mutated(name):
    assert check(seeds()[name]) == "photo"


def test_a_seed_is_a_file():
    files = seeds()
    assert mutated(files, 77) == mutated(files, 77)
    changed = [mutated(files, seed)[1] not in files.values() for seed in range(100)]
    assert sum(changed) > 90
