"""Runs that take too long are ended, and no others."""

from __future__ import annotations

import dataclasses
import math
import threading
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgesmith_runtime import load
from edgesmith_runtime.bundle import make_bundle, write_bundle
from edgesmith_runtime.errors import BackendError, DeadlineError, EdgesmithError
from edgesmith_runtime.runners import deadlines, open_runner
from edgesmith_runtime.runners.deadlines import Watch, deadline_after, time_left
from edgesmith_runtime.spec import Format, Signature, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from edgesmith_runtime.bundle import Artifact, Bundle
    from edgesmith_runtime.runners import Runner

HANG_S = 60.0
FOREVER = 2**62  # turns, 0.1 us each


@pytest.fixture
def loop(make_artifact: Callable[..., Artifact]) -> Callable[[int | str], Runner]:
    """Adds one to ``x`` in as many turns as the largest of ``turns`` says."""
    onnx = pytest.importorskip("onnx")
    helper, proto = onnx.helper, onnx.TensorProto
    constant = onnx.numpy_helper.from_array

    def make(batch: int | str) -> Runner:
        def value(name: str, dtype: int, shape: list[int | str]) -> Any:
            return helper.make_tensor_value_info(name, dtype, shape)

        body = helper.make_graph(
            [
                helper.make_node("Identity", ["go"], ["go_on"]),
                helper.make_node("Add", ["before", "one"], ["after"]),
            ],
            "body",
            [
                value("turn", proto.INT64, []),
                value("go", proto.BOOL, []),
                value("before", proto.FLOAT, [batch, 1]),
            ],
            [value("go_on", proto.BOOL, []), value("after", proto.FLOAT, [batch, 1])],
            [constant(np.ones(1, np.float32), "one")],
        )
        graph = helper.make_graph(
            [
                helper.make_node("ReduceMax", ["turns"], ["most"], keepdims=0),
                helper.make_node("Loop", ["most", "true", "x"], ["y"], body=body),
            ],
            "loop",
            [value("x", proto.FLOAT, [batch, 1]), value("turns", proto.INT64, [batch, 1])],
            [value("y", proto.FLOAT, [batch, 1])],
            [constant(np.array(1 > 0), "true")],
        )
        opset = helper.make_opsetid("", 18)
        model = helper.make_model(graph, opset_imports=[opset], ir_version=8)
        signature = Signature(
            (
                TensorSpec("x", "float32", (batch, 1)),
                TensorSpec("turns", "int64", (batch, 1)),
            ),
            (TensorSpec("y", "float32", (batch, 1)),),
        )
        return open_runner(
            make_artifact(model.SerializeToString(), signature=signature), n_threads=1
        )

    return make


def _turns(*numbers: int) -> dict[str, Any]:
    turns = np.array(numbers)[:, np.newaxis]
    return {"x": np.zeros((len(numbers), 1), np.float32), "turns": turns}


@pytest.mark.parametrize("n_runs_before", [0, 1, 3])
def test_a_run_without_end_is_ended_and_the_model_answers_on(
    loop: Callable[[int | str], Runner], n_runs_before: int
) -> None:
    runner = loop("batch")
    for _ in range(n_runs_before):
        runner.run(_turns(1))

    for turns in range(5):
        started = time.monotonic()
        with pytest.raises(
            DeadlineError,
            match=r"^model\.onnx: expected a run within 0\.05 s, it took longer and was ended",
        ):
            runner.run(_turns(FOREVER), timeout=0.05)
        elapsed = time.monotonic() - started

        assert 0.05 <= elapsed < HANG_S
        for timeout in (None, HANG_S):
            outputs = runner.run(_turns(turns), timeout=timeout)
            np.testing.assert_array_equal(outputs["y"], [[turns]])


def test_a_run_too_long_is_a_timeout_and_an_error_of_edgesmith() -> None:
    assert issubclass(DeadlineError, EdgesmithError)
    assert issubclass(DeadlineError, TimeoutError)


def test_the_end_of_one_run_is_not_the_end_of_another(
    loop: Callable[[int | str], Runner],
) -> None:
    runner = loop("batch")
    long = _turns(30_000)
    expected = runner.run(long)["y"].item()
    answers: list[float] = []
    one_ended = threading.Event()

    def answer() -> None:
        while len(answers) < 3 or not one_ended.is_set():
            answers.append(runner.run(long, timeout=HANG_S)["y"].item())

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    while thread.is_alive():
        with pytest.raises(DeadlineError):
            runner.run(_turns(FOREVER), timeout=0.001)
        one_ended.set()
    thread.join()

    assert answers == [expected] * len(answers)
    assert len(answers) >= 3


