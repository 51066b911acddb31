"""A tiny real bundle, softmax(x @ W + b) over four features and three classes; and killed writers."""

from __future__ import annotations

import dataclasses
import os
import sys
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import settings

from edgesmith_runtime.__main__ import main
from edgesmith_runtime.bundle import Bundle, make_bundle, write_bundle
from edgesmith_runtime.golden import GoldenSamples, Tolerance, golden_files
from edgesmith_runtime.manifest import (
    ArtifactEntry,
    Decode,
    DecodeOp,
    Kind,
    Manifest,
    Output,
    RawInput,
    Selection,
    Step,
    Task,
)
from edgesmith_runtime.spec import Format, Precision, Signature, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

settings.register_profile("unhurried", deadline=None)  # the machine may be busy
settings.load_profile("unhurried")

TINY_OPSET = 18
TINY_WEIGHTS = np.linspace(-1.0, 1.0, 12, dtype=np.float32).reshape(4, 3)
TINY_BIAS = np.array([0.1, -0.2, 0.3], np.float32)
TINY_SIGNATURE = Signature(
    inputs=(TensorSpec("features", "float32", ("batch", 4)),),
    outputs=(TensorSpec("probabilities", "float32", ("batch", 3)),),
)


def tiny_reference(features: NDArray[np.float32]) -> NDArray[np.float64]:
    """What the tiny model answers, in float64: ``(batch, 4)`` to ``(batch, 3)``."""
    logits = features.astype(np.float64) @ TINY_WEIGHTS + TINY_BIAS
    exponents = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return exponents / exponents.sum(axis=-1, keepdims=True)


@pytest.fixture(scope="session")
def tiny_features() -> NDArray[np.float32]:
    """Five samples of four features, ``(5, 4)``."""
    return np.random.default_rng(7).normal(size=(5, 4)).astype(np.float32)


@pytest.fixture(scope="session")
def tiny_expected(tiny_features: NDArray[np.float32]) -> NDArray[np.float32]:
    """The answers to ``tiny_features`` by numpy alone, ``(5, 3)``."""
    return tiny_reference(tiny_features).astype(np.float32)


@pytest.fixture(scope="session")
def tiny_onnx() -> bytes:
    """``model.onnx`` of the tiny bundle: MatMul, Add, Softmax."""
    onnx = pytest.importorskip("onnx")
    helper, floats = onnx.helper, onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["features", "weights"], ["product"], name="product"),
            helper.make_node("Add", ["product", "bias"], ["logits"], name="logits"),
            helper.make_node("Softmax", ["logits"], ["probabilities"], name="softmax", axis=-1),
        ],
        "tiny",
        [helper.make_tensor_value_info("features", floats, ["batch", 4])],
        [helper.make_tensor_value_info("probabilities", floats, ["batch", 3])],
        [
            onnx.numpy_helper.from_array(TINY_WEIGHTS, "weights"),
            onnx.numpy_helper.from_array(TINY_BIAS, "bias"),
        ],
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", TINY_OPSET)], ir_version=8
    )
    onnx.checker.check_model(model)
    return model.SerializeToString(deterministic=True)


@pytest.fixture(scope="session")
def tiny_manifest() -> Manifest:
    """One raw tensor, one step, three classes, one artifact."""
    return Manifest(
        name="tiny",
        task=Task.CLASSIFICATION,
        raw_inputs=(RawInput("x", Kind.TENSOR, "an array of 4 numbers"),),
        transform=(
            Step(
                op="tensor",
                inputs=("x",),
                outputs=("features",),
                params={"dtype": "float32", "shape": [4]},
            ),
        ),
        outputs=(
            Output(
                name="probabilities",
                shape=(3,),
                labels=("ant", "bee", "cat"),
                decode=Decode(op=DecodeOp.ARGMAX),
            ),
        ),
        artifacts=(
            ArtifactEntry(
                file="model.onnx",
                format=Format.ONNX,
                precision=Precision.FLOAT32,
                version=TINY_OPSET,
                signature=TINY_SIGNATURE,
                starts_after=0,
            ),
        ),
        default_artifact=Selection(file="model.onnx", reason="the only one"),
        provenance={"data_set": "made up", "seed": 7},
    )


