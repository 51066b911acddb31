"""The whole way: a model file of another tool to a bundle that an app loads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from onnx import TensorProto, helper

import edgesmith_runtime as er
from edgesmith.packing import read_record
from edgesmith.pipeline import export
from edgesmith.reporting import summary
from edgesmith_runtime.errors import ConfigError, InputError, SignatureError
from edgesmith_runtime.manifest import Decode, DecodeOp, Step, Task
from edgesmith_runtime.spec import Format, Precision

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    FileOf = Callable[..., Path]

BOTH = pytest.mark.parametrize("fmt", Format)
NAMES = ["cat", "dog", "owl"]


class Lines:
    """Progress that keeps what is said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def track(self, items: Iterable[Any], label: str, *, total: int) -> Iterator[Any]:
        return iter(items)

    def say(self, message: str) -> None:
        self.said.append(message)


@BOTH
def test_a_bundle_answers_as_the_file_does(
    fmt: Format,
    file_of: FileOf,
    tmp_path: Path,
    features: NDArray[np.float32],
    probabilities: NDArray[np.float64],
) -> None:
    result = export(
        file_of(fmt),
        tmp_path / "out" / "mine.edge",
        samples=features,
        expected=probabilities.argmax(axis=1),
        class_names=NAMES,
        n_rounds=None,
    )

    model = er.load(result.bundle)
    model.selftest()
    predictions = model.predict_batch(list(features))
    assert [one.label for one in predictions] == [
        NAMES[i] for i in probabilities.argmax(axis=1)
    ]
    assert [one.score for one in predictions] == pytest.approx(probabilities.max(axis=1))
    (candidate,) = result.summary.candidates
    assert candidate.score is not None
    assert candidate.parity is not None
    assert (candidate.score.value, candidate.parity.agreement) == (1.0, 1.0)
    assert candidate.recipe.name == "as_it_is"


@BOTH
def test_the_report_says_what_the_original_is_and_measures_no_keras(
    fmt: Format, file_of: FileOf, tmp_path: Path, features: NDArray[np.float32]
) -> None:
    result = export(file_of(fmt), tmp_path / "m.edge", samples=features, n_rounds=2)

    original = summary(result.summary)["original"]
    assert original["latency_us_p50"] == {"predict": None, "call": None, "tf_function": None}
    assert original["size_bytes"] == file_of(fmt).stat().st_size
    assert "Keras</" not in result.report.read_text(encoding="utf-8")
    assert f"The same answers as original.{fmt}" in result.report.read_text(encoding="utf-8")
    assert summary(result.summary)["artifacts"][0]["latency_us_p50"] > 0


@BOTH
def test_the_build_keeps_the_very_file(
    fmt: Format, file_of: FileOf, tmp_path: Path, features: NDArray[np.float32]
) -> None:
    path, left = file_of(fmt), tmp_path / "out" / "build"
    left.mkdir(parents=True)
    (left / "original.keras").write_bytes(b"of an older build")

    export(path, tmp_path / "out" / "m.edge", samples=features, n_rounds=None)

    record = read_record(left)
    assert record.original == left / f"original.{fmt}"
    assert (left / f"original.{fmt}").read_bytes() == path.read_bytes()
    assert (record.graph, record.input_nodes) == (None, ())
    assert not (left / "original.keras").exists()
    assert np.load(record.sets["test"].tensors["x"]).tolist() == features.tolist()


@BOTH
def test_the_manifest_says_where_the_model_is_from(
    fmt: Format, file_of: FileOf, tmp_path: Path, features: NDArray[np.float32]
) -> None:
    path = file_of(fmt)

    result = export(path, tmp_path / "m.edge", samples=features, n_rounds=None)

    provenance = er.load(result.bundle).manifest.provenance
    assert provenance["original"]["file"] == path.name
    assert provenance["original"]["producer"] == "by hand"
    assert "tensorflow" not in provenance["versions"]


