"""What OpenVINO must not do behind the back of the one who loads a model, and what it refuses."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgesmith_runtime.errors import BackendError
from edgesmith_runtime.runners import open_runner
from edgesmith_runtime.settings import Engine, EngineSettings
from edgesmith_runtime.spec import Signature, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from edgesmith_runtime.bundle import Artifact
    from edgesmith_runtime.runners import Runner

pytestmark = pytest.mark.skipif(find_spec("openvino") is None, reason="needs the extra")

PAIR = Signature(
    (TensorSpec("x", "float32", ("n", 2)),), (TensorSpec("y", "float32", ("n", 2)),)
)


def _open(artifact: Artifact) -> Runner:
    return open_runner(artifact, EngineSettings(engine=Engine.OPENVINO, n_threads=1))


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x08\x08" * 40, b"location" * 9])
def test_content_that_is_no_model_is_refused_by_file(
    make_artifact: Callable[..., Artifact], content: bytes
) -> None:
    with pytest.raises(BackendError, match=r"^model\.onnx: OpenVINO [\w./-]+ refused: "):
        _open(make_artifact(content))


@pytest.mark.parametrize(
    ("name", "dtype", "output"),
    [
        ("pixels", "float32", "probabilities"),
        ("features", "float16", "probabilities"),
        ("features", "float32", "logits"),
    ],
)
def test_other_tensors_than_the_manifest_names_are_refused(
    make_artifact: Callable[..., Artifact],
    tiny_onnx: bytes,
    name: str,
    dtype: str,
    output: str,
) -> None:
    signature = Signature(
        (TensorSpec(name, dtype, ("batch", 4)),), (TensorSpec(output, "float32", ("batch", 3)),)
    )

    with pytest.raises(
        BackendError, match=r"^model\.onnx: .* that the manifest names, the file has .*"
    ):
        _open(make_artifact(tiny_onnx, signature=signature))


def test_texts_are_refused(make_artifact: Callable[..., Artifact]) -> None:
    onnx = pytest.importorskip("onnx")
    helper, text = onnx.helper, onnx.TensorProto.STRING
    graph = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", text, ["n", 2])],
        [helper.make_tensor_value_info("y", text, ["n", 2])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)

    with pytest.raises(BackendError, match=r"the file has \{'x': 'string'\}"):
        _open(make_artifact(model.SerializeToString(), signature=PAIR))


def test_shapes_that_do_not_go_through_the_model_are_refused(
    onnx_artifact: Callable[..., Artifact],
) -> None:
    weights = pytest.importorskip("onnx").numpy_helper.from_array(np.eye(2, dtype="f4"), "w")
    signature = Signature(
        (TensorSpec("x", "float32", ("n", "k")),), (TensorSpec("y", "float32", ("n", "m")),)
    )
    runner = _open(onnx_artifact([("MatMul", ["x", "w"], ["y"])], signature, (weights,)))

    for width in (2, 3, 2, 1, 2):
        x = np.ones((2, width), np.float32)
        if width == 2:
            np.testing.assert_array_equal(runner.run({"x": x})["y"], x)
        else:
            with pytest.raises(
                BackendError, match=r"^model\.onnx: OpenVINO [\w./-]+ refused: "
            ):
                runner.run({"x": x})


def _outside(artifact: Artifact, location: str) -> bytes:
    """The same with the numbers of its constant in another file."""
    onnx = pytest.importorskip("onnx")
    model = onnx.load_from_string(bytes(artifact.content))
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    return model.SerializeToString()


@pytest.mark.parametrize("where", ["w.bin", "./w.bin", "absolute"])
def test_numbers_of_a_file_in_the_working_directory_are_not_read(
    make_artifact: Callable[..., Artifact],
    onnx_artifact: Callable[..., Artifact],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
) -> None:
    np.full(2, 7, np.float32).tofile(tmp_path / "w.bin")
    monkeypatch.chdir(tmp_path)
    location = str(tmp_path / "w.bin") if where == "absolute" else where
    one = pytest.importorskip("onnx").numpy_helper.from_array(np.ones(2, "f4"), "w")
    whole = onnx_artifact([("Add", ["x", "w"], ["y"])], PAIR, (one,))
    x = np.zeros((1, 2), np.float32)
    np.testing.assert_array_equal(_open(whole).run({"x": x})["y"], x + 1)

    with pytest.raises(BackendError, match=r"^model\.onnx: expected a model in one file, got "):
        _open(make_artifact(_outside(whole, location), signature=PAIR))


def test_nothing_is_reported_or_written(tiny_bundle_path: Path, tmp_path: Path) -> None:
    code = f"""
import sys
seen = []
def hook(event, args):
    if event.split(".")[0] in ("socket", "subprocess", "urllib") or event in (
        "os.fork", "os.posix_spawn", "os.mkdir", "os.rename"
    ):
        seen.append(event)
    if event == "open" and isinstance(args[2], int) and args[2] & 3:
        seen.append(args[0])
sys.addaudithook(hook)
import edgesmith_runtime as er
print(er.load({str(tiny_bundle_path)!r}, engine="openvino").predict([1, 2, 3, 4]).label)
print(seen, "openvino_telemetry" in sys.modules)
"""
    environment = {"HOME": str(tmp_path), "TMPDIR": str(tmp_path), "CI": ""}

    shown = subprocess.run(
        [sys.executable, "-B", "-c", code],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
        env=environment,
        cwd=tmp_path,
    )

    assert shown.stdout.splitlines() == ["cat", "[] False"]
    assert list(tmp_path.iterdir()) == [tiny_bundle_path] * (
        tiny_bundle_path.parent == tmp_path
    )


def test_the_reporter_stays_importable_for_the_app() -> None:
    code = """
