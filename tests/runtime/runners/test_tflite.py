"""What only the TFLite runner has to promise."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgesmith_runtime.bundle import make_bundle, write_bundle
from edgesmith_runtime.errors import BackendError, SignatureError
from edgesmith_runtime.loading import load
from edgesmith_runtime.runners import open_runner
from edgesmith_runtime.spec import Format, Signature, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from edgesmith_runtime.bundle import Artifact, Bundle

pytestmark = pytest.mark.tflite

WEIGHTS = np.linspace(-1.0, 1.0, 12, dtype=np.float32).reshape(4, 3)
BIAS = np.array([0.1, -0.2, 0.3], np.float32)


def _features(n: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=(n, 4)).astype(np.float32)


def _expected(features: NDArray[np.float32]) -> NDArray[np.float64]:
    powers = np.exp(features.astype(np.float64) @ WEIGHTS + BIAS)
    return powers / powers.sum(axis=1, keepdims=True)


def _signature(
    inputs: list[str], outputs: list[str], shape: tuple[int | str, ...]
) -> Signature:
    return Signature(
        tuple(TensorSpec(name, "float32", shape) for name in inputs),
        tuple(TensorSpec(name, "float32", shape) for name in outputs),
    )


def _tensor(name: str, *shape: int, **members: object) -> Any:
    node = pytest.importorskip("ai_edge_litert.schema_py_generated").TensorT()
    node.name, node.shape, node.type, node.buffer = name, list(shape), 0, 0
    for key, member in members.items():
        setattr(node, key, member)
    return node


@pytest.mark.parametrize("content", ["tiny_tflite", "tiny_tflite_bare"])
def test_names_come_from_the_signature_or_the_tensors(
    make_artifact: Callable[..., Artifact], content: str, request: pytest.FixtureRequest
) -> None:
    runner = open_runner(make_artifact(request.getfixturevalue(content), Format.TFLITE))

    outputs = runner.run({"features": _features(2)})

    np.testing.assert_allclose(outputs["probabilities"], _expected(_features(2)), atol=1e-6)


def test_a_file_whose_input_is_no_tensor_is_refused_by_name(
    make_artifact: Callable[..., Artifact], tiny_tflite_bare: bytes
) -> None:
    schema = pytest.importorskip("ai_edge_litert.schema_py_generated")
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(tiny_tflite_bare))
    model.subgraphs[0].inputs = [-1]
    builder = pytest.importorskip("flatbuffers").Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")

    with pytest.raises(BackendError, match=r"^model\.tflite: LiteRT refused: "):
        open_runner(make_artifact(bytes(builder.Output()), Format.TFLITE))


def test_an_empty_batch_is_empty(
    make_artifact: Callable[..., Artifact], tiny_tflite: bytes
) -> None:
    runner = open_runner(make_artifact(tiny_tflite, Format.TFLITE))

    outputs = runner.run({"features": np.empty((0, 4), np.float32)})

    assert outputs["probabilities"].shape == (0, 3)


def test_a_runner_goes_on_after_a_batch_that_it_cannot_take(
    make_artifact: Callable[..., Artifact], tflite_file: Callable[..., bytes]
) -> None:
    schema = pytest.importorskip("ai_edge_litert.schema_py_generated")
    options = schema.ReshapeOptionsT()
    options.newShape = [1, 2]
    content = tflite_file(
        [_tensor("x", 1, 2, shapeSignature=[-1, 2]), _tensor("y", 1, 2)],
        {},
        [
            (
                schema.BuiltinOperator.RESHAPE,
                [0],
                [1],
                {
                    "builtinOptionsType": schema.BuiltinOptions.ReshapeOptions,
                    "builtinOptions": options,
                },
            )
        ],
        None,
    )
    runner = open_runner(
        make_artifact(content, Format.TFLITE, _signature(["x"], ["y"], ("batch", 2)))
    )
    one = np.ones((1, 2), np.float32)
    runner.run({"x": one})

    with pytest.raises(BackendError, match=r"^model\.tflite: LiteRT refused: "):
        runner.run({"x": np.ones((3, 2), np.float32)})

    np.testing.assert_array_equal(runner.run({"x": one})["y"], one)


@pytest.fixture
def looking_up(
    make_artifact: Callable[..., Artifact], tflite_file: Callable[..., bytes]
) -> Artifact:
    """Places of a table of five, as floats; others than 0 to 4 are a fault at the run."""
    schema = pytest.importorskip("ai_edge_litert.schema_py_generated")
    content = tflite_file(
        [
            _tensor("x", 1, 2, shapeSignature=[-1, 2]),
            _tensor("places", 1, 2, shapeSignature=[-1, 2], type=schema.TensorType.INT32),
            _tensor("table", 5),
            _tensor("y", 1, 2, shapeSignature=[-1, 2]),
        ],
        {2: np.arange(5, dtype=np.float32)},
        [
            (schema.BuiltinOperator.CAST, [0], [1], {}),
            (
                schema.BuiltinOperator.GATHER,
                [2, 1],
                [3],
                {
                    "builtinOptionsType": schema.BuiltinOptions.GatherOptions,
                    "builtinOptions": schema.GatherOptionsT(),
                },
            ),
        ],
        None,
    )
    return make_artifact(content, Format.TFLITE, _signature(["x"], ["y"], ("batch", 2)))


@pytest.mark.parametrize("n_before", [0, 1], ids=["first", "later"])
def test_a_runner_takes_other_shapes_while_the_error_of_a_run_is_kept(
    looking_up: Artifact, n_before: int
) -> None:
    runner = open_runner(looking_up)
    for _ in range(n_before):
        runner.run({"x": np.zeros((1, 2), np.float32)})

    with pytest.raises(BackendError, match="out of bounds") as kept:
        runner.run({"x": np.full((1, 2), 9, np.float32)})
    answers = [runner.run({"x": np.full((n, 2), n, np.float32)})["y"] for n in (1, 2, 3)]

    assert kept.value.__traceback__ is not None
    assert [answer.tolist() for answer in answers] == [[[n, n]] * n for n in (1, 2, 3)]


def test_an_error_of_a_run_costs_no_interpreter_where_the_shapes_stay(
    looking_up: Artifact,
) -> None:
    runner: Any = open_runner(looking_up)
    one = np.ones((1, 2), np.float32)
    runner.run({"x": one})
    interpreter = runner._interpreter

    with pytest.raises(BackendError, match="out of bounds"):
        runner.run({"x": 9 * one})
    with pytest.raises(SignatureError):
        runner.run({"x": one.astype(np.float64)})

    assert runner.run({"x": one})["y"].tolist() == [[1, 1]]
    assert runner._interpreter is interpreter


def test_a_runner_keeps_no_state_from_call_to_call(
    make_artifact: Callable[..., Artifact], tflite_file: Callable[..., bytes]
) -> None:
    schema = pytest.importorskip("ai_edge_litert.schema_py_generated")
    one = np.ones((1, 1), np.float32)
    content = tflite_file(
        [
            _tensor("x", 1, 1),
            _tensor("weights", 1, 1),
            _tensor("recurrent", 1, 1),
            _tensor("bias", 1),
            _tensor("state", 1, 1, isVariable=True),
            _tensor("y", 1, 1),
        ],
        {1: one, 2: one, 3: np.zeros(1, np.float32)},
        [
            (
                schema.BuiltinOperator.RNN,
                [0, 1, 2, 3, 4],
                [5],
                {
                    "builtinOptionsType": schema.BuiltinOptions.RNNOptions,
                    "builtinOptions": schema.RNNOptionsT(),
                },
            )
        ],
        None,
    )
    runner = open_runner(
        make_artifact(content, Format.TFLITE, _signature(["x"], ["y"], (1, 1)))
    )

    answers = [runner.run({"x": one})["y"].item() for _ in range(3)]

    assert answers == [1.0, 1.0, 1.0]


def test_a_bundle_runs_its_tflite_where_that_format_is_asked_for(
    tiny_bundle: Bundle, tiny_tflite: bytes, tmp_path: Path
) -> None:
    (entry,) = tiny_bundle.manifest.artifacts
    tflite = dataclasses.replace(entry, file="model.tflite", format=Format.TFLITE, version=3)
    manifest = dataclasses.replace(tiny_bundle.manifest, artifacts=(entry, tflite))
    files = {"model.onnx": bytes(tiny_bundle.files["model.onnx"]), "model.tflite": tiny_tflite}
    write_bundle(make_bundle(manifest, files), tmp_path / "two.edge")

    model = load(tmp_path / "two.edge", artifact="tflite")
    predictions = model.predict_batch(_features(3))

    assert model.artifact.file == "model.tflite"
    answers = [prediction.outputs["probabilities"] for prediction in predictions]
    np.testing.assert_allclose(answers, _expected(_features(3)), atol=1e-6)
