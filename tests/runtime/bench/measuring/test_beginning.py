"""How the process of a subject begins."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

from edgesmith_runtime.bench.measuring.beginning import import_engine

if TYPE_CHECKING:
    import pytest


def test_what_an_engine_prints_does_not_reach_the_reply() -> None:
    code = (
        "import os; from edgesmith_runtime.bench.measuring.beginning import own_stdout;"
        "own = own_stdout(); print('python noise'); os.write(1, b'native noise');"
        "own.write('reply'); own.close()"
    )

    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert ended.stdout == "reply"
    assert "native noise" in ended.stderr


def modules_after(kind: str, engine: str) -> set[str]:
    code = (
        "import sys; from edgesmith_runtime.bench.measuring.beginning import import_engine;"
        f"import_engine({kind!r}, {engine!r}); print(*sys.modules)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return set(ended.stdout.split())


def test_an_artifact_begins_with_its_engine_and_nothing_of_the_comparison() -> None:
    modules = modules_after("artifact", "onnxruntime")

    assert {"onnxruntime", "edgesmith_runtime.loading"} <= modules
    assert {name for name in modules if name.startswith("edgesmith_runtime.bench.")} == {
        "edgesmith_runtime.bench.measuring",
        "edgesmith_runtime.bench.measuring.beginning",
    }


def test_a_file_begins_with_its_bare_engine() -> None:
    modules = modules_after("file", "onnxruntime")

    assert "onnxruntime" in modules
    assert {name for name in modules if name.startswith("edgesmith_runtime")} == {
        "edgesmith_runtime",
        "edgesmith_runtime.bench",
        "edgesmith_runtime.bench.measuring",
        "edgesmith_runtime.bench.measuring.beginning",
    }


def test_an_engine_that_is_not_there_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ai_edge_litert", None)

    assert import_engine("file", "litert") <= time.perf_counter_ns()
