"""Every way to run an artifact that is worth a measurement: engine, threads, waiting, layout."""

from __future__ import annotations

import dataclasses
from importlib.util import find_spec
from itertools import product
from typing import TYPE_CHECKING, assert_never

from edgesmith_runtime.settings import Engine, EngineSettings, Layout, engines_for, package_of
from edgesmith_runtime.tuned import Setup

if TYPE_CHECKING:
    from edgesmith_runtime.manifest import ArtifactEntry

__all__ = ["absence", "can_end_runs", "setups_of", "thread_counts"]

_MANY_THREADS = 8  # above it a small net gains nothing: only all of them are tried then


def thread_counts(most: int) -> tuple[int, ...]:
    """Powers of two up to 8, and ``most``."""
    powers = (1 << exponent for exponent in range(_MANY_THREADS.bit_length()))
    return tuple(sorted({most, *(count for count in powers if count <= most)}))


def setups_of(entry: ArtifactEntry, *, most_threads: int) -> list[Setup]:
    """All that are tried for one artifact, the simplest first.

    Whether threads spin makes no difference to one; LiteRT and OpenVINO heed neither that nor
    the layout.
    """
    found: list[Setup] = []
    for engine, n_threads in product(engines_for(entry.format), thread_counts(most_threads)):
        plain = EngineSettings(engine=engine, n_threads=n_threads)
        if engine is Engine.ONNXRUNTIME:
            waiting = (True, False) if n_threads > 1 else (True,)
            settings = [
                dataclasses.replace(plain, layout=layout, spins=spins)
                for layout, spins in product(Layout, waiting)
            ]
        else:
            settings = [plain]
        found += [Setup(file=entry.file, settings=one) for one in settings]
    return found


def can_end_runs(engine: Engine) -> bool:
    """Whether ``predict(timeout=...)`` ends a run of an engine; LiteRT has nothing for it."""
    return engine is not Engine.LITERT


def absence(engine: Engine) -> str | None:
    """Why an engine cannot run here: how to install it; None where it is installed."""
    if find_spec(package_of(engine)) is not None:
        return None
    match engine:
        case Engine.ONNXRUNTIME:
            return "onnxruntime is not installed: pip install onnxruntime"
        case Engine.LITERT:
            return "LiteRT is not installed: pip install 'edgesmith-runtime[tflite]'"
        case Engine.OPENVINO:
            return "OpenVINO is not installed: pip install 'edgesmith-runtime[openvino]'"
        case _:
            assert_never(engine)
