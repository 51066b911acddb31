"""How an engine runs an artifact: what an app may choose, and what ``tune`` chooses among."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, assert_never

from edgesmith_runtime.host import available_threads
from edgesmith_runtime.records import record
from edgesmith_runtime.spec import Format
from edgesmith_runtime.threads import check_n_threads, thread_budget

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "Engine",
    "EngineSettings",
    "Layout",
    "default_settings",
    "engines_for",
    "package_of",
    "runner_of",
    "settings_from",
]


class Engine(StrEnum):
    """What runs an artifact."""

    ONNXRUNTIME = "onnxruntime"
    LITERT = "litert"
    OPENVINO = "openvino"


class Layout(StrEnum):
    """How onnxruntime lays out images in memory.

    BLOCKED has channels in blocks of the width of the CPU's vectors (NCHWc), where that exists;
    PLAIN leaves them as the file has them.
    """

    BLOCKED = "blocked"
    PLAIN = "plain"


@record(kw_only=True)
class EngineSettings:
    """How one artifact runs on this host.

    Args:
        engine: What runs it.
        n_threads: Of one run, from 1.
        is_pooled: The threads are those of the pool that models share (``set_thread_budget``).
        spins: Threads without work wait busily for a while: quicker to wake, and they burn
            processor time that others may need. onnxruntime alone heeds it.
        layout: onnxruntime alone heeds it.
    """

    engine: Engine
    n_threads: int
    is_pooled: bool = False
    spins: bool = True
    layout: Layout = Layout.BLOCKED

    def __post_init__(self) -> None:
        check_n_threads(self.n_threads, name="n_threads")

    def __str__(self) -> str:
        threads = "1 thread" if self.n_threads == 1 else f"{self.n_threads} threads"
        if self.engine is not Engine.ONNXRUNTIME:  # which alone heeds the rest
            return f"{self.engine}, {threads}"
        if self.is_pooled:
            threads = f"{threads} of the pool"
        elif self.n_threads > 1:
            threads = f"{threads} that {'spin' if self.spins else 'sleep'}"
        return f"{self.engine}, {threads}, {self.layout} layout"


def engines_for(artifact_format: Format) -> tuple[Engine, ...]:
    """What can run a format; the first is the one that runs it unless another is asked for."""
    match artifact_format:
        case Format.ONNX:
            return Engine.ONNXRUNTIME, Engine.OPENVINO
        case Format.TFLITE:
            return (Engine.LITERT,)
        case _:
            assert_never(artifact_format)


def package_of(engine: Engine) -> str:
    """The package that an engine comes in, as it is imported."""
    match engine:
        case Engine.ONNXRUNTIME:
            return "onnxruntime"
        case Engine.LITERT:
            return "ai_edge_litert"
        case Engine.OPENVINO:
            return "openvino"
        case _:
            assert_never(engine)


def runner_of(engine: Engine) -> str:
    """The module that imports an engine."""
    match engine:
        case Engine.ONNXRUNTIME:
            return "edgesmith_runtime.runners.onnx"
        case Engine.LITERT:
            return "edgesmith_runtime.runners.tflite"
        case Engine.OPENVINO:
            return "edgesmith_runtime.runners.openvino"
        case _:
            assert_never(engine)


def settings_from(members: Mapping[str, Any]) -> EngineSettings:
    """Settings from what ``dataclasses.asdict`` and JSON made of them."""
    kept = dict(members)
    kept["engine"], kept["layout"] = Engine(kept["engine"]), Layout(kept["layout"])
    return EngineSettings(**kept)


def default_settings(
    artifact_format: Format, *, engine: Engine | None = None, n_threads: int | None = None
) -> EngineSettings:
    """What runs where nothing was tuned.

    Args:
        artifact_format: Of the file.
        engine: None takes the first of ``engines_for``.
        n_threads: None takes all that affinity and quota allow; where models share a budget, on
            onnxruntime the pool, and else one.
    """
    chosen = engines_for(artifact_format)[0] if engine is None else engine
    budget = thread_budget()
    if n_threads is not None or budget is None:
        n_threads = available_threads() if n_threads is None else n_threads
        return EngineSettings(engine=chosen, n_threads=n_threads)
    is_pooled = chosen is Engine.ONNXRUNTIME  # the others have no pool that models share
    return EngineSettings(
        engine=chosen, n_threads=budget if is_pooled else 1, is_pooled=is_pooled
    )
