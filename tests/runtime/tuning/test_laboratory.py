"""A process for every measurement; a copy of the graph where the engine makes one."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from edgesmith_runtime.bench.measuring.exchange import Problem
from edgesmith_runtime.host import this_host
from edgesmith_runtime.tuning import Effort, Schedule
from edgesmith_runtime.tuning.contest import TIME_WAS_UP
from edgesmith_runtime.tuning.exchange import Timing
from edgesmith_runtime.tuning.laboratory import Laboratory

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from edgesmith_runtime.bundle import Bundle
    from edgesmith_runtime.tuned import Setup


@pytest.fixture
def laboratory(tiny_bundle: Bundle, tiny_bundle_path: Path) -> Laboratory:
    effort = Effort(
        max_seconds=0.001,
        min_calls=3,
        max_calls=3,
        schedule=Schedule(n_rounds=2, min_rounds=2),
    )
    return Laboratory(
        path=str(tiny_bundle_path),
        identity=tiny_bundle.identity,
        effort=effort,
        host=this_host(),
    )


def test_a_measurement_is_of_its_setup(
    laboratory: Laboratory, make_setup: Callable[..., Setup]
) -> None:
    answer = laboratory.measure(make_setup(), 120.0)
    wrong = laboratory.measure(make_setup(file="model.tflite"), 120.0)

    assert isinstance(answer, Timing)
    assert len(answer.latencies_ns) == 3
    assert isinstance(wrong, Problem)
    assert "no artifact 'model.tflite'" in wrong.reason


def test_a_copy_is_made_and_timed_against_the_bundle(
    laboratory: Laboratory, make_setup: Callable[..., Setup], tmp_path: Path
) -> None:
    said: list[str] = []

    tried = laboratory.try_copy(
        make_setup(),
        tmp_path,
        end=time.monotonic() + 1e6,
        progress=lambda _done, _most, what: said.append(what),
    )

    assert isinstance(tried, tuple)
    trial, graph = tried
    assert trial.size_bytes == graph.size_bytes > 0
    assert trial.load_ns > 0
    assert [file.name for file in tmp_path.glob("*.onnx")] == [graph.file] * trial.is_kept
    assert trial.is_kept <= (trial.ratio.high < 1.0)
    assert said == ["loads with a copy of the graph, and without"] * 2


def test_other_engines_and_late_hours_take_no_copy(
    laboratory: Laboratory, make_setup: Callable[..., Setup], tmp_path: Path
) -> None:
    far, past = time.monotonic() + 1e6, time.monotonic() - 1.0

    assert laboratory.try_copy(make_setup("openvino"), tmp_path, end=far, progress=None) is None
    assert laboratory.try_copy(make_setup(), tmp_path, end=past, progress=None) == Problem(
        TIME_WAS_UP
    )
    assert not list(tmp_path.glob("*.onnx"))


def test_a_process_gets_no_more_time_than_is_left(
    laboratory: Laboratory, make_setup: Callable[..., Setup]
) -> None:
    said = laboratory.measure(make_setup(), 0.01)

    assert said == Problem("no answer within 0.01 s; the process was ended")


def test_a_place_that_cannot_be_written_to_is_no_end_of_the_tuning(
    laboratory: Laboratory, make_setup: Callable[..., Setup], tmp_path: Path
) -> None:
    end = time.monotonic() + 1e6

    tried = laboratory.try_copy(make_setup(), tmp_path / "absent", end=end, progress=None)

    assert isinstance(tried, Problem)
    assert "cannot be written: No such file or directory" in tried.reason


def test_a_copy_that_the_engine_does_not_make_says_why(
    laboratory: Laboratory, make_setup: Callable[..., Setup], tmp_path: Path
) -> None:
    end = time.monotonic() + 1e6

    tried = laboratory.try_copy(make_setup(file="no.onnx"), tmp_path, end=end, progress=None)

    assert isinstance(tried, Problem)
    assert "no artifact 'no.onnx'" in tried.reason
    assert not list(tmp_path.iterdir())