@pytest.fixture(scope="session")
def tiny_golden(
    tiny_features: NDArray[np.float32], tiny_expected: NDArray[np.float32]
) -> GoldenSamples:
    """The first three samples, with outputs by numpy."""
    return GoldenSamples(
        raw=tuple({"x": sample} for sample in tiny_features[:3]),
        tensors={"features": tiny_features[:3]},
        outputs={"model.onnx": {"probabilities": tiny_expected[:3]}},
        tensor_tolerances={"features": Tolerance(atol=0.0, rtol=0.0)},
        output_tolerances={"model.onnx": {"probabilities": Tolerance(atol=1e-6, rtol=1e-5)}},
    )


@pytest.fixture(scope="session")
def tiny_bundle(
    tiny_manifest: Manifest, tiny_onnx: bytes, tiny_golden: GoldenSamples
) -> Bundle:
    """The tiny bundle in memory."""
    return make_bundle(tiny_manifest, {"model.onnx": tiny_onnx, **golden_files(tiny_golden)})


@pytest.fixture(scope="session")
def shifted_bundle(
    tiny_manifest: Manifest, tiny_onnx: bytes, tiny_golden: GoldenSamples
) -> Callable[[float], Bundle]:
    """Makes the tiny bundle with more bias for the first class: the same face, other answers."""
    onnx = pytest.importorskip("onnx")

    def make(shift: float) -> Bundle:
        model = onnx.load_from_string(tiny_onnx)
        bias = TINY_BIAS + np.array([shift, 0, 0], np.float32)
        model.graph.initializer[1].CopyFrom(onnx.numpy_helper.from_array(bias, "bias"))
        odds = tiny_reference(tiny_golden.tensors["features"]) * np.exp([shift, 0, 0])
        outputs = (odds / odds.sum(axis=1, keepdims=True)).astype(np.float32)
        golden = dataclasses.replace(
            tiny_golden, outputs={"model.onnx": {"probabilities": outputs}}
        )
        content = model.SerializeToString(deterministic=True)
        return make_bundle(tiny_manifest, {"model.onnx": content, **golden_files(golden)})

    return make


@pytest.fixture(scope="session")
def updates(
    shifted_bundle: Callable[[float], Bundle], tmp_path_factory: pytest.TempPathFactory
) -> list[Path]:
    """The tiny bundle and three updates of it."""
    directory = tmp_path_factory.mktemp("updates")
    paths = [directory / f"{number}.edge" for number in range(4)]
    for number, path in enumerate(paths):
        write_bundle(shifted_bundle(float(number)), path)
    return paths


@pytest.fixture
def folder(tmp_path: Path, updates: list[Path]) -> Path:
    """A folder of updates, with the tiny bundle alone."""
    place = tmp_path / "app"
    place.mkdir()
    (place / "current.edge").write_bytes(updates[0].read_bytes())
    return place


