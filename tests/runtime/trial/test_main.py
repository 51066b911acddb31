"""The child of a trial bounds itself, and says nothing but what became of the model."""

from __future__ import annotations

import importlib
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edgesmith_runtime.settings import default_settings
from edgesmith_runtime.spec import Format
from edgesmith_runtime.trial.exchange import Request, refusal_from

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def onnx_models(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    pytest.importorskip("onnx")
    monkeypatch.setattr(sys, "path", [*sys.path, str(ROOT / "benchmarks")])
    return importlib.import_module("hostile.onnx_models")


def _child(model: bytes, *, deadline_s: float, n_missing: int = 0) -> tuple[int, bytes]:
    """Exit code and answer of a child that nobody watches."""
    content = importlib.import_module("hostile.bundles").bundle_around(model)
    request = Request(
        file="model.onnx",
        settings=default_settings(Format.ONNX, n_threads=1),
        n_archive_bytes=len(content),
        deadline_s=deadline_s,
        memory_bytes=1 << 30,
    )
    ended = subprocess.run(
        [sys.executable, "-I", "-m", "edgesmith_runtime.trial"],
        input=request.to_line() + content[: len(content) - n_missing],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=False,
        timeout=100,
    )
    return ended.returncode, ended.stdout


def test_a_good_model_has_one_word_for_an_answer(onnx_models: ModuleType) -> None:
    assert _child(onnx_models.good(), deadline_s=60) == (0, b"passed")


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="the system has no timers")
def test_a_child_without_a_parent_ends_at_the_deadline(onnx_models: ModuleType) -> None:
    code, answer = _child(onnx_models.endless_loop(), deadline_s=2)

    assert (code, answer) == (-signal.SIGALRM, b"")


def test_an_archive_that_does_not_come_whole_is_refused(onnx_models: ModuleType) -> None:
    code, answer = _child(onnx_models.good(), deadline_s=60, n_missing=1)

    assert code == 0
    assert str(refusal_from(answer)).startswith(
        "trial: archive directory: the record at the end"
    )
