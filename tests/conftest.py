"""Where every test finds the shared data sets, and the skip for where they are absent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

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


@pytest.fixture(scope="session")
def data_dir() -> Path:
    return Path(os.environ["EDGESMITH_DATA"])


@pytest.fixture(scope="session")
def repository() -> Path:
    return ROOT
