from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from ai_edge_litert import schema_py_generated as schema

from edgesmith.foreign import open_foreign
from edgesmith.tflite_file import tflite_bytes
from edgesmith_runtime.errors import ConversionError
from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    FileOf = Callable[..., Path]

pytestmark = pytest.mark.tflite
OPS = schema.BuiltinOperator


def _changed(path: Path, change: Callable[[Any], None]) -> Path:
    model = schema.ModelT.InitFromPackedBuf(path.read_bytes())
    change(model)
    path.write_bytes(tflite_bytes(model, size_bytes=1000))
    return path


def test_names_are_those_of_the_signature(file_of: FileOf) -> None:
    signature = open_foreign(file_of(Format.TFLITE)).signature

    assert [spec.name for spec in signature] == ["x", "y"]


def test_a_lone_signature_may_have_any_name(file_of: FileOf) -> None:
    def rename(model: Any) -> None:
        model.signatureDefs[0].signatureKey = "infer"

    path = _changed(file_of(Format.TFLITE), rename)

    assert [spec.name for spec in open_foreign(path).signature] == ["x", "y"]


def test_several_signatures_without_a_main_one_are_refused(file_of: FileOf) -> None:
    def double(model: Any) -> None:
        for key in ("train", "infer"):
            model.signatureDefs.append(
                schema.SignatureDefT(
                    inputs=model.signatureDefs[0].inputs,
                    outputs=model.signatureDefs[0].outputs,
                    signatureKey=key,
                    subgraphIndex=0,
                )
            )
        del model.signatureDefs[0]

    path = _changed(file_of(Format.TFLITE), double)

    with pytest.raises(
        ConversionError,
        match=r"one signature, or 'serving_default' among several, .* got \['infer', 'train'\]",
    ):
        open_foreign(path)


@pytest.mark.parametrize("name", ["", "twice"])
def test_tensors_without_names_of_their_own_are_refused(
    tflite_graph: Any, tmp_path: Path, name: str
) -> None:
    path = tmp_path / "m.tflite"
    for one in (name, "y"):
        tflite_graph.tensor(one, [None, 3])
    tflite_graph.operator(OPS.EXP, [0], [1])
    path.write_bytes(tflite_graph.content(named=False))

    def double(model: Any) -> None:
        model.subgraphs[0].inputs = [0, 0]

    _changed(path, double)

    with pytest.raises(ConversionError, match="expected inputs with names of their own, got"):
        open_foreign(path)


def test_text_is_refused_by_name(tflite_graph: Any, tmp_path: Path) -> None:
    path = tmp_path / "m.tflite"
    string = schema.TensorType.STRING
    for one in ("x", "y"):
        tflite_graph.tensor(one, [None, 3], dtype=string)
    tflite_graph.operator(
        OPS.RESHAPE, [0], [1], options=schema.ReshapeOptionsT(newShape=[-1, 3])
    )
    path.write_bytes(tflite_graph.content())

    with pytest.raises(
        ConversionError, match="input 'x' is text, which an artifact cannot take"
    ):
        open_foreign(path)


def test_an_input_without_axes_is_refused(tflite_graph: Any, tmp_path: Path) -> None:
    path = tmp_path / "m.tflite"
    for one in ("x", "y"):
        tflite_graph.tensor(one, [])
    tflite_graph.operator(OPS.EXP, [0], [1])
    path.write_bytes(tflite_graph.content())

    with pytest.raises(
        ConversionError, match=r"input 'x' has no axes; .*: convert the model so"
    ):
        open_foreign(path)
