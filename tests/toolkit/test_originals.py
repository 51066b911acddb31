from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import onnx
import pytest
from onnx import TensorProto, helper

from edgesmith.originals import chosen_formats, notes_on, open_original, refuse_foreign
from edgesmith_runtime.errors import ConfigError
from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from pathlib import Path

    from edgesmith.reference import Reference


@pytest.fixture
def small_onnx(tmp_path: Path) -> Path:
    given, made = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 3]) for name in "xy"
    )
    nodes = [helper.make_node("Softmax", ["x"], ["y"])]
    graph = helper.make_graph(nodes, "small", [given], [made])
    opsets = [helper.make_opsetid("", 18)]
    path = tmp_path / "m.onnx"
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), path)
    return path


def test_a_keras_model_becomes_all_formats() -> None:
    assert list(chosen_formats(object(), None)) == list(Format)


def test_a_model_file_keeps_its_format() -> None:
    assert chosen_formats("m.onnx", None) == ("onnx",)
    assert chosen_formats("m.tflite", ["tflite"]) == ("tflite",)


def test_a_keras_model_needs_what_the_base_install_runs() -> None:
    with pytest.raises(ConfigError, match="formats: expected onnx among them, got tflite"):
        chosen_formats("m.keras", ["tflite"])


@pytest.mark.parametrize("opset", [17, 19])
def test_a_file_keeps_its_opset(small_onnx: Path, opset: int) -> None:
    with pytest.raises(ConfigError, match=f"a model file keeps its opset, got {opset}; leave"):
        open_original(small_onnx, opset=opset)


def test_its_own_opset_may_be_asked_for(small_onnx: Path) -> None:
    assert open_original(small_onnx, opset=18).version == 18


@pytest.mark.parametrize("name", ["m.onnx", "m.tflite"])
def test_an_artifact_is_not_converted_to_one(name: str) -> None:
    with pytest.raises(
        ConfigError, match=rf"{name}: an artifact already, .*edgesmith\.export\("
    ):
        refuse_foreign(name)


@pytest.mark.slow
def test_a_keras_model_has_nothing_special(reference: Reference) -> None:
    assert notes_on(reference) == ()


def test_a_model_file_needs_no_tensorflow(small_onnx: Path) -> None:
    script = (
        "import sys, edgesmith; edgesmith.export('m.onnx', 'm.edge', n_rounds=None); "
        "print(sorted({'tensorflow', 'keras'} & set(sys.modules)))"
    )

    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=small_onnx.parent,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "[]\n"
    assert small_onnx.with_suffix(".edge").is_file()
