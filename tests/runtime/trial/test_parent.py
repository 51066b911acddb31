"""A child tries an artifact: whatever becomes of it is one error in the parent, or none."""

from __future__ import annotations

import dataclasses
import importlib
import os
import signal
import sys
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgesmith_runtime.bundle import read_bundle
from edgesmith_runtime.errors import (
    BackendError,
    BundleError,
    EdgesmithError,
    SelfTestError,
    TransformError,
)
from edgesmith_runtime.loading import load
from edgesmith_runtime.settings import EngineSettings, default_settings
from edgesmith_runtime.spec import Format, TensorSpec
from edgesmith_runtime.trial import try_artifact

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

ROOT = Path(__file__).resolve().parents[3]
SETTINGS: EngineSettings = default_settings(Format.ONNX, n_threads=1)
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
TWOS = np.full((1, 4), 2.0, np.float32)  # one added to ones


@pytest.fixture
def hostile(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    pytest.importorskip("onnx")
    monkeypatch.setattr(sys, "path", [*sys.path, str(ROOT / "benchmarks")])
    return lambda name: importlib.import_module(f"hostile.{name}")


@pytest.fixture
def attempt(
    hostile: Callable[[str], ModuleType], tmp_path: Path
) -> Callable[..., EdgesmithError | None]:
    """Tries a bundle around a model, and gives what the parent raised."""

    def run(model: bytes, *, deadline_s: float = 60, memory: int = 1 << 30, **more: Any) -> Any:
        path = tmp_path / "x.edge"
        path.write_bytes(hostile("bundles").bundle_around(model, **more))
        try:
            try_artifact(
                read_bundle(path),
                "model.onnx",
                SETTINGS,
                where="x.edge",
                deadline_s=deadline_s,
                memory_bytes=memory,
            )
        except EdgesmithError as error:
            return error
        return None

    return run


def _running(mark: str) -> list[int]:
    """Processes with a word among their arguments."""
    found: list[int] = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if mark.encode() in place.read_bytes() and int(place.parent.name) != os.getpid():
                found.append(int(place.parent.name))
        except OSError:  # it ended
            continue
    return found


@pytest.mark.parametrize("expected", [TWOS, None], ids=["golden", "zeros"])
def test_a_good_model_passes(
    attempt: Callable[..., object],
    hostile: Callable[[str], ModuleType],
    expected: object,
) -> None:
    assert attempt(hostile("onnx_models").good(), expected=expected) is None


def test_golden_samples_that_are_not_reproduced_are_an_error(
    attempt: Callable[..., object], hostile: Callable[[str], ModuleType]
) -> None:
    error = attempt(hostile("onnx_models").good(), expected=TWOS + 1)

    assert type(error) is SelfTestError
    assert str(error).startswith(
        "x.edge: the trial of model.onnx failed: sample 0, model.onnx, output 'y': largest "
    )


def test_a_refusal_of_the_engine_is_an_error(attempt: Callable[..., object]) -> None:
    error = attempt(b"no model")

    assert type(error) is BackendError
    assert str(error).startswith("x.edge: the trial of model.onnx failed: model.onnx: onnxrun")


def test_a_transform_that_cannot_be_built_is_an_error(
    attempt: Callable[..., object], hostile: Callable[[str], ModuleType]
) -> None:
    manifest = hostile("bundles").with_step(Format.ONNX, "pad", {"length": 1 << 40})

    error = attempt(hostile("onnx_models").good(), manifest=manifest)

    assert type(error) is TransformError
    assert "trial of model.onnx failed: transform step 0 (pad): length: expected" in str(error)


def test_a_model_without_end_ends_at_the_deadline_and_leaves_no_process(
    attempt: Callable[..., object],
    hostile: Callable[[str], ModuleType],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    mark = str(tmp_path / "mark")
    monkeypatch.setattr(sys, "path", [*sys.path, mark])

    error = attempt(hostile("onnx_models").endless_loop(), deadline_s=3)

    assert type(error) is BundleError
    assert str(error).startswith(
        "x.edge: the trial of model.onnx did not end within 3 s; do not"
    )
    assert _running(mark) == []


def test_a_model_that_takes_too_much_memory_is_an_error(
    attempt: Callable[..., object], hostile: Callable[[str], ModuleType]
) -> None:
    if not Path("/proc/self/statm").exists():
        pytest.skip("the memory of a child is bounded on Linux alone")
    models = {one.name: one for one in hostile("onnx_models").hostile_models()}

    error = attempt(models["four_gib_constant"].build(), memory=256 << 20)

    assert type(error) is BundleError
    assert "model.onnx failed: it takes more than 268435456 bytes of memory: " in str(error)


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGKILL])
def test_a_child_that_ends_by_a_signal_is_an_error_that_names_it(
    attempt: Callable[..., object],
    hostile: Callable[[str], ModuleType],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    number: signal.Signals,
) -> None:
    if not Path("/proc/self/cmdline").exists():
        pytest.skip("needs /proc to find the child")
    mark = str(tmp_path / "mark")
    monkeypatch.setattr(sys, "path", [*sys.path, mark])
    model = hostile("onnx_models").endless_loop()
    found: list[object] = []

    trying = Thread(target=lambda: found.append(attempt(model)))
    trying.start()
    while not (pids := _running(mark)):
        assert trying.is_alive()
    os.kill(pids[0], number)
    trying.join(60)

    assert type(found[0]) is BundleError
    assert f"trial of model.onnx ended by signal {number.value} ({number.name}); " in str(
        found[0]
    )