import sys, types
mine = types.ModuleType("openvino_telemetry")
sys.modules["openvino_telemetry"] = mine
import edgesmith_runtime.runners.openvino
print(sys.modules["openvino_telemetry"] is mine)
"""

    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True
    )

    assert shown.stdout.split() == ["True"]


def test_a_missing_extra_is_named(
    make_artifact: Callable[..., Artifact], tiny_onnx: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    for module in ("openvino", "openvino_engine"):
        monkeypatch.delitem(sys.modules, f"edgesmith_runtime.runners.{module}", raising=False)

    with pytest.raises(
        BackendError,
        match=r"model\.onnx: OpenVINO needs an extra: pip install 'edgesmith-runtime\[openvino\]'",
    ):
        _open(make_artifact(tiny_onnx))


def test_numbers_are_computed_in_float32(onnx_artifact: Callable[..., Artifact]) -> None:
    rng = np.random.default_rng(3)
    weights: Any = rng.normal(size=(256, 2)).astype(np.float32)
    x = rng.normal(size=(8, 256)).astype(np.float32)
    constant = pytest.importorskip("onnx").numpy_helper.from_array(weights, "w")
    signature = Signature(
        (TensorSpec("x", "float32", ("n", 256)),), (TensorSpec("y", "float32", ("n", 2)),)
    )

    y = _open(onnx_artifact([("MatMul", ["x", "w"], ["y"])], signature, (constant,))).run(
        {"x": x}
    )

    # bfloat16 has 8 bits: it would be off by 1e-2 and more.
    np.testing.assert_allclose(y["y"], x.astype(np.float64) @ weights, atol=1e-4)


def test_a_signal_after_an_engine_ended_in_another_thread_ends_no_process(
    tiny_bundle_path: Path,
) -> None:
    code = f"""
import faulthandler, gc, signal, threading, edgesmith_runtime as er
faulthandler.enable()
models = [er.load({str(tiny_bundle_path)!r}, engine="openvino", n_threads=1)]
models[0].predict([1, 2, 3, 4])
thread = threading.Thread(target=models.clear)
thread.start()
thread.join()
gc.collect()
signal.signal(signal.SIGINT, signal.default_int_handler)
try:
    signal.raise_signal(signal.SIGINT)
except KeyboardInterrupt:
    print("interrupted")
"""

    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )

    assert (shown.returncode, shown.stdout) == (0, "interrupted\n")


@pytest.mark.parametrize("number", [2**31, -(2**31) - 1, 2**40])
def test_constants_beyond_32_bits_are_refused(
    onnx_artifact: Callable[..., Artifact], number: int
) -> None:
    constant = pytest.importorskip("onnx").numpy_helper.from_array(np.array([1, number]), "c")
    signature = Signature(
        (TensorSpec("x", "int64", ("n", 2)),), (TensorSpec("y", "int64", ("n", 2)),)
    )

    with pytest.raises(
        BackendError,
        match=rf"^model\.onnx: constant 'c': expected whole numbers from -2147483648 .* got {number};",
    ):
        _open(onnx_artifact([("Add", ["x", "c"], ["y"])], signature, (constant,)))


@pytest.mark.parametrize("end", [2**63 - 1, 2**31 - 1])
def test_a_slice_to_the_end_of_all_numbers_answers(
    onnx_artifact: Callable[..., Artifact], end: int
) -> None:
    from_array = pytest.importorskip("onnx").numpy_helper.from_array
    signature = Signature(PAIR.inputs, (TensorSpec("y", "float32", ("n", 1)),))
    constants = {"starts": [1], "ends": [end], "axes": [1]}
    runner = _open(
        onnx_artifact(
            [("Slice", ["x", *constants], ["y"])],
            signature,
            tuple(from_array(np.array(one), name) for name, one in constants.items()),
        )
    )

    np.testing.assert_array_equal(runner.run({"x": np.array([[1, 2]], np.float32)})["y"], [[2]])


@pytest.mark.parametrize("side", ["x", "y"])
def test_float64_is_refused_by_name(onnx_artifact: Callable[..., Artifact], side: str) -> None:
    kinds = {"x": "float32", "y": "float32"} | {side: "float64"}
    signature = Signature(
        (TensorSpec("x", kinds["x"], ("n", 2)),), (TensorSpec("y", kinds["y"], ("n", 2)),)
    )
    onnx = pytest.importorskip("onnx")
    artifact = onnx_artifact([("Identity", ["x"], ["y"])], signature)
    model = onnx.load_from_string(bytes(artifact.content))
    model.graph.node[0].CopyFrom(
        onnx.helper.make_node(
            "Cast", ["x"], ["y"], to=model.graph.output[0].type.tensor_type.elem_type
        )
    )

    with pytest.raises(BackendError, match=rf"tensor '{side}' is float64, which OpenVINO comp"):
        _open(
            type(artifact)(
                file=artifact.file,
                format=artifact.format,
                precision=artifact.precision,
                version=artifact.version,
                signature=signature,
                content=model.SerializeToString(),
            )
        )


@pytest.mark.parametrize("act", ["pass", "del model"])
@pytest.mark.parametrize("n_threads", [1, 2])
def test_a_forked_child_ends_as_any_interpreter_does(
    tiny_bundle_path: Path, act: str, n_threads: int
) -> None:
    code = f"""
import os, sys, edgesmith_runtime as er
model = er.load({str(tiny_bundle_path)!r}, engine="openvino", n_threads={n_threads})
model.predict([1, 2, 3, 4])
pid = os.fork()
if pid == 0:
    {act}
    sys.exit(5)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), model.predict([1, 2, 3, 4]).label)
"""

    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True
    )

    assert shown.stdout.split() == ["5", "cat"]
