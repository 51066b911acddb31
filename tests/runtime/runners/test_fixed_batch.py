from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgesmith_runtime.errors import BackendError, SignatureError
from edgesmith_runtime.runners import open_runner
from edgesmith_runtime.runners.fixed_batch import run_in_batches
from edgesmith_runtime.spec import Signature, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from edgesmith_runtime.bundle import Artifact

SIGNATURE = Signature(
    (TensorSpec("x", "float32", (2, 3)),), (TensorSpec("y", "float32", (2, 3)),)
)

WHOLE = Signature((TensorSpec("x", "int64", (2, 3)),), (TensorSpec("y", "int64", (2, 3)),))


@pytest.mark.parametrize("n_samples", [1, 2, 3, 4, 5])
def test_any_number_of_samples_goes_through_a_fixed_batch(
    onnx_artifact: Callable[..., Artifact], n_samples: int
) -> None:
    runner = open_runner(onnx_artifact([("Neg", ["x"], ["y"])], SIGNATURE))
    x = np.arange(n_samples * 3, dtype=np.float32).reshape(n_samples, 3)

    outputs = runner.run({"x": x})

    np.testing.assert_array_equal(outputs["y"], -x)


def test_other_axes_are_checked_as_ever(onnx_artifact: Callable[..., Artifact]) -> None:
    runner = open_runner(onnx_artifact([("Neg", ["x"], ["y"])], SIGNATURE))

    with pytest.raises(SignatureError, match=r"expected shape \(batch, 3\), got \(1, 4\)"):
        runner.run({"x": np.zeros((1, 4), np.float32)})


@pytest.mark.parametrize("n_samples", [2, 4])
def test_a_list_is_a_batch_too(onnx_artifact: Callable[..., Artifact], n_samples: int) -> None:
    runner = open_runner(onnx_artifact([("Add", ["x", "x"], ["y"])], WHOLE))
    numbers = [[row] * 3 for row in range(n_samples)]

    outputs = runner.run({"x": numbers})  # type: ignore[dict-item]

    np.testing.assert_array_equal(outputs["y"], np.array(numbers) * 2)


def test_a_whole_batch_is_checked_by_the_model_itself(
    onnx_artifact: Callable[..., Artifact],
) -> None:
    runner = open_runner(onnx_artifact([("Neg", ["x"], ["y"])], SIGNATURE))

    for _ in range(3):
        runner.run({"x": np.zeros((2, 3), np.float32)})
        with pytest.raises(SignatureError, match=r"expected shape \(2, 3\), got \(2, 4\)"):
            runner.run({"x": np.zeros((2, 4), np.float32)})
        with pytest.raises(SignatureError, match=r"expected dtype float32, got float64"):
            runner.run({"x": np.zeros((2, 3))})


def test_the_model_only_ever_sees_its_own_batch() -> None:
    seen: list[tuple[int, ...]] = []

    def run(tensors: dict[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
        seen.append(tensors["x"].shape)
        return {"y": tensors["x"] * 2}

    outputs = run_in_batches(run, {"x": np.arange(7.0, dtype=np.float32)}, 3)

    assert seen == [(3,), (3,), (3,)]
    np.testing.assert_array_equal(outputs["y"], np.arange(7.0) * 2)


@pytest.mark.parametrize(
    ("shapes", "expected"),
    [
        ([("batch", 3)], None),
        ([(4, 3)], 4),
        ([(4, 3), (4,)], 4),
        ([(4, 3), ("batch",)], None),
        ([()], None),
    ],
)
def test_the_batch_is_fixed_where_all_inputs_say_so(
    shapes: list[tuple[int | str, ...]], expected: int | None
) -> None:
    inputs = tuple(TensorSpec(f"x{i}", "float32", shape) for i, shape in enumerate(shapes))

    assert Signature(inputs, ()).batch_size == expected


def test_no_samples_are_answered_by_none(onnx_artifact: Callable[..., Artifact]) -> None:
    runner = open_runner(onnx_artifact([("Neg", ["x"], ["y"])], SIGNATURE))

    outputs = runner.run({"x": np.zeros((0, 3), np.float32)})

    np.testing.assert_array_equal(outputs["y"], np.zeros((0, 3), np.float32), strict=True)


@pytest.mark.parametrize("shape", [(), (3,), (4, 3)])
def test_an_output_without_the_samples_of_a_batch_is_refused(
    onnx_artifact: Callable[..., Artifact], shape: tuple[int, ...]
) -> None:
    from_array = pytest.importorskip("onnx").numpy_helper.from_array
    signature = Signature(SIGNATURE.inputs, (TensorSpec("y", "float32", shape),))
    made = {
        (): ("ReduceSum", ["x"], []),
        (3,): ("ReduceSum", ["x", "first"], [from_array(np.array([0]), "first")]),
        (4, 3): ("Concat", ["x", "x"], []),
    }
    op, inputs, constants = made[shape]
    artifact = onnx_artifact([(op, inputs, ["y"])], signature, tuple(constants))
    onnx = pytest.importorskip("onnx")
    model = onnx.load_from_string(bytes(artifact.content))
    name, value = ("axis", 0) if op == "Concat" else ("keepdims", 0)
    model.graph.node[0].attribute.append(onnx.helper.make_attribute(name, value))
    runner = open_runner(dataclasses.replace(artifact, content=model.SerializeToString()))

    with pytest.raises(
        BackendError, match=r"^output 'y': expected 2 on the first axis, one for each sample"
    ):
        runner.run({"x": np.ones((3, 3), np.float32)})
