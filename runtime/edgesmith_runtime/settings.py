"""How an engine runs an artifact: what an app may choose, and what ``tune`` chooses among."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from edgesmith_runtime.host import available_threads
from edgesmith_runtime.spec import Format

__all__ = ["Engine", "EngineSettings", "Layout", "default_settings", "engines_for"]


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


@dataclass(frozen=True, slots=True, kw_only=True)
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
        if self.n_threads < 1:
            raise ValueError(f"n_threads: expected at least 1, got {self.n_threads}")


def engines_for(artifact_format: Format) -> tuple[Engine, ...]:
    """What can run a format; the first is the one that runs it unless another is asked for."""
    match artifact_format:
        case Format.ONNX:
            return Engine.ONNXRUNTIME, Engine.OPENVINO
        case Format.TFLITE:
            return (Engine.LITERT,)
        case _:
            assert_never(artifact_format)


def default_settings(
    artifact_format: Format, *, engine: Engine | None = None, n_threads: int | None = None
) -> EngineSettings:
    """What runs where nothing was tuned.

    Args:
        artifact_format: Of the file.
        engine: None takes the first of ``engines_for``.
        n_threads: None takes all that affinity and quota allow.
    """
    return EngineSettings(
        engine=engines_for(artifact_format)[0] if engine is None else engine,
        n_threads=available_threads() if n_threads is None else n_threads,
    )
