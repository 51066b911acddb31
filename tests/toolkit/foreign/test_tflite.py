from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from edgesmith.foreign import open_foreign
from edgesmith.tflite_file import tflite_bytes
from edgesmith_runtime.errors import ConversionError, InputError, SignatureError
from edgesmith_runtime.runners import open_runner
from edgesmith_runtime.spec import Format, Precision

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    FileOf = Callable[..., Path]

pytestmark = pytest.mark.tflite
OPS = schema.BuiltinOperator


def _parts(content: bytes | memoryview) -> Any:
    return schema.ModelT.InitFromPackedBuf(bytes(content))


def test_a_file_without_a_signature_gets_one(
    nameless_file: Path, features: NDArray[np.float32], probabilities: NDArray[np.float64]
) -> None:
    artifact = open_foreign(nameless_file).artifact({})

    (definition,) = _parts(artifact.content).signatureDefs
    assert definition.signatureKey == b"serving_default"
    assert [entry.name for entry in definition.inputs] == [b"features"]
    outputs = open_runner(artifact).run({"features": features})
    np.testing.assert_allclose(outputs["probabilities"], probabilities, atol=1e-6)


def test_the_artifact_says_what_it_is_and_is_otherwise_the_same(file_of: FileOf) -> None:
    path = file_of(Format.TFLITE)

    artifact = open_foreign(path).artifact({"y": ("a", "b", "c")})

    made, given = _parts(artifact.content), _parts(path.read_bytes())
    (entry,) = made.metadata
    assert entry.name == b"edgesmith"
    assert json.loads(bytes(made.buffers[entry.buffer].data)) == {
        "inputs": [{"name": "x", "dtype": "float32", "shape": ["batch", 4]}],
        "outputs": [{"name": "y", "dtype": "float32", "shape": ["batch", 3]}],
        "labels": {"y": ["a", "b", "c"]},
    }
    assert [t.name for t in made.subgraphs[0].tensors] == [
        t.name for t in given.subgraphs[0].tensors
    ]
    for own, original in zip(made.buffers, given.buffers, strict=False):
        np.testing.assert_array_equal(own.data, original.data)


def test_a_quantized_file_says_what_its_numbers_stand_for(quantized_file: Path) -> None:
    model = open_foreign(quantized_file)

    (given,), (made,) = model.signature.inputs, model.signature.outputs
    assert (given.dtype, given.scale, given.zero_point) == ("int8", pytest.approx(0.1), 5)
    assert (made.dtype, made.scale, made.zero_point) == ("int8", 1 / 256, -128)
    assert model.precision is Precision.OTHER


def test_a_quantized_file_answers_within_a_step_of_numpy(quantized_file: Path) -> None:
    model = open_foreign(quantized_file)
    rows = np.array([[5, 15, 25], [-100, 100, 0]], np.int8)

    numbers = 0.1 * (rows.astype(np.float64) - 5)
    powers = np.exp(numbers)
    shares = powers / powers.sum(axis=1, keepdims=True)
    for given in (rows, numbers, numbers.astype(np.float32)):
        answer = model.run({"x": given})["y"]

        assert answer.dtype == np.float32
        assert np.abs(answer - shares).max() <= 1 / 256
        np.testing.assert_array_equal(
            open_runner(model.artifact({})).run({"x": given})["y"], answer
        )


def test_numbers_that_are_not_are_refused_by_name(quantized_file: Path) -> None:
    with pytest.raises(SignatureError, match="tensor 'x': expected numbers, got NaN"):
        open_foreign(quantized_file).run({"x": np.full((1, 3), np.nan)})


@pytest.mark.parametrize(
    ("last", "maker"), [(OPS.SOFTMAX, "Softmax"), (OPS.LOGISTIC, "Sigmoid"), (OPS.EXP, "EXP")]
)
def test_what_makes_an_output_has_the_name_that_keras_gives_it(
    tflite_graph: Any, tmp_path: Path, last: int, maker: str
) -> None:
    path = tmp_path / "m.tflite"
    for name in ("x", "made", "y"):
        tflite_graph.tensor(name, [None, 3])
    options = schema.SoftmaxOptionsT(beta=1.0) if last == OPS.SOFTMAX else None
    tflite_graph.operator(last, [0], [1], options=options)
    tflite_graph.operator(OPS.RESHAPE, [1], [2], options=_reshape([-1, 3]))
    path.write_bytes(tflite_graph.content())

    assert open_foreign(path).output_ops == (maker,)


