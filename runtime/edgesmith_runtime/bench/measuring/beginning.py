"""How the process of a subject begins: as an app does, before anything of the comparison is there."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TextIO

__all__ = ["import_engine", "own_stdout"]

_BARE = {"onnxruntime": "onnxruntime", "litert": "ai_edge_litert.interpreter"}


def own_stdout() -> TextIO:
    """Standard output for the reply alone: what engines print goes to standard error."""
    reply = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return reply


def import_engine(kind: str, engine: str | None) -> int:
    """Import what runs a subject, and nothing that an app would not import for it.

    What cannot be imported is passed over: who opens the subject says it better. Keras is
    imported there, too, because it wants settings before.

    Args:
        kind: Of the subject, the value of a ``SubjectKind``.
        engine: The value of an ``Engine``; None for Keras.

    Returns:
        When it was there, by ``time.perf_counter_ns``.
    """
    if engine is None:
        return time.perf_counter_ns()
    with suppress(ImportError):
        if kind == "file":
            # From 1.29 on onnxruntime reports over the network unless it is told before.
            os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
            import_module("numpy")
            import_module(_BARE[engine])
        else:
            import_module("edgesmith_runtime.loading")
            settings = import_module("edgesmith_runtime.settings")
            import_module(settings.runner_of(settings.Engine(engine)))
    return time.perf_counter_ns()
