"""Where every test finds the shared data sets, and the skip for where they are absent."""

from __future__ import annotations

import gc
import os
import random
import signal
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

ROOT = Path(__file__).resolve().parents[1]
NEIGHBOUR = ROOT.parent / "shared" / "data"

if NEIGHBOUR.is_dir():
    os.environ.setdefault("EDGESMITH_DATA", str(NEIGHBOUR))


# TensorFlow and 12,000 tests are over a million objects, and a look through them all for garbage
# took a quarter of a conversion's time: they are set aside, and looks are fewer.
MADE_BEFORE_A_LOOK = 20_000


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(MADE_BEFORE_A_LOOK)
        gc.enable()


def pytest_configure(config: pytest.Config) -> None:
    """Let xdist hand out the files in the order below, not by how many tests they have.

    A shell's background job ignores Ctrl-C and so would the processes that tests interrupt.
    """
    if config.pluginmanager.hasplugin("xdist"):
        config.option.loadscopereorder = False
    signal.signal(signal.SIGINT, signal.default_int_handler)


# Keras draws the seed of a layer's weights from Python's generator: a model that a test or a fixture
# makes has the same weights in every run, whatever ran before.
@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[object],
) -> Generator[None, object, object]:
    random.seed(fixturedef.argname)
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    random.seed(item.nodeid)
    yield


def _slow_files_first(items: list[pytest.Item]) -> None:
    """The quick ones fill up the end, so that no worker is left alone with a slow one."""
    n_slow = Counter(item.path for item in items if item.get_closest_marker("slow"))
    items.sort(key=lambda item: -n_slow[item.path])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    _slow_files_first(items)
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