# Stands in for an engine: a process that it starts keeps the pipes, a lock, and says so.
_STARTS_ANOTHER = """
import fcntl, os, sys, time
here = os.path.dirname(__file__)
read, write = os.pipe()
if os.fork() == 0:
    {first}
    lock = os.open(here + "/lock", os.O_CREAT | os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX)
    os.write(write, b"x")
    time.sleep(20)
    open(here + "/survived", "w").close()
    os._exit(0)
os.read(read, 1)
{then}
"""
_LEAVES = "os._exit(0)"
_GOES_ON = """
sys.path.remove(here)
del sys.modules["onnxruntime"]
import onnxruntime
"""


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Path]:
    """Makes what the child imports for its engine; the folder of it, which has the lock."""

    def make(first: str, then: str) -> Path:
        folder = tmp_path / "engine"
        folder.mkdir()
        text = _STARTS_ANOTHER.format(first=first, then=then)
        (folder / "onnxruntime.py").write_text(text)
        monkeypatch.setattr(sys, "path", [str(folder), *sys.path])
        return folder

    return make


def _is_held(lock: Path) -> bool:
    fcntl = pytest.importorskip("fcntl")
    with lock.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@needs_fork
def test_a_process_that_left_the_group_and_keeps_the_pipes_is_not_waited_for(
    attempt: Callable[..., object],
    hostile: Callable[[str], ModuleType],
    stand_in: Callable[[str, str], Path],
) -> None:
    folder = stand_in("os.setsid()", _LEAVES)

    error = attempt(hostile("onnx_models").good(), deadline_s=10)

    assert _is_held(folder / "lock")
    assert type(error) is BundleError
    assert "trial of model.onnx ended with exit code 0 and no answer; do not" in str(error)


@needs_fork
def test_an_answer_counts_while_another_process_keeps_the_pipes(
    attempt: Callable[..., object],
    hostile: Callable[[str], ModuleType],
    stand_in: Callable[[str, str], Path],
) -> None:
    folder = stand_in("os.setsid()", _GOES_ON)

    error = attempt(hostile("onnx_models").good(), deadline_s=10)

    assert _is_held(folder / "lock")
    assert error is None


@needs_fork
def test_what_a_child_leaves_in_its_group_is_killed(
    attempt: Callable[..., object],
    hostile: Callable[[str], ModuleType],
    stand_in: Callable[[str, str], Path],
) -> None:
    fcntl = pytest.importorskip("fcntl")
    folder = stand_in("pass", _LEAVES)

    attempt(hostile("onnx_models").good())

    with (folder / "lock").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # until it is gone
    assert not (folder / "survived").exists()


def test_what_lies_in_the_working_directory_is_not_imported(
    attempt: Callable[..., object],
    hostile: Callable[[str], ModuleType],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    for name in ("numpy.py", "edgesmith_runtime.py", "json.py", "sitecustomize.py"):
        (tmp_path / name).write_text("raise SystemExit(9)")
    model = hostile("onnx_models").good()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(sys, "path", ["", *sys.path])

    assert attempt(model) is None


def test_a_program_without_an_interpreter_says_so(
    attempt: Callable[..., object],
    hostile: Callable[[str], ModuleType],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)

    error = attempt(hostile("onnx_models").good())

    assert type(error) is BackendError
    assert "the trial of model.onnx needs a Python interpreter" in str(error)


def test_a_free_axis_that_suits_no_length_of_one_says_nothing_against_a_model(
    attempt: Callable[..., object], hostile: Callable[[str], ModuleType]
) -> None:
    onnx = pytest.importorskip("onnx")
    helper, floats = onnx.helper, onnx.TensorProto.FLOAT
    indices = onnx.numpy_helper.from_array(np.array([2]), "i")
    graph = helper.make_graph(
        [helper.make_node("Gather", ["x", "i"], ["y"], axis=1)],
        "g",
        [helper.make_tensor_value_info("x", floats, ["batch", "n"])],
        [helper.make_tensor_value_info("y", floats, ["batch", 1])],
        [indices],
    )
    opsets = [helper.make_opsetid("", 18)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()
    manifest = hostile("bundles").manifest_around(
        Format.ONNX,
        x=TensorSpec("x", "float32", ("batch", "n")),
        y=TensorSpec("y", "float32", ("batch", 1)),
    )
    step = dataclasses.replace(
        manifest.transform[0], params={"dtype": "float32", "shape": [-1]}
    )
    manifest = dataclasses.replace(manifest, transform=(step,))

    assert attempt(model, manifest=manifest) is None


def test_load_tries_first_where_a_bundle_is_not_trusted(
    hostile: Callable[[str], ModuleType], tmp_path: Path
) -> None:
    bundles, path = hostile("bundles"), tmp_path / "x.edge"
    path.write_bytes(bundles.bundle_around(hostile("onnx_models").good(), expected=TWOS))

    model = load(path, trusted=False)

    np.testing.assert_array_equal(model.run({"x": TWOS - 1})["y"], TWOS)


def test_load_names_the_bundle_that_failed_its_trial(
    hostile: Callable[[str], ModuleType], tmp_path: Path
) -> None:
    bundles, path = hostile("bundles"), tmp_path / "x.edge"
    path.write_bytes(bundles.bundle_around(hostile("onnx_models").good(), expected=-TWOS))

    with pytest.raises(
        SelfTestError, match=r"x\.edge: the trial of model\.onnx failed: sample"
    ):
        load(path, trusted=False)
    load(path)
