"""What only the ONNX runner has to promise."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgesmith_runtime.errors import BackendError, SignatureError
from edgesmith_runtime.host import available_threads
from edgesmith_runtime.runners import open_runner
from edgesmith_runtime.runners.onnx import optimized_graph
from edgesmith_runtime.settings import Engine, EngineSettings, default_settings
from edgesmith_runtime.spec import Signature, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from edgesmith_runtime.bundle import Artifact


def _signature(
    inputs: list[str], outputs: list[str], shape: tuple[int | str, ...]
) -> Signature:
    return Signature(
        tuple(TensorSpec(name, "float32", shape) for name in inputs),
        tuple(TensorSpec(name, "float32", shape) for name in outputs),
    )


def test_onnxruntime_gets_the_threads_that_were_asked_for(
    onnx_artifact: Callable[..., Artifact],
) -> None:
    signature = _signature(["x"], ["y"], ("batch", 2))
    made = onnx_artifact([("Relu", ["x"], ["y"])], signature)

    asked = open_runner(made, n_threads=3)._session.get_session_options()  # type: ignore[attr-defined]
    default = open_runner(made)._session.get_session_options()  # type: ignore[attr-defined]

    assert asked.intra_op_num_threads == 3
    assert default.intra_op_num_threads == available_threads()


def test_several_inputs_and_outputs_go_by_name_not_by_order(
    onnx_artifact: Callable[..., Artifact],
) -> None:
    signature = _signature(["a", "b"], ["difference", "sum"], ("batch", 2))
    made = onnx_artifact(
        [("Add", ["a", "b"], ["sum"]), ("Sub", ["a", "b"], ["difference"])], signature
    )
    runner = open_runner(made)
    a, b = np.full((1, 2), 5, np.float32), np.full((1, 2), 3, np.float32)

    for tensors in ({"a": a, "b": b}, {"b": b, "a": a}) * 3:
        outputs = runner.run(tensors)

        assert list(outputs) == ["difference", "sum"]
        np.testing.assert_array_equal(outputs["difference"], a - b)
        np.testing.assert_array_equal(outputs["sum"], a + b)


def test_axes_of_one_name_must_have_one_length(onnx_artifact: Callable[..., Artifact]) -> None:
    signature = _signature(["a", "b"], ["sum"], ("batch", 2))
    runner = open_runner(onnx_artifact([("Add", ["a", "b"], ["sum"])], signature))

    with pytest.raises(
        SignatureError, match="tensor 'b': expected 3 on the axis 'batch' as in 'a', got 1"
    ):
        runner.run({"a": np.ones((3, 2), np.float32), "b": np.ones((1, 2), np.float32)})


def test_a_length_that_depends_on_the_values_answers_right(
    onnx_artifact: Callable[..., Artifact],
) -> None:
    signature = Signature(
        (TensorSpec("x", "float32", ("batch",)),), (TensorSpec("y", "int64", (1, "found")),)
    )
    runner = open_runner(onnx_artifact([("NonZero", ["x"], ["y"])], signature))

    for values in ([0, 1, 1], [1, 1, 1], [0, 0, 1], [1, 0, 0], [0, 0, 0]):
        outputs = runner.run({"x": np.array(values, np.float32)})

        np.testing.assert_array_equal(outputs["y"], [np.flatnonzero(values)])


def test_an_empty_batch_has_an_empty_answer(onnx_artifact: Callable[..., Artifact]) -> None:
    runner = open_runner(
        onnx_artifact([("Relu", ["x"], ["y"])], _signature(["x"], ["y"], ("batch", 2)))
    )

    for _ in range(3):
        assert runner.run({"x": np.empty((0, 2), np.float32)})["y"].shape == (0, 2)


def test_a_run_that_fails_in_the_engine_names_the_file(
    onnx_artifact: Callable[..., Artifact],
) -> None:
    onnx = pytest.importorskip("onnx")
    shape = onnx.numpy_helper.from_array(np.array([1, 2]), "shape")
    signature = _signature(["x"], ["y"], ("batch", 2))
    runner = open_runner(
        onnx_artifact([("Reshape", ["x", "shape"], ["y"])], signature, (shape,))
    )

    with pytest.raises(
        BackendError, match=r"^model\.onnx: onnxruntime [\d.]+ refused: .*Reshape"
    ):
        runner.run({"x": np.ones((3, 2), np.float32)})


def test_weights_outside_the_file_are_never_read(
    onnx_artifact: Callable[..., Artifact], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    onnx = pytest.importorskip("onnx")
    (tmp_path / "weights.bin").write_bytes(np.ones(2, np.float32).tobytes())
    monkeypatch.chdir(tmp_path)
    outside = onnx.TensorProto(name="w", data_type=onnx.TensorProto.FLOAT, dims=[2])
    outside.data_location = onnx.TensorProto.EXTERNAL
    for key, value in (("location", "weights.bin"), ("offset", "0"), ("length", "8")):
        outside.external_data.add(key=key, value=value)
    made = onnx_artifact(
        [("Add", ["x", "w"], ["y"])], _signature(["x"], ["y"], ("batch", 2)), (outside,)
    )

    with pytest.raises(BackendError, match=r"^model\.onnx: onnxruntime .*[Ee]xternal data"):
        open_runner(made)


def test_onnxruntime_is_told_not_to_report_before_it_is_imported() -> None:
    code = (
        "import os, sys, edgesmith_runtime.runners.onnx;"
        "print(os.environ['ORT_DISABLE_TELEMETRY'], 'onnxruntime' in sys.modules)"
    )
    environment = {"PATH": ""}

    shown = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )

    assert shown.stdout.split() == ["1", "True"]


def test_an_optimised_graph_answers_as_the_artifact_does(
    make_artifact: Callable[..., Artifact],
    tiny_onnx: bytes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    artifact = make_artifact(tiny_onnx)
    settings = default_settings(artifact.format)
    features = {"features": np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)}
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # other processes use the system's

    graph = optimized_graph(artifact, settings)
    runner = open_runner(artifact, settings, graph=graph)

    assert graph != tiny_onnx
    for _ in range(3):
        np.testing.assert_array_equal(
            runner.run(features)["probabilities"],
            open_runner(artifact, settings).run(features)["probabilities"],
        )
    assert list(tmp_path.iterdir()) == []


def test_a_graph_that_is_damaged_names_the_file(
    make_artifact: Callable[..., Artifact], tiny_onnx: bytes
) -> None:
    with pytest.raises(BackendError, match=r"^model\.onnx: onnxruntime [\d.]+ refused: "):
        open_runner(make_artifact(tiny_onnx), graph=b"no graph")


def test_other_engines_take_no_graph(
    make_artifact: Callable[..., Artifact], tiny_onnx: bytes
) -> None:
    artifact = make_artifact(tiny_onnx)
    settings = default_settings(artifact.format, engine=Engine.OPENVINO)

    with pytest.raises(
        BackendError, match=r"^model\.onnx: expected no optimised graph, openvino"
    ):
        open_runner(artifact, settings, graph=tiny_onnx)


def test_a_refusal_prints_nothing(
    make_artifact: Callable[..., Artifact], capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(BackendError):
        open_runner(make_artifact(b"no model"))

    assert capfd.readouterr() == ("", "")


def test_threads_that_wait_busily_are_told_not_to(
    make_artifact: Callable[..., Artifact], tiny_onnx: bytes
) -> None:
    settings = EngineSettings(engine=Engine.ONNXRUNTIME, n_threads=2, spins=False)

    options = open_runner(make_artifact(tiny_onnx), settings)._session.get_session_options()  # type: ignore[attr-defined]

    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"


@pytest.mark.parametrize("engine", [Engine.ONNXRUNTIME, Engine.OPENVINO])
def test_an_answer_of_another_shape_than_the_last_is_checked(
    onnx_artifact: Callable[..., Artifact], engine: Engine
) -> None:
    if engine is Engine.OPENVINO:
        pytest.importorskip("openvino")
    n = 20_000  # beyond what is bound
    signature = Signature(
        (TensorSpec("x", "float32", ("n",)),), (TensorSpec("y", "int64", (1, n)),)
    )
    artifact = onnx_artifact([("NonZero", ["x"], ["y"])], signature)
    runner = open_runner(artifact, EngineSettings(engine=engine, n_threads=1))
    x = np.ones(n, np.float32)
    for _ in range(3):
        runner.run({"x": x})
    x[0] = 0

    with pytest.raises(
        BackendError, match=r"'y': expected shape \(1, 20000\), got \(1, 19999\)"
    ):
        runner.run({"x": x})
