"""Where every test finds the shared data sets, and the skip for where they are absent."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
NEIGHBOUR = ROOT.parent / "shared" / "data"

if NEIGHBOUR.is_dir():
    os.environ.setdefault("EDGESMITH_DATA", str(NEIGHBOUR))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if "EDGESMITH_DATA" in os.environ:
        return
    absent = pytest.mark.skip(
        reason="EDGESMITH_DATA is not set: the shared data sets are absent"
    )
    for item in items:
        if item.get_closest_marker("data"):
            item.add_marker(absent)


@pytest.fixture(scope="session", autouse=True)
def _no_tuned_choice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What a developer tuned on this host does not steer a test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def data_dir() -> Path:
    return Path(os.environ["EDGESMITH_DATA"])


@pytest.fixture(scope="session")
def repository() -> Path:
    return ROOT