def test_an_empty_file_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "m.tflite").write_bytes(b"")

    with pytest.raises(
        InputError, match="not a TFLite model: the file is empty; write it again"
    ):
        open_foreign(tmp_path / "m.tflite")


def _reshape(shape: list[int]) -> Any:
    return schema.ReshapeOptionsT(newShape=np.array(shape, np.int32))


def test_operators_that_are_not_built_in_are_named(tflite_graph: Any, tmp_path: Path) -> None:
    path = tmp_path / "m.tflite"
    for name in ("x", "y"):
        tflite_graph.tensor(name, [None, 3])
    tflite_graph.operator(OPS.CUSTOM, [0], [1], custom="FlexErfc")
    path.write_bytes(tflite_graph.content())

    with pytest.raises(
        ConversionError,
        match=r"LiteRT refuses it: .*; it needs the operators FlexErfc, which are not built in",
    ):
        open_foreign(path)


def test_weights_that_were_lost_on_the_way_are_refused(
    tflite_graph: Any, tmp_path: Path
) -> None:
    path = tmp_path / "m.tflite"
    tflite_graph.tensor("x", [None, 3])
    tflite_graph.tensor("handle", [1], dtype=schema.TensorType.RESOURCE)
    tflite_graph.tensor("bias", [3])
    tflite_graph.tensor("y", [None, 3])
    tflite_graph.operator(
        OPS.VAR_HANDLE, [], [1], options=schema.VarHandleOptionsT(sharedName="bias")
    )
    tflite_graph.operator(OPS.READ_VARIABLE, [1], [2], options=schema.ReadVariableOptionsT())
    tflite_graph.operator(OPS.ADD, [0, 2], [3], options=schema.AddOptionsT())
    path.write_bytes(tflite_graph.content())

    with pytest.raises(
        ConversionError, match="reads variables that nothing in it assigns, so its weights are"
    ):
        open_foreign(path)


def test_weights_behind_the_structure_are_refused(file_of: FileOf) -> None:
    path = file_of(Format.TFLITE)
    model = _parts(path.read_bytes())
    model.buffers.append(schema.BufferT(offset=64, size=16))
    path.write_bytes(tflite_bytes(model, size_bytes=1000) + bytes(200))

    with pytest.raises(ConversionError, match="stand behind the model's own structure"):
        open_foreign(path)


@pytest.mark.parametrize("content", [b"", b"no model at all", bytes(4) + b"TFL3" + bytes(8)])
def test_what_is_no_tflite_model_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(content)

    with pytest.raises(InputError, match=r"m\.tflite: not a TFLite model: "):
        open_foreign(path)


def test_a_signature_of_another_subgraph_does_not_answer(
    file_of: FileOf, features: NDArray[np.float32], probabilities: NDArray[np.float64]
) -> None:
    path = file_of(Format.TFLITE)
    parts = _parts(path.read_bytes())
    other = schema.SubGraphT()
    other.tensors = [*parts.subgraphs[0].tensors[::-1]]
    other.inputs, other.outputs, other.operators = [0], [0], []
    parts.subgraphs.append(other)
    elsewhere = schema.SignatureDefT(
        inputs=[schema.TensorMapT(name="x", tensorIndex=0)],
        outputs=[schema.TensorMapT(name="y", tensorIndex=0)],
        signatureKey="aaa",
        subgraphIndex=1,
    )
    parts.signatureDefs = [elsewhere, *parts.signatureDefs]
    path.write_bytes(tflite_bytes(parts, size_bytes=2000))

    model = open_foreign(path)

    artifact = model.artifact({})
    runner = open_runner(artifact)
    (given,), (made,) = artifact.signature.inputs, artifact.signature.outputs
    outputs = runner.run({given.name: features})
    np.testing.assert_allclose(outputs[made.name], probabilities, atol=1e-6)
    assert len(_parts(artifact.content).signatureDefs) == 1


def test_a_scale_that_was_left_on_a_float_means_nothing(file_of: FileOf) -> None:
    path = file_of(Format.TFLITE)
    parts = _parts(path.read_bytes())
    for tensor in parts.subgraphs[0].tensors:
        tensor.quantization = schema.QuantizationParametersT(scale=[0.5], zeroPoint=[0])
    path.write_bytes(tflite_bytes(parts, size_bytes=2000))

    model = open_foreign(path)

    assert [spec.scale for spec in model.signature] == [None, None]
    assert model.precision is Precision.FLOAT32
