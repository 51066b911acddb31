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
    from collections.abc import Callable
    from types import ModuleType

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def onnx_models(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    pytest.importorskip("onnx")
    monkeypatch.setattr(sys, "path", [*sys.path, str(ROOT / "benchmarks")])
    return importlib.import_module("hostile.onnx_models")


def _child(
    model: bytes,
    *,
    deadline_s: float,
    n_missing: int = 0,
    memory_bytes: int = 1 << 30,
    before: Callable[[], object] | None = None,
) -> tuple[int, bytes]:
    """Exit code and answer of a child that nobody watches."""
    content = importlib.import_module("hostile.bundles").bundle_around(model)
    request = Request(
        file="model.onnx",
        settings=default_settings(Format.ONNX, n_threads=1),
        n_archive_bytes=len(content),
        deadline_s=deadline_s,
        memory_bytes=memory_bytes,
    )
    ended = subprocess.run(
        [sys.executable, "-I", "-m", "edgesmith_runtime.trial"],
        input=request.to_line() + content[: len(content) - n_missing],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=False,
        timeout=100,
        preexec_fn=before,
    )
    return ended.returncode, ended.stdout


def test_a_good_model_has_one_word_for_an_answer(onnx_models: ModuleType) -> None:
    assert _child(onnx_models.good(), deadline_s=60) == (0, b"passed")


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="the system has no timers")
def test_a_child_without_a_parent_ends_at_the_deadline(onnx_models: ModuleType) -> None:
    code, answer = _child(onnx_models.endless_loop(), deadline_s=2)

    assert (code, answer) == (-signal.SIGALRM, b"")


def _ignore_alarms() -> None:
    signal.signal(signal.SIGALRM, signal.SIG_IGN)


def _block_alarms() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="the system has no timers")
@pytest.mark.parametrize("before", [_ignore_alarms, _block_alarms])
def test_a_child_of_one_that_hears_no_alarm_ends_at_the_deadline(
    before: Callable[[], None], onnx_models: ModuleType
) -> None:
    code, answer = _child(onnx_models.endless_loop(), deadline_s=2, before=before)

    assert (code, answer) == (-signal.SIGALRM, b"")


def _bound_memory() -> None:
    resource = pytest.importorskip("resource")
    resource.setrlimit(resource.RLIMIT_DATA, (2 << 30, 2 << 30))


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="bounded on Linux alone")
def test_a_child_that_is_bounded_already_is_bounded_no_less(onnx_models: ModuleType) -> None:
    models = {one.name: one for one in onnx_models.hostile_models()}
    bounds = {"deadline_s": 60, "memory_bytes": 8 << 30, "before": _bound_memory}

    assert _child(onnx_models.good(), **bounds) == (0, b"passed")
    code, answer = _child(models["four_gib_constant"].build(), **bounds)
    assert code == 0
    assert "bytes of memory" in str(refusal_from(answer))


def test_an_archive_that_does_not_come_whole_is_refused(onnx_models: ModuleType) -> None:
    code, answer = _child(onnx_models.good(), deadline_s=60, n_missing=1)

    assert code == 0
    assert str(refusal_from(answer)).startswith(
        "trial: archive directory: the record at the end"
    )
