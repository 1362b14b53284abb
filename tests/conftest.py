"""Settings of all tests: reproducible property tests, a separate folder for people's own data sets,
and the number of parallel processes."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

import aeviz  # noqa: F401  # before torch, whose threads it tells how to wait

MAX_WORKERS = 4
"""Each worker takes about 2 GB, with the servers and the browser that its tests start."""
CPUS = os.cpu_count() or 1
if "PYTEST_XDIST_WORKER_COUNT" in os.environ:  # set before torch and NumPy read it
    threads = max(1, CPUS // int(os.environ["PYTEST_XDIST_WORKER_COUNT"]))
    os.environ.setdefault("OMP_NUM_THREADS", str(threads))

settings.register_profile(
    "aeviz", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("aeviz")


os.environ.setdefault("AEVIZ_WARM", "0")  # an unused worker only costs memory


@pytest.fixture(scope="session", autouse=True)
def _no_own_datasets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keeps the developer's own data sets out of the tests, and the tests' out of theirs."""
    before = os.environ.get("AEVIZ_DATASETS")
    os.environ["AEVIZ_DATASETS"] = str(tmp_path_factory.mktemp("datasets"))
    yield
    if before is None:
        del os.environ["AEVIZ_DATASETS"]
    else:
        os.environ["AEVIZ_DATASETS"] = before


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """The whole suite runs on all CPUs. Files and tests that are named run in this process, which
    starts faster."""
    named = config.args_source is pytest.Config.ArgsSource.ARGS
    return 0 if named else min(CPUS, MAX_WORKERS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests come last: Playwright keeps an event loop running in the tests' thread, in
    which no other test could call `asyncio.run`."""
    items.sort(key=lambda item: "e2e" in item.path.parts)