@BOTH
def test_a_transform_stands_before_the_model(
    fmt: Format,
    file_of: FileOf,
    tmp_path: Path,
    features: NDArray[np.float32],
    probabilities: NDArray[np.float64],
) -> None:
    scaled = {"offset": [1.0], "scale": [2.0]}
    typed = {"dtype": "float32", "shape": [4]}
    steps = [
        Step(op="tensor", inputs=("raw",), outputs=("levels",), params=typed),
        Step(op="scale", inputs=("levels",), outputs=("x",), params=scaled),
    ]

    result = export(
        file_of(fmt),
        tmp_path / "m.edge",
        samples=features * 2 + 1,
        transform=steps,
        class_names=NAMES,
        n_rounds=None,
    )

    prediction = er.load(result.bundle).predict(features[0] * 2 + 1)
    assert prediction.score == pytest.approx(probabilities[0].max(), abs=1e-5)


@BOTH
def test_without_samples_some_are_drawn(fmt: Format, file_of: FileOf, tmp_path: Path) -> None:
    result = export(file_of(fmt), tmp_path / "m.edge", n_rounds=None)

    (candidate,) = result.summary.candidates
    assert candidate.parity is not None
    assert candidate.parity.n_samples == 64
    assert result.summary.task is Task.TENSOR


@BOTH
def test_a_batch_that_stays_fixed_is_said_and_works(
    fmt: Format,
    file_of: FileOf,
    tmp_path: Path,
    features: NDArray[np.float32],
    probabilities: NDArray[np.float64],
) -> None:
    progress = Lines()

    result = export(
        file_of(fmt, batch=2, shaped=True),
        tmp_path / "m.edge",
        samples=features,
        n_rounds=None,
        progress=progress,
    )

    assert any("it works with batches of 2 alone" in line for line in progress.said)
    outputs = er.load(result.bundle).run({"x": features})
    np.testing.assert_allclose(outputs["y"], probabilities, atol=1e-6)


def test_shares_that_are_rounded_above_one_are_probabilities(
    onnx_file: FileOf, tmp_path: Path
) -> None:
    value = helper.make_tensor_value_info
    path = onnx_file(
        [helper.make_node("Abs", ["x"], ["y"])],
        [value("x", TensorProto.FLOAT, ["n", 3])],
        [value("y", TensorProto.FLOAT, ["n", 3])],
    )
    shares = np.array([[1.0000001, 0, 0], [0.2, 0.5, 0.3]], np.float32)

    result = export(path, tmp_path / "m.edge", samples=shares, class_names=NAMES, n_rounds=None)

    (output,) = er.load(result.bundle).manifest.outputs
    assert output.decode.op is DecodeOp.ARGMAX


def test_a_bundle_of_a_tflite_file_says_what_it_needs(
    file_of: FileOf, tmp_path: Path, features: NDArray[np.float32]
) -> None:
    progress = Lines()

    result = export(
        file_of(Format.TFLITE),
        tmp_path / "m.edge",
        samples=features,
        n_rounds=None,
        progress=progress,
    )

    default = er.load(result.bundle).manifest.default_artifact
    assert (default.file, default.needs) == ("model.tflite", ("ai-edge-litert",))
    assert default.reason.startswith("the only one: a .tflite file is not converted to ONNX")
    assert any("only where edgesmith-runtime[tflite] is installed" in m for m in progress.said)


@pytest.mark.tflite
def test_a_quantized_classifier_answers_with_probabilities(
    quantized_file: Path, tmp_path: Path
) -> None:
    codes = np.array([[5, 15, 25], [-100, 100, 0], [60, 5, 5]], np.int8)

    result = export(
        quantized_file, tmp_path / "m.edge", samples=codes, class_names=NAMES, n_rounds=None
    )

    model = er.load(result.bundle)
    powers = np.exp(0.1 * (codes.astype(np.float64) - 5))
    shares = powers / powers.sum(axis=1, keepdims=True)
    assert [one.label for one in model.predict_batch(list(codes))] == ["owl", "dog", "cat"]
    assert model.predict(codes[0]).score == pytest.approx(shares[0].max(), abs=1 / 256)
    (entry,) = model.manifest.artifacts
    assert entry.precision is Precision.OTHER
    assert (entry.signature.inputs[0].scale, entry.signature.inputs[0].zero_point) == (
        pytest.approx(0.1),
        5,
    )
    assert model.manifest.outputs[0].decode == Decode(op=DecodeOp.ARGMAX)


