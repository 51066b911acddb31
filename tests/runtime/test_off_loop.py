"""An event loop goes on while a call computes elsewhere."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import edgesmith_runtime as er
from edgesmith_runtime.errors import DeadlineError, InputError
from edgesmith_runtime.off_loop import off_loop

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

X = np.array([0.5, -1.0, 0.25, 2.0], np.float32)


@pytest.fixture(scope="module")
def model(tiny_bundle_path: Path) -> er.Model:
    return er.load(tiny_bundle_path)


class Gate:
    """A plain call that goes no further until it may."""

    def __init__(self) -> None:
        self.is_reached, self.may_go = threading.Event(), threading.Event()
        self.timeouts: list[float | None] = []

    def __call__(self, given: str, /, *, timeout: float | None) -> str:
        self.timeouts.append(timeout)
        self.is_reached.set()
        assert self.may_go.wait(60)
        return f"{given} by {threading.current_thread().name}"


def test_the_async_forms_answer_as_the_plain_ones(model: er.Model) -> None:
    async def ask() -> tuple[er.Prediction, list[er.Prediction], dict[str, NDArray[Any]]]:
        return (
            await model.predict_async(X),
            await model.predict_batch_async([X, X], timeout=60),
            await model.run_async({"features": X[None]}, timeout=60),
        )

    one, (_, other), outputs = asyncio.run(ask())

    assert one.scores == other.scores == model.predict(X).scores
    np.testing.assert_array_equal(outputs["probabilities"][0], one.outputs["probabilities"])


@pytest.mark.parametrize("timeout", [None, 60.0])
def test_errors_are_those_of_the_plain_form(model: er.Model, timeout: float | None) -> None:
    with pytest.raises(InputError) as plain:
        model.predict([np.inf] * 4)

    with pytest.raises(InputError) as caught:
        asyncio.run(model.predict_async([np.inf] * 4, timeout=timeout))

    assert str(caught.value) == str(plain.value)


@pytest.mark.parametrize("timeout", [0.0, -1.0, float("nan"), float("inf"), True])
def test_what_is_no_timeout_is_refused_as_in_the_plain_form(
    model: er.Model, timeout: float
) -> None:
    with pytest.raises(ValueError, match="timeout: ") as plain:
        model.predict(X, timeout=timeout)

    with pytest.raises(ValueError, match="timeout: ") as caught:
        asyncio.run(model.predict_async(X, timeout=timeout))

    assert str(caught.value) == str(plain.value)


def test_the_loop_goes_on_meanwhile() -> None:
    gate = Gate()

    async def ask() -> str:
        answer = asyncio.create_task(off_loop(gate, "answer", timeout=None))
        while not gate.is_reached.is_set():
            await asyncio.sleep(0)
        gate.may_go.set()  # by the loop, which the call does not hold
        return await answer

    assert asyncio.run(ask()).startswith("answer by asyncio_0")


def test_a_task_that_is_cancelled_waits_no_longer_and_its_call_ends_by_itself() -> None:
    gate = Gate()

    async def ask() -> bool:
        task = asyncio.create_task(off_loop(gate, "answer", timeout=None))
        while not gate.is_reached.is_set():
            await asyncio.sleep(0)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            return True
        finally:
            gate.may_go.set()
        return False

    assert asyncio.run(ask())


def test_the_wait_for_a_free_thread_is_part_of_the_time() -> None:
    gate, second = Gate(), Gate()
    second.may_go.set()

    async def ask() -> str:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
        first = asyncio.create_task(off_loop(gate, "first", timeout=None))
        while not gate.is_reached.is_set():
            await asyncio.sleep(0)
        try:
            with pytest.raises(DeadlineError) as caught:
                await off_loop(second, "second", timeout=0.02)
        finally:
            gate.may_go.set()
        await first
        return str(caught.value)

    assert asyncio.run(ask()) == (
        "event loop: expected an answer within timeout=0.02, there is none; allow more time"
    )
    assert second.timeouts == []


def test_the_call_gets_what_is_left_of_the_time() -> None:
    gate = Gate()
    gate.may_go.set()

    asyncio.run(off_loop(gate, "answer", timeout=60.0))

    assert gate.timeouts[0] is not None
    assert 0.0 < gate.timeouts[0] < 60.0


def test_importing_slot_and_batcher_loads_no_event_loop() -> None:
    code = "import sys, edgesmith_runtime as er; er.Slot, er.Batcher; print('asyncio' in sys.modules)"

    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert shown.stdout.strip() == "False"