def test_all_batches_of_a_fixed_size_share_the_timeout(
    loop: Callable[[int | str], Runner],
) -> None:
    runner = loop(1)

    answered = runner.run(_turns(1, 2, 3), timeout=HANG_S)
    with pytest.raises(DeadlineError, match=r"^model\.onnx: "):
        runner.run(_turns(1, FOREVER, 2), timeout=0.05)

    np.testing.assert_array_equal(answered["y"], [[1], [2], [3]])


def test_a_run_that_fails_by_itself_says_why(onnx_artifact: Callable[..., Artifact]) -> None:
    onnx = pytest.importorskip("onnx")
    shape = onnx.numpy_helper.from_array(np.array([1, 2]), "shape")
    spec = TensorSpec("x", "float32", ("batch", 2))
    signature = Signature((spec,), (TensorSpec("y", "float32", ("batch", 2)),))
    runner = open_runner(
        onnx_artifact([("Reshape", ["x", "shape"], ["y"])], signature, (shape,))
    )

    with pytest.raises(BackendError, match="Reshape"):
        runner.run({"x": np.ones((3, 2), np.float32)}, timeout=HANG_S)


@pytest.mark.parametrize(
    "timeout", [0, 0.0, -1, math.nan, math.inf, True, False, "1", np.True_, 1j, 10**400]
)
def test_what_is_no_time_is_refused(artifact: Artifact, timeout: Any) -> None:
    runner = open_runner(artifact)
    features = np.zeros((1, 4), np.float32)

    with pytest.raises(
        ValueError, match="timeout: expected seconds above 0, or None"
    ) as caught:
        runner.run({"features": features}, timeout=timeout)

    assert repr(timeout) in str(caught.value)


@pytest.mark.parametrize("timeout", [5, np.float32(5), np.int64(5)])
def test_any_number_above_zero_is_a_time(
    make_artifact: Callable[..., Artifact], tiny_onnx: bytes, timeout: Any
) -> None:
    runner = open_runner(make_artifact(tiny_onnx))

    outputs = runner.run({"features": np.zeros((1, 4), np.float32)}, timeout=timeout)

    assert outputs["probabilities"].shape == (1, 3)


def test_a_timed_run_checks_its_input(
    make_artifact: Callable[..., Artifact], tiny_onnx: bytes
) -> None:
    runner = open_runner(make_artifact(tiny_onnx))

    for _ in range(3):
        runner.run({"features": np.zeros((1, 4), np.float32)}, timeout=HANG_S)
        with pytest.raises(EdgesmithError, match="tensor 'features': expected"):
            runner.run({"features": np.zeros((1, 5), np.float32)}, timeout=HANG_S)


@pytest.mark.tflite
def test_litert_takes_no_timeout_and_says_what_does(
    make_artifact: Callable[..., Artifact], tiny_tflite: bytes
) -> None:
    runner = open_runner(make_artifact(tiny_tflite, Format.TFLITE))

    with pytest.raises(
        BackendError,
        match=r"^model\.tflite: expected no timeout, got 2 s: LiteRT cannot end a run .* ONNX",
    ):
        runner.run({"features": np.zeros((1, 4), np.float32)}, timeout=2)


def test_watches_end_in_the_order_of_their_deadlines() -> None:
    order: list[int] = []
    last = threading.Event()
    now = time.monotonic()
    watches = [
        Watch(now + after, lambda number=number: order.append(number))
        for number, after in [(2, 0.02), (0, 0.0), (3, 0.03), (1, 0.01)]
    ]

    with deadlines._WATCHDOG._changed:  # it looks when all are there
        for watch in watches:
            watch.__enter__()
    with Watch(now + 0.04, last.set) as slowest:
        assert last.wait(HANG_S)
        assert slowest.has_ended
    for watch in watches:
        watch.__exit__()

    assert order == [0, 1, 2, 3]
    assert all(watch.has_ended for watch in watches)


def test_what_is_over_is_never_ended() -> None:
    ended: list[str] = []
    later = threading.Event()

    with (
        deadlines._WATCHDOG._changed,  # it looks when the first is over, and late
        Watch(time.monotonic(), lambda: ended.append("over")) as over,
    ):
        pass
    with Watch(time.monotonic(), later.set):
        assert later.wait(HANG_S)

    assert ended == []
    assert not over.has_ended