@pytest.mark.tflite
def test_numbers_for_a_quantized_input_are_quantized(
    quantized_file: Path, tmp_path: Path
) -> None:
    numbers = np.array([[0.0, 1.0, 2.0], [-9.0, 9.0, 0.0], [5.5, 0.0, 0.0]], np.float32)

    result = export(
        quantized_file, tmp_path / "m.edge", samples=numbers, class_names=NAMES, n_rounds=None
    )

    model = er.load(result.bundle)
    powers = np.exp(numbers.astype(np.float64))
    shares = powers / powers.sum(axis=1, keepdims=True)
    assert model.selftest().n_samples == 3
    for given in (numbers[0], numbers[0].tolist()):
        assert model.predict(given).score == pytest.approx(shares[0].max(), abs=1 / 256)
    (raw_input,) = model.manifest.raw_inputs
    assert raw_input.accepts == (
        "an array of float32, or its codes in int8, with the shape [3]"
    )


@pytest.mark.tflite
def test_a_transform_gives_the_numbers_of_a_quantized_input(
    quantized_file: Path, tmp_path: Path
) -> None:
    tensor = {"dtype": "float32", "shape": [3]}
    halved = {"offset": [0.0], "scale": [2.0]}
    steps = (
        Step(op="tensor", inputs=("levels",), outputs=("numbers",), params=tensor),
        Step(op="scale", inputs=("numbers",), outputs=("x",), params=halved),
    )
    levels = np.array([[0.0, 2.0, 4.0], [-9.0, 9.0, 0.0]], np.float32)

    result = export(
        quantized_file,
        tmp_path / "m.edge",
        samples=levels,
        transform=steps,
        class_names=NAMES,
        n_rounds=None,
    )

    model = er.load(result.bundle)
    powers = np.exp(levels[0].astype(np.float64) / 2)
    assert model.predict(levels[0]).score == pytest.approx(
        powers.max() / powers.sum(), abs=1 / 256
    )


@pytest.mark.tflite
def test_whole_numbers_for_a_quantized_input_are_refused_with_the_way(
    quantized_file: Path, tmp_path: Path
) -> None:
    with pytest.raises(
        SignatureError,
        match=r"expected dtype int8, got int64; give numbers with \.astype\('float32'\)",
    ):
        export(quantized_file, tmp_path / "m.edge", samples=np.ones((2, 3), np.int64))


@pytest.mark.parametrize(("own", "other"), [("onnx", "tflite"), ("tflite", "onnx")])
def test_another_format_is_refused(
    file_of: FileOf, tmp_path: Path, own: str, other: str
) -> None:
    with pytest.raises(
        ConfigError,
        match=f"expected {own} as the only format, got {own}, {other}; a model file",
    ):
        export(file_of(Format(own)), tmp_path / "m.edge", formats=(own, other))


@BOTH
def test_its_own_format_may_be_asked_for(
    fmt: Format, file_of: FileOf, tmp_path: Path, features: NDArray[np.float32]
) -> None:
    result = export(
        file_of(fmt), tmp_path / "m.edge", samples=features, formats=(fmt,), n_rounds=None
    )

    assert [one.artifact.file for one in result.summary.candidates] == [f"model.{fmt}"]


@BOTH
def test_class_names_of_another_number_are_refused(
    fmt: Format, file_of: FileOf, tmp_path: Path, features: NDArray[np.float32]
) -> None:
    with pytest.raises(ConfigError, match="'y' tells 3 classes apart, got 2 names"):
        export(file_of(fmt), tmp_path / "m.edge", samples=features, class_names=["a", "b"])

    assert not (tmp_path / "m.edge").exists()


@BOTH
def test_nothing_is_written_where_there_is_no_sample(
    fmt: Format, file_of: FileOf, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="samples: expected at least one, got none"):
        export(file_of(fmt), tmp_path / "m.edge", samples=np.zeros((0, 4), np.float32))
