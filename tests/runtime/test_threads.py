"""Models that share a budget of threads; each case in a process of its own, which has one budget."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

import edgesmith_runtime as er

if TYPE_CHECKING:
    from pathlib import Path

START = """
import os, sys
import edgesmith_runtime as er
from edgesmith_runtime.settings import Engine, default_settings
from edgesmith_runtime.spec import Format

path = sys.argv[1]
n_tasks = lambda: len(os.listdir("/proc/self/task"))

def told(act):
    try:
        act()
    except (er.EdgesmithError, ValueError) as error:
        return str(error)
    return None
"""


def _shown(path: Path, code: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", START + code, path],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.skipif(sys.platform != "linux", reason="counts threads in /proc")
@pytest.mark.parametrize(("budget", "n_more"), [(1, 0), (2, 1), (3, 2)])
def test_models_together_add_the_budget_less_the_thread_that_calls(
    tiny_bundle_path: Path, budget: int, n_more: int
) -> None:
    shown = _shown(
        tiny_bundle_path,
        f"""
er.set_thread_budget({budget})
print("onnxruntime" in sys.modules)
import edgesmith_runtime.runners.onnx
before = n_tasks()
models = [er.load(path) for _ in range(2)]
print([model.predict([1, 2, 3, 4]).label for model in models])
print(n_tasks() - before)
""",
    )

    assert shown == ["False", "['cat', 'cat']", str(n_more)]


def test_without_a_budget_a_model_has_all_threads_that_the_host_gives(
    tiny_bundle_path: Path,
) -> None:
    shown = _shown(
        tiny_bundle_path,
        """
chosen = er.load(path).settings
print(chosen.is_pooled, chosen.n_threads == er.available_threads())
""",
    )

    assert shown == ["False True"]


def test_engines_without_a_pool_run_on_one_thread(tiny_bundle_path: Path) -> None:
    shown = _shown(
        tiny_bundle_path,
        """
er.set_thread_budget(4)
for fmt, engine in ((Format.ONNX, None), (Format.ONNX, Engine.OPENVINO), (Format.TFLITE, None)):
    chosen = default_settings(fmt, engine=engine)
    print(chosen.engine, chosen.n_threads, chosen.is_pooled)
print(default_settings(Format.TFLITE, n_threads=3).n_threads)
""",
    )

    assert shown == ["onnxruntime 4 True", "openvino 1 False", "litert 1 False", "3"]


def test_a_second_budget_is_refused_unless_it_is_the_same(tiny_bundle_path: Path) -> None:
    shown = _shown(
        tiny_bundle_path,
        """
er.set_thread_budget(2)
er.set_thread_budget(2)
print(told(lambda: er.set_thread_budget(3)))
""",
    )

    assert shown == ["thread budget: expected one for the process, got 3 after 2; set it once"]


def test_a_budget_after_a_model_is_too_late(tiny_bundle_path: Path) -> None:
    shown = _shown(
        tiny_bundle_path,
        """
model = er.load(path)
print(told(lambda: er.set_thread_budget(2)))
print(model.predict([1, 2, 3, 4]).label, er.load(path).settings.is_pooled)
""",
    )

    assert shown == [
        "thread budget: expected to be set before the first model is loaded, a model has threads "
        "of its own already; call set_thread_budget at the start of the app",
        "cat False",
    ]


def test_threads_of_its_own_are_refused_under_a_budget(tiny_bundle_path: Path) -> None:
    shown = _shown(
        tiny_bundle_path,
        """
er.set_thread_budget(2)
print(told(lambda: er.load(path, n_threads=1)))
print(er.load(path).predict([1, 2, 3, 4]).label)
""",
    )

    assert shown == [
        "n_threads: expected none for onnxruntime, whose models share a budget of 2 threads; "
        "leave it away, or set no thread budget",
        "cat",
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="no fork")
def test_a_forked_child_is_told_that_the_pool_is_not_there(tiny_bundle_path: Path) -> None:
    shown = _shown(
        tiny_bundle_path,
        """
er.set_thread_budget(2)
model = er.load(path)
pid = os.fork()
if pid == 0:
    print(told(lambda: er.load(path)), flush=True)
    os._exit(0)
os.waitpid(pid, 0)
print(model.predict([1, 2, 3, 4]).label)
""",
    )

    assert shown[0].startswith("thread budget: expected a process that was not forked, the")
    assert shown[1] == "cat"


@pytest.mark.parametrize("n", [0, -1, 1.5, True, None, 10**12])
def test_a_budget_is_a_whole_number_from_1(n: object) -> None:
    with pytest.raises(ValueError, match=rf"n: expected a whole .* from 1 to .*, got {n!r}"):
        er.set_thread_budget(n)  # pyright: ignore[reportArgumentType]


def test_models_under_a_budget_print_nothing(tiny_bundle_path: Path) -> None:
    code = "er.set_thread_budget(2); er.load(path).predict([1, 2, 3, 4])"

    done = subprocess.run(
        [sys.executable, "-c", START + code, tiny_bundle_path],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )

    assert (done.stdout, done.stderr) == ("", "")


def test_a_model_that_did_not_open_has_no_threads_of_its_own(tiny_bundle_path: Path) -> None:
    shown = _shown(
        tiny_bundle_path,
        """
import dataclasses
whole = er.read_bundle(path).artifact("model.onnx")
print(told(lambda: er.open_runner(dataclasses.replace(whole, content=b"no model"))) is None)
er.set_thread_budget(2)
print(er.load(path).predict([1, 2, 3, 4]).label)
""",
    )

    assert shown == ["False", "cat"]


@pytest.mark.parametrize("n_threads", [0, -1, 2.5, "4", True, 10**12])
def test_threads_of_a_run_are_a_whole_number_that_the_machine_bears(
    tiny_bundle_path: Path, n_threads: Any
) -> None:
    with pytest.raises(ValueError, match=rf"^n_threads: .* from 1 to .*, got {n_threads!r}$"):
        er.load(tiny_bundle_path, n_threads=n_threads)
