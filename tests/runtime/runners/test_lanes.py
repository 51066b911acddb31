from __future__ import annotations

import gc
import signal
from itertools import count
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgesmith_runtime.errors import BackendError
from edgesmith_runtime.runners import lanes, open_runner
from edgesmith_runtime.runners.lanes import Lane, Lanes

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from edgesmith_runtime.bundle import Artifact


def _lane(n_bytes: int = 0) -> Lane:
    inputs = {"x": np.empty(n_bytes, np.uint8)}
    return Lane(None, inputs, {}, is_bound=False, failed=_failed)


def _failed(error: Exception) -> BackendError:
    return BackendError(f"the engine: {error}")


def test_only_arrays_like_those_that_were_kept_find_a_lane() -> None:
    kept = Lanes(("x", "y"))
    one, other = np.ones((1, 2), np.float32), np.ones(3, np.int64)
    lane = _lane()

    kept.keep({"x": one, "y": other}, lane)

    assert kept.find({"y": other * 2, "x": one * 2}) is lane
    for tensors in (
        {"x": one, "y": one},
        {"x": one.astype(np.float64), "y": other},
        {"x": one.astype(">f4"), "y": other},
        {"x": one.view(np.ma.MaskedArray), "y": other},
        {"x": one},
        {"x": one, "y": other, "z": other},
        {"x": one, "y": [1, 1, 1]},
        [one, other],
        None,
    ):
        assert kept.find(tensors) is None  # type: ignore[arg-type]


def test_arrays_came_before_when_they_come_a_second_time() -> None:
    kept = Lanes(("x",))
    arrays = [np.empty(n) for n in range(3)]

    first = [kept.came_before({"x": array}) for array in arrays]
    second = [kept.came_before({"x": array}) for array in arrays]

    assert first == [False] * 3
    assert second == [True] * 3


def test_the_number_of_lanes_is_bounded() -> None:
    kept = Lanes(("x",))
    arrays = [np.empty(n) for n in range(lanes.MAX_LANES + 1)]

    for array in arrays:
        kept.came_before({"x": array})
        kept.keep({"x": array}, _lane())

    found = [kept.find({"x": array}) is not None for array in arrays]
    assert found == [False] * lanes.MAX_LANES + [True]


@pytest.mark.parametrize(
    ("n_rows", "is_bound"), [(0, False), (1, True), (1700, True), (1800, False)]
)
def test_buffers_are_bound_where_they_are_quicker(
    make_artifact: Callable[..., Artifact], tiny_onnx: bytes, n_rows: int, *, is_bound: bool
) -> None:
    runner: Any = open_runner(make_artifact(tiny_onnx))
    features = {"features": np.ones((n_rows, 4), np.float32)}

    for _ in range(3):
        runner.run(features)

    lane = runner._lanes.find(features)
    assert lane.is_bound == is_bound
    assert lane.n_bytes == n_rows * 16


@pytest.mark.parametrize("has_private_names", [True, False])
def test_a_binding_runs_beneath_the_public_names_and_by_them(
    make_artifact: Callable[..., Artifact], tiny_onnx: bytes, *, has_private_names: bool
) -> None:
    runner: Any = open_runner(make_artifact(tiny_onnx))
    inputs = {"features": np.ones((2, 4), np.float32)}
    outputs: dict[str, NDArray[np.float32]] = runner.run(inputs)
    whole = runner._session
    n_public = count()

    def run_with_iobinding(*given: object) -> None:
        next(n_public)
        whole.run_with_iobinding(*given)

    public = SimpleNamespace(io_binding=whole.io_binding, run_with_iobinding=run_with_iobinding)
    session = whole if has_private_names else public

    lane = Lane(session, inputs, outputs, is_bound=True, failed=_failed)
    answer = lane.run({"features": inputs["features"].copy()})

    assert answer is not None
    np.testing.assert_array_equal(answer["probabilities"], outputs["probabilities"])
    assert (next(n_public) == 0) == has_private_names


def test_a_lane_runs_nothing_for_other_tensors_or_while_another_thread_is_in_it(
    make_artifact: Callable[..., Artifact], tiny_onnx: bytes
) -> None:
    runner: Any = open_runner(make_artifact(tiny_onnx))
    inputs = {"features": np.ones((2, 4), np.float32)}
    outputs = runner.run(inputs)
    whole = runner._session
    inner: list[object] = []

    def run_with_iobinding(*given: object) -> None:
        inner.append(lane.run(inputs))
        whole.run_with_iobinding(*given)

    session = SimpleNamespace(
        io_binding=whole.io_binding, run_with_iobinding=run_with_iobinding
    )
    lane = Lane(session, inputs, outputs, is_bound=True, failed=_failed)

    others: list[Any] = [
        {},
        {"features": inputs["features"].astype(np.float64)},
        {"features": inputs["features"].astype(">f4")},
        {"features": inputs["features"][:1]},
        {"features": inputs["features"].view(np.ma.MaskedArray)},
        {"features": [[1.0] * 4] * 2},
        {**inputs, "more": inputs["features"]},
        [inputs["features"]],
        None,
    ]

    assert [lane.run(other) for other in others] == [None] * len(others)
    assert not inner
    for _ in range(2):
        answer = lane.run(inputs)
        assert answer is not None
        np.testing.assert_array_equal(answer["probabilities"], outputs["probabilities"])
    assert inner == [None, None]


def test_a_lane_goes_on_after_a_fault_of_the_engine(
    make_artifact: Callable[..., Artifact], tiny_onnx: bytes
) -> None:
    runner: Any = open_runner(make_artifact(tiny_onnx))
    inputs = {"features": np.ones((2, 4), np.float32)}
    outputs = runner.run(inputs)
    whole = runner._session
    faults: list[Exception] = [RuntimeError("no memory")]

    def run_with_iobinding(*given: object) -> None:
        if faults:
            raise faults.pop()
        whole.run_with_iobinding(*given)

    session = SimpleNamespace(
        io_binding=whole.io_binding, run_with_iobinding=run_with_iobinding
    )
    lane = Lane(session, inputs, outputs, is_bound=True, failed=_failed)

    with pytest.raises(BackendError, match=r"^the engine: no memory$"):
        lane.run(inputs)

    answer = lane.run(inputs)
    assert answer is not None
    np.testing.assert_array_equal(answer["probabilities"], outputs["probabilities"])


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="the system has no timers")
def test_an_interrupt_at_any_moment_leaves_the_buffers_to_the_next_run() -> None:
    binding = SimpleNamespace(bind_input=_nothing, bind_output=_nothing)
    session = SimpleNamespace(io_binding=lambda: binding, run_with_iobinding=_nothing)
    inputs = {"x": np.ones(1, np.float32)}
    lane = Lane(session, inputs, inputs, is_bound=True, failed=_failed)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    gc.disable()  # what is raised in a callback of it, or of a weak reference, is lost
    try:
        for number in range(2000):
            with pytest.raises(KeyboardInterrupt):
                signal.setitimer(signal.ITIMER_REAL, (20 + number % 20) * 1e-6)
                while True:
                    lane.run(inputs)
    finally:
        gc.enable()
        signal.signal(signal.SIGALRM, before)

    assert lane.run(inputs) is not None


def _nothing(*_: object) -> None:
    """What an engine does here."""
