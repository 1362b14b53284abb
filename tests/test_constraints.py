"""constraints.txt: one tested version of each package in requirements.txt."""

from __future__ import annotations

from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]


def read(name: str) -> dict[str, Requirement]:
    lines = (line.strip() for line in (ROOT / name).read_text().splitlines())
    wanted = (Requirement(line) for line in lines if line and line[0] not in "#-")
    return {canonicalize_name(one.name): one for one in wanted}


def test_each_requirement_has_a_version_within_its_range() -> None:
    tested = read("constraints.txt")
    for name, asked in read("requirements.txt").items():
        [pin] = tested[name].specifier
        assert pin.operator == "=="
        assert pin.version in asked.specifier