def test_runs_that_end_in_time_leave_nothing_behind() -> None:
    for _ in range(2000):
        with Watch(time.monotonic() + HANG_S, lambda: None):
            pass

    watchdog: Any = deadlines._WATCHDOG
    assert len(watchdog._queue) < 2 * deadlines.MAX_DONE + 2


def test_one_thread_watches_them_all() -> None:
    for _ in range(50):
        with Watch(time.monotonic() + HANG_S, lambda: None):
            pass

    names = [thread.name for thread in threading.enumerate()]
    assert names.count("edgesmith-deadlines") == 1


def test_time_that_is_used_up_names_what_took_it() -> None:
    assert 0 < time_left(deadline_after(5), where="m.onnx", done="it") <= 5
    with pytest.raises(
        DeadlineError,
        match=r"^m\.onnx: expected to be done within timeout=, which was over .* s ago, after x",
    ):
        time_left(time.monotonic() - 1, where="m.onnx", done="x")


def test_a_prediction_has_its_timeout_from_the_call_on(tiny_bundle_path: Path) -> None:
    model = load(tiny_bundle_path)
    raw = np.zeros(4, np.float32)

    assert model.predict(raw, timeout=HANG_S).scores == model.predict(raw).scores
    assert len(model.predict_batch([raw] * 2, timeout=HANG_S)) == 2
    for predict in (
        model.predict,
        lambda raw, timeout: model.predict_batch([raw], timeout=timeout),
    ):
        with pytest.raises(
            DeadlineError,
            match=r"^model\.onnx: expected to be done within timeout=, .* after the transform;",
        ):
            predict(raw, timeout=1e-9)


def test_a_prediction_refuses_what_is_no_time_before_it_reads_anything(
    tiny_bundle_path: Path,
) -> None:
    model = load(tiny_bundle_path)

    with pytest.raises(ValueError, match=r"timeout: expected seconds above 0.* got -1"):
        model.predict("no tensor", timeout=-1)
    with pytest.raises(ValueError, match=r"timeout: expected seconds above 0.* got nan"):
        model.predict_batch([], timeout=math.nan)


def test_codes_are_made_within_the_timeout(quantized_artifact: Callable[..., Artifact]) -> None:
    artifact = quantized_artifact()
    runner = open_runner(artifact)
    features = {"features": np.zeros((1, 4), np.float32)}
    if artifact.format is Format.TFLITE:
        with pytest.raises(BackendError, match=r"^model\.tflite: expected no timeout"):
            runner.run(features, timeout=HANG_S)
        return

    timed = runner.run(features, timeout=HANG_S)

    np.testing.assert_array_equal(timed["probabilities"], runner.run(features)["probabilities"])
    with pytest.raises(
        DeadlineError, match=r"^model\.onnx: .* after its inputs were quantized;"
    ):
        runner.run(features, timeout=1e-9)


@pytest.mark.tflite
def test_a_prediction_on_litert_refuses_a_timeout_before_it_reads_anything(
    tmp_path: Path, tiny_bundle: Bundle, tiny_tflite: bytes
) -> None:
    manifest = tiny_bundle.manifest
    entry = dataclasses.replace(
        manifest.artifacts[0], file="model.tflite", format=Format.TFLITE
    )
    selection = dataclasses.replace(manifest.default_artifact, file="model.tflite")
    manifest = dataclasses.replace(manifest, artifacts=(entry,), default_artifact=selection)
    write_bundle(make_bundle(manifest, {"model.tflite": tiny_tflite}), tmp_path / "m.edge")

    with pytest.raises(BackendError, match=r"^model\.tflite: expected no timeout, got 5 s"):
        load(tmp_path / "m.edge").predict("no tensor", timeout=5)


def test_an_end_that_fails_is_shown_and_the_next_ones_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown: list[Any] = []
    later = threading.Event()
    monkeypatch.setattr(threading, "excepthook", lambda args: shown.append(args.exc_type))

    with (
        Watch(time.monotonic(), lambda: {}["nothing"]),
        Watch(time.monotonic() + 0.02, later.set),
    ):
        assert later.wait(HANG_S)

    assert shown == [KeyError]


def test_a_thread_that_cannot_start_is_an_error_of_ours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(deadlines, "_WATCHDOG", type(deadlines._WATCHDOG)())
    monkeypatch.setattr(threading.Thread, "start", start)

    with (
        pytest.raises(
            BackendError, match=r"^timeout: expected to start .* can't start new thr"
        ),
        Watch(time.monotonic() + 5, lambda: None),
    ):
        pass