@pytest.fixture(scope="session")
def tiny_bundle_path(tiny_bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny bundle as one file; read it, do not change it."""
    path = tmp_path_factory.mktemp("tiny") / "tiny.edge"
    write_bundle(tiny_bundle, path)
    return path


KILLED = 77


@pytest.fixture
def fork() -> Callable[[Callable[[], object]], int]:
    """Starts a child that acts and ends, with 0 when done and 1 after an exception."""

    def start(act: Callable[[], object]) -> int:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", DeprecationWarning
            )  # other tests left threads behind
            pid = os.fork()
        if pid:
            return pid
        status = 1
        try:
            act()
            status = 0
        finally:
            os._exit(status)

    return start


@pytest.fixture
def ends_before_operation(
    fork: Callable[[Callable[[], object]], int],
) -> Callable[[int, Callable[[], object]], bool]:
    """Acts in a child that dies before its k-th call into the system; False when it got through."""

    def run(number: int, act: Callable[[], object]) -> bool:
        n_calls = 0

        def count(frame: object, event: str, function: object) -> None:
            nonlocal n_calls
            owner = type(getattr(function, "__self__", None)).__module__
            modules = {owner, getattr(function, "__module__", None)}
            if event == "c_call" and modules & {"posix", "fcntl", "_io"}:
                n_calls += 1
                if n_calls == number:
                    os._exit(KILLED)

        def counted() -> None:
            sys.setprofile(count)
            act()

        code = os.waitstatus_to_exitcode(os.waitpid(fork(counted), 0)[1])
        assert code in (0, KILLED)
        return code == KILLED

    return run


@pytest.fixture
def bundle_of(tmp_path: Path) -> Callable[..., Path]:
    """Writes a bundle whose model adds up all numbers of a sample, over all its inputs."""

    def write(
        raw_inputs: tuple[RawInput, ...],
        steps: tuple[Step, ...],
        *artifacts: tuple[int | None, tuple[TensorSpec, ...]],
    ) -> Path:
        outputs = (TensorSpec("total", "float32", ("batch", 1)),)
        files = {
            f"model{index}.onnx": _adding(inputs) for index, (_, inputs) in enumerate(artifacts)
        }
        entries = [
            ArtifactEntry(
                file=file,
                format=Format.ONNX,
                precision=Precision.FLOAT32,
                version=TINY_OPSET,
                signature=Signature(inputs, outputs),
                starts_after=starts_after,
            )
            for file, (starts_after, inputs) in zip(files, artifacts, strict=True)
        ]
        manifest = Manifest(
            name="adding",
            task=Task.REGRESSION,
            raw_inputs=raw_inputs,
            transform=steps,
            outputs=(Output(name="total", shape=(1,), unit="points"),),
            artifacts=tuple(entries),
            default_artifact=Selection(file="model0.onnx", reason="the first"),
        )
        path = tmp_path / "adding.edge"
        write_bundle(make_bundle(manifest, files), path)
        return path

    return write


def _adding(inputs: tuple[TensorSpec, ...]) -> bytes:
    onnx = pytest.importorskip("onnx")
    helper, floats = onnx.helper, onnx.TensorProto.FLOAT
    nodes: list[Any] = []
    for spec in inputs:
        nodes.append(helper.make_node("Flatten", [spec.name], [f"flat_{spec.name}"]))
        nodes.append(
            helper.make_node("ReduceSum", [f"flat_{spec.name}", "axes"], [f"sum_{spec.name}"])
        )
    nodes.append(helper.make_node("Sum", [f"sum_{spec.name}" for spec in inputs], ["total"]))
    graph = helper.make_graph(
        nodes,
        "adding",
        [helper.make_tensor_value_info(spec.name, floats, spec.shape) for spec in inputs],
        [helper.make_tensor_value_info("total", floats, ["batch", 1])],
        [onnx.numpy_helper.from_array(np.array([1]), "axes")],
    )
    opset = helper.make_opsetid("", TINY_OPSET)
    return helper.make_model(graph, opset_imports=[opset], ir_version=8).SerializeToString()


PHOTO = RawInput("photo", Kind.IMAGE, "grey images")
PHOTO_STEPS = (
    Step(op="decode_image", inputs=("photo",), outputs=("pixels",), params={"mode": "grey"}),
    Step(
        op="scale",
        inputs=("pixels",),
        outputs=("scaled",),
        params={"offset": [0.0], "scale": [255.0]},
    ),
)
ROW = RawInput("row", Kind.TABLE, "columns a and b")
ROW_STEPS = (
    Step(
        op="numbers",
        inputs=("row",),
        outputs=("numbers",),
        params={"columns": ["a", "b"], "missing": [[], []]},
    ),
    Step(op="fill", inputs=("numbers",), outputs=("filled",), params={"values": [10.0, 20.0]}),
    Step(op="cast", inputs=("filled",), outputs=("x",), params={"dtype": "float32"}),
)
SCALED = TensorSpec("scaled", "float32", ("batch", 2, 2, 1))
X = TensorSpec("x", "float32", ("batch", 2))


@pytest.fixture
def photo_bundle_path(bundle_of: Callable[..., Path]) -> Path:
    """Adds up the pixels of a grey image of 2 by 2, scaled to the unit interval."""
    return bundle_of((PHOTO,), PHOTO_STEPS, (1, (SCALED,)))


@pytest.fixture
def row_bundle_path(bundle_of: Callable[..., Path]) -> Path:
    """Adds up the columns a and b; where one is missing it is 10, or 20."""
    return bundle_of((ROW,), ROW_STEPS, (2, (X,)))


@pytest.fixture
def two_inputs_path(bundle_of: Callable[..., Path]) -> Path:
    """Adds up a photo and a row."""
    return bundle_of((PHOTO, ROW), (*PHOTO_STEPS, *ROW_STEPS), (4, (SCALED, X)))


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Runs the command ``edgesmith-runtime`` in this process: exit code, standard output, standard error."""

    def call(*words: object) -> tuple[int, str, str]:
        try:
            code = main([str(word) for word in words])
        except SystemExit as stop:
            code = int(stop.code or 0)
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return call
