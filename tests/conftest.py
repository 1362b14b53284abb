"""What all tests share: property tests that draw the same examples on every machine, and a folder
for people's own data sets that is no person's."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

import aeviz  # noqa: F401  # before torch, whose threads it tells how to wait

settings.register_profile(
    "aeviz", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("aeviz")


os.environ.setdefault("AEVIZ_WARM", "0")  # a worker that nobody takes costs the tests memory


@pytest.fixture(scope="session", autouse=True)
def _no_own_datasets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Own data sets of whoever runs the tests stay out of them, and the other way round."""
    before = os.environ.get("AEVIZ_DATASETS")
    os.environ["AEVIZ_DATASETS"] = str(tmp_path_factory.mktemp("datasets"))
    yield
    if before is None:
        del os.environ["AEVIZ_DATASETS"]
    else:
        os.environ["AEVIZ_DATASETS"] = before


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests come last: Playwright keeps an event loop running in the tests' thread, in
    which no other test could call `asyncio.run`."""
    items.sort(key=lambda item: "e2e" in item.path.parts)
