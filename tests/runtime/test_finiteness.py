"""NaN and infinity on their way into a model and out of it, by each policy."""

from __future__ import annotations

import tracemalloc
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import edgesmith_runtime as er
from edgesmith_runtime.errors import BackendError, InputError, NonFiniteWarning
from edgesmith_runtime.finiteness import Finiteness
from edgesmith_runtime.manifest import Kind, RawInput, Step
from edgesmith_runtime.spec import TensorSpec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

OVER = np.array([1e38, 3e38], np.float32)  # finite each, their sum is not
IN = r"^sample 1: tensor 'x' is inf at \(0,\) after the transform; fill what is missing"
OUT = (
    r"^sample 1: output 'total' is inf at \(0,\), expected finite numbers; .*non_finite='warn'"
)


@pytest.fixture
def path(bundle_of: Callable[..., Path]) -> Path:
    raw = (RawInput("x", Kind.TENSOR, "two numbers"),)
    return bundle_of(raw, (), (None, (TensorSpec("x", "float32", ("batch", 2)),)))


def _batch(number: float) -> Any:
    return [np.zeros(2, np.float32), np.array([number, 1], np.float32)]


def test_an_input_that_is_not_finite_is_refused_unless_told(path: Path) -> None:
    with pytest.raises(InputError, match=IN):
        er.load(path).predict_batch(_batch(np.inf))


def test_an_answer_that_is_not_finite_is_refused_unless_told(path: Path) -> None:
    with pytest.raises(BackendError, match=OUT):
        er.load(path).predict_batch([np.zeros(2, np.float32), OVER])


@pytest.mark.parametrize(
    ("second", "message"), [(_batch(np.inf)[1], IN), (OVER, OUT)], ids=["input", "answer"]
)
def test_a_warning_is_given_once_a_call_beside_the_answer(
    path: Path, second: Any, message: str
) -> None:
    model = er.load(path, non_finite="warn")

    for _ in range(2):
        with pytest.warns(NonFiniteWarning, match=message) as told:
            answers = model.predict_batch([np.ones(2, np.float32), second])

        assert [answer.value for answer in answers] == [2.0, np.inf]
        assert len(told) == 1


def test_a_warning_points_at_the_line_that_asked(path: Path) -> None:
    model = er.load(path, non_finite="warn")

    for ask in (lambda: model.predict(OVER), lambda: model.predict_batch(_batch(np.inf))):
        with pytest.warns(NonFiniteWarning) as told:
            ask()

        assert told[0].filename == __file__


def test_with_pass_everything_is_answered(path: Path) -> None:
    model = er.load(path, non_finite="pass")

    answers = model.predict_batch([OVER, _batch(np.nan)[1], _batch(-np.inf)[1]])

    np.testing.assert_array_equal(
        [answer.value for answer in answers], [np.inf, np.nan, -np.inf]
    )


@pytest.mark.parametrize("policy", ["error", "warn", "pass"])
def test_run_looks_at_no_numbers(path: Path, policy: Any) -> None:
    model = er.load(path, non_finite=policy)
    x = np.array([[np.nan, 1], [np.inf, 1]], np.float32)

    for _ in range(3):
        np.testing.assert_array_equal(model.run({"x": x})["total"], [[np.nan], [np.inf]])


@pytest.mark.parametrize("policy", ["error", "warn", "pass"])
def test_what_is_finite_is_never_told(path: Path, policy: Any) -> None:
    model = er.load(path, non_finite=policy)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        answer = model.predict(np.array([3e38, -3e38], np.float32))

    assert answer.value == 0.0


def test_nan_may_be_missing_where_the_model_fills(bundle_of: Callable[..., Path]) -> None:
    raw = (RawInput("x", Kind.SERIES, "two points"),)
    steps = (
        Step(op="read_series", inputs=("x",), outputs=("t",)),
        Step(op="fill", inputs=("t",), outputs=("u",), params={"values": [7.0]}),
    )
    spec = TensorSpec("t", "float32", ("batch", 2, 1))
    model = er.load(bundle_of(raw, steps, (0, (spec,))), non_finite="warn")

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tensor = model.prepare([1.0, None])["t"]

    assert np.isnan(tensor).sum() == 1


def test_whole_numbers_are_finite() -> None:
    finiteness = Finiteness("error", frozenset())
    whole = {"y": np.array([[2**31 - 1]], np.int32)}

    finiteness.check_tensors(whole)
    finiteness.check_outputs(whole, whole)


def test_one_number_of_a_large_tensor_in_another_order_is_found_by_its_place() -> None:
    finiteness = Finiteness("error", frozenset())
    turned = np.zeros((2, 3, 40, 30), np.float32).transpose(0, 2, 3, 1)
    finiteness.check_tensors({"x": turned})

    turned[1, 39, 2, 1] = np.inf

    with pytest.raises(InputError, match=r"^sample 1: tensor 'x' is inf at \(39, 2, 1\) "):
        finiteness.check_tensors({"x": turned})


def test_of_a_large_tensor_one_byte_a_number_is_held_for_the_look() -> None:
    x = np.zeros((1, 1_000_000), np.float32)

    tracemalloc.start()
    try:
        Finiteness("error", frozenset()).check_tensors({"x": x})
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert x.size <= peak < 1.5 * x.size


@pytest.mark.parametrize("policy", ["raise", "ERROR", None, True])
def test_another_policy_lists_the_known(path: Path, policy: Any) -> None:
    with pytest.raises(
        ValueError, match=rf"non_finite: expected one of \['error', .*{policy!r}"
    ):
        er.load(path, non_finite=policy)


def test_nan_may_be_missing_where_a_later_step_of_the_model_fills(
    bundle_of: Callable[..., Path],
) -> None:
    raw = (RawInput("x", Kind.SERIES, "two points"),)
    scaling = {"offset": [0.0], "scale": [2.0]}
    steps = (
        Step(op="read_series", inputs=("x",), outputs=("t",)),
        Step(op="scale", inputs=("t",), outputs=("s",), params=scaling),
        Step(op="fill", inputs=("s",), outputs=("u",), params={"values": [7.0]}),
    )
    spec = TensorSpec("t", "float32", ("batch", 2, 1))
    model = er.load(bundle_of(raw, steps, (0, (spec,))))

    assert np.isnan(model.prepare([1.0, None])["t"]).sum() == 1


def test_a_warning_passes_over_the_packages_within_ours(path: Path) -> None:
    model = er.load(path, non_finite="warn")
    inner: dict[str, Any] = {"__name__": "edgesmith_runtime.serving.inner", "model": model}
    exec("def ask(raw): return model.predict(raw)", inner)

    with pytest.warns(NonFiniteWarning) as told:
        inner["ask"](OVER)

    assert told[0].filename == __file__


def test_a_policy_is_looked_at_before_the_bundle() -> None:
    with pytest.raises(ValueError, match=r"^non_finite: expected one of .* got 'shrug'"):
        er.load("nowhere.edge", non_finite="shrug")  # type: ignore[arg-type]
