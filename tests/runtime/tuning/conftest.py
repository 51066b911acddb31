"""A cache of its own for every test, setups by name, and a real tuning of the tiny bundle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgesmith_runtime.settings import Engine, EngineSettings, Layout
from edgesmith_runtime.tuned import Setup
from edgesmith_runtime.tuning import Effort, Schedule, Tuning, tune
from edgesmith_runtime.tuning.exchange import Timing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

QUICK = Effort(
    max_seconds=0.002,
    min_calls=5,
    max_calls=20,
    schedule=Schedule(n_rounds=2, min_rounds=1, leads=(1e6,)),
)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the cache is for one test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "edgesmith"


@pytest.fixture(scope="session")
def tuning(tiny_bundle_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Tuning:
    """Of the tiny bundle on one thread, in two short rounds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        return tune(tiny_bundle_path, n_threads=1, effort=QUICK)


def setup_of(
    engine: str = "onnxruntime",
    n_threads: int = 1,
    *,
    file: str = "model.onnx",
    layout: Layout = Layout.BLOCKED,
) -> Setup:
    settings = EngineSettings(engine=Engine(engine), n_threads=n_threads, layout=layout)
    return Setup(file=file, settings=settings)


@pytest.fixture(scope="session")
def make_setup() -> Callable[..., Setup]:
    """A setup from the words that matter."""
    return setup_of


@pytest.fixture(scope="session")
def timing() -> Callable[[float], Timing]:
    """What a process says whose calls took about so many microseconds."""

    def make(median_us: float) -> Timing:
        ns = round(median_us * 1000)
        return Timing(latencies_ns=(ns - 1, ns, ns, ns, ns + 1), n_warmup=1, load_ns=1000)

    return make
