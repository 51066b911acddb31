"""From a bundle on the disk and raw inputs to predictions."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import edgesmith_runtime as er
from edgesmith_runtime.bundle import make_bundle, unpack_bundle, write_bundle
from edgesmith_runtime.errors import BundleError, InputError, SignatureError
from edgesmith_runtime.manifest import (
    Decode,
    DecodeOp,
    Kind,
    Manifest,
    Output,
    RawInput,
    Step,
)
from edgesmith_runtime.spec import TensorSpec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from edgesmith_runtime.bundle import Bundle
    from edgesmith_runtime.model import Model


@pytest.fixture(scope="session")
def tiny_model(tiny_bundle_path: Path) -> Model:
    return er.load(tiny_bundle_path)


def _pair(name: str) -> TensorSpec:
    return TensorSpec(name, "float32", ("batch", 2))


def _totals(predictions: list[er.Prediction]) -> list[Any]:
    return [prediction.value for prediction in predictions]


@pytest.fixture
def image_model(photo_bundle_path: Path) -> Model:
    return er.load(photo_bundle_path)


@pytest.fixture
def table_model(row_bundle_path: Path) -> Model:
    return er.load(row_bundle_path)


def test_a_prediction_is_what_numpy_computes(
    tiny_model: Model, tiny_features: NDArray[np.float32], tiny_expected: NDArray[np.float32]
) -> None:
    prediction = tiny_model.predict(tiny_features[0])

    assert prediction.label == ("ant", "bee", "cat")[tiny_expected[0].argmax()]
    assert prediction.score == pytest.approx(float(tiny_expected[0].max()), abs=1e-6)
    np.testing.assert_allclose(prediction.outputs["probabilities"], tiny_expected[0], atol=1e-6)


@pytest.mark.parametrize("form", [list, tuple, np.stack])
def test_a_batch_is_a_list_or_an_array(
    tiny_model: Model,
    tiny_features: NDArray[np.float32],
    tiny_expected: NDArray[np.float32],
    form: Callable[[Any], Any],
) -> None:
    predictions = tiny_model.predict_batch(form(list(tiny_features)))

    answers = [prediction.outputs["probabilities"] for prediction in predictions]
    np.testing.assert_allclose(answers, tiny_expected, atol=1e-6)


def test_an_empty_batch_has_no_predictions(tiny_model: Model) -> None:
    assert tiny_model.predict_batch([]) == []


def test_prepare_then_run_is_predict(
    tiny_model: Model, tiny_features: NDArray[np.float32], tiny_expected: NDArray[np.float32]
) -> None:
    tensors = tiny_model.prepare(tiny_features[1].astype(np.float64))
    outputs = tiny_model.run(tensors)

    assert tensors["features"].dtype == np.float32
    assert tensors["features"].shape == (1, 4)
    np.testing.assert_allclose(outputs["probabilities"], tiny_expected[1:2], atol=1e-6)


def test_a_model_says_what_it_is(tiny_model: Model, tiny_manifest: Manifest) -> None:
    assert tiny_model.manifest == tiny_manifest
    assert tiny_model.artifact.file == "model.onnx"
    assert [spec.name for spec in tiny_model.signature.inputs] == ["features"]
    assert repr(tiny_model) == "<Model 'tiny' from model.onnx>"


def test_an_unpacked_bundle_answers_alike(
    tiny_bundle: Bundle, tiny_model: Model, tiny_features: NDArray[np.float32], tmp_path: Path
) -> None:
    unpack_bundle(tiny_bundle, tmp_path / "tiny")

    unpacked = er.load(tmp_path / "tiny").predict(tiny_features[0])

    assert unpacked.scores == tiny_model.predict(tiny_features[0]).scores


def test_a_flipped_bit_never_reaches_an_engine(tiny_bundle_path: Path, tmp_path: Path) -> None:
    content = bytearray(tiny_bundle_path.read_bytes())
    content[content.find(b"MatMul")] ^= 1
    damaged = tmp_path / "damaged.edge"
    damaged.write_bytes(content)

    with pytest.raises(BundleError, match=r"damaged\.edge: .*model\.onnx"):
        er.load(damaged)


@pytest.mark.parametrize(
    ("artifact", "file"),
    [(None, "model.onnx"), ("second.onnx", "second.onnx"), ("onnx", "second.onnx")],
)
def test_an_artifact_is_chosen_by_file_or_by_format(
    tiny_bundle: Bundle, tmp_path: Path, artifact: str | None, file: str
) -> None:
    (entry,) = tiny_bundle.manifest.artifacts
    second = dataclasses.replace(entry, file="second.onnx")
    manifest = dataclasses.replace(tiny_bundle.manifest, artifacts=(second, entry))
    onnx = bytes(tiny_bundle.files["model.onnx"])
    path = tmp_path / "two.edge"
    write_bundle(make_bundle(manifest, {"model.onnx": onnx, "second.onnx": onnx}), path)

    model = er.load(path, artifact=artifact)

    assert model.artifact.file == file


def test_an_unknown_artifact_lists_the_known(tiny_bundle_path: Path) -> None:
    with pytest.raises(
        BundleError,
        match=r"'int8' is neither a file nor a format of this bundle; it has model.onnx \(onnx\)",
    ):
        er.load(tiny_bundle_path, artifact="int8")


def test_images_come_as_arrays_alone_and_in_batches(image_model: Model) -> None:
    images = np.array([[[0, 51], [102, 153]], [[255, 255], [255, 255]]], np.uint8)

    alone = image_model.predict(images[0]).value
    listed = _totals(image_model.predict_batch(list(images)))
    stacked = _totals(image_model.predict_batch(images[..., None]))

    assert alone == pytest.approx(306 / 255)
    assert listed == pytest.approx([306 / 255, 4.0])
    assert stacked == listed


def test_images_come_as_paths_and_bytes(image_model: Model, tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    path = tmp_path / "photo.png"
    image.fromarray(np.array([[0, 51], [102, 153]], np.uint8)).save(path)

    predictions = image_model.predict_batch([path, str(path), path.read_bytes()])

    assert _totals(predictions) == pytest.approx([306 / 255] * 3)
    assert image_model.predict(path).unit == "points"


def test_an_image_of_another_size_says_so(image_model: Model) -> None:
    with pytest.raises(
        SignatureError, match=r"'scaled': expected shape \(batch, 2, 2, 1\), got \(1, 3, 2, 1\)"
    ):
        image_model.predict(np.zeros((3, 2), np.uint8))


def test_an_unreadable_image_is_named(image_model: Model, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.png: there is no such file"):
        image_model.predict(tmp_path / "none.png")


def test_rows_of_a_table_fill_what_is_missing(table_model: Model) -> None:
    rows = [{"a": 1, "b": 2}, {"a": None, "b": "3"}, {"a": "", "b": np.nan}]

    assert table_model.predict({"a": 1, "b": 2, "more": "x"}).value == 3.0
    assert _totals(table_model.predict_batch(rows)) == [3.0, 13.0, 30.0]


def test_a_missing_column_is_named(table_model: Model) -> None:
    with pytest.raises(InputError, match=r"column 'b': absent"):
        table_model.predict({"a": 1})


def test_what_is_missing_and_not_filled_is_refused(bundle_of: Callable[..., Path]) -> None:
    raw = (RawInput("row", Kind.TABLE, "columns a and b"),)
    params = {"columns": ["a", "b"], "missing": [[], []]}
    steps = (
        Step(op="numbers", inputs=("row",), outputs=("numbers",), params=params),
        Step(op="cast", inputs=("numbers",), outputs=("x",), params={"dtype": "float32"}),
    )
    model = er.load(bundle_of(raw, steps, (1, (_pair("x"),))))

    with pytest.raises(
        InputError, match=r"sample 1: tensor 'x' is nan at \(1,\) after the transform; fill"
    ):
        model.predict_batch([{"a": 1, "b": 2}, {"a": 1, "b": None}])


def test_nan_in_a_tensor_is_refused(tiny_model: Model) -> None:
    with pytest.raises(InputError, match=r"the array holds NaN"):
        tiny_model.predict(np.array([1, np.nan, 1, 1], np.float32))


def test_infinity_in_a_tensor_is_refused(tiny_model: Model) -> None:
    with pytest.raises(InputError, match=r"sample 0: tensor 'features' is inf at \(2,\)"):
        tiny_model.predict(np.array([1, 1, np.inf, 1], np.float32))


def test_a_number_beyond_float32_is_refused_without_a_warning(
    bundle_of: Callable[..., Path],
) -> None:
    raw = (RawInput("row", Kind.TABLE, "columns a and b"),)
    params = {"columns": ["a", "b"], "missing": [[], []]}
    steps = (
        Step(op="numbers", inputs=("row",), outputs=("numbers",), params=params),
        Step(op="cast", inputs=("numbers",), outputs=("x",), params={"dtype": "float32"}),
    )
    model = er.load(bundle_of(raw, steps, (1, (_pair("x"),))))

    with pytest.raises(InputError, match=r"sample 0: tensor 'x' is inf at \(0,\)"):
        model.predict({"a": "1e300", "b": 2})


def test_a_tensor_of_another_shape_is_refused(tiny_model: Model) -> None:
    with pytest.raises(InputError, match=r"expected an array of shape \(4,\), got \(5,\)"):
        tiny_model.predict(np.zeros(5, np.float32))


@pytest.mark.parametrize(("dtype", "shown"), [("U1", "<U1"), ("complex128", "complex128")])
def test_a_tensor_of_another_dtype_is_refused(
    tiny_model: Model, dtype: str, shown: str
) -> None:
    message = f"^input 'x': expected an array of numbers, got dtype {shown}$"

    with pytest.raises(InputError, match=message):
        tiny_model.predict(np.zeros(4, dtype))


def test_several_raw_inputs_come_by_name(two_inputs_path: Path) -> None:
    two_inputs = er.load(two_inputs_path)
    white, row = np.full((2, 2), 255, np.uint8), {"a": 1, "b": 2}

    alone = two_inputs.predict({"photo": white, "row": row})
    samples = two_inputs.predict_batch([{"photo": white, "row": row}] * 2)
    batches = two_inputs.predict_batch({"row": [row, row], "photo": [white, white]})

    assert alone.value == 7.0
    assert _totals(samples) == [7.0, 7.0]
    assert _totals(batches) == [7.0, 7.0]


def test_a_text_is_a_raw_input_by_itself(bundle_of: Callable[..., Path]) -> None:
    raw = (RawInput("words", Kind.TEXT, "a text"),)
    counting = {"depth": 2, "binary": False, "dtype": "float32"}
    steps = (
        Step(op="text", inputs=("words",), outputs=("t",)),
        Step(op="split_text", inputs=("t",), outputs=("s",), params={"by": "whitespace"}),
        Step(op="lookup", inputs=("s",), outputs=("i",), params={"vocabulary": ["cat"]}),
        Step(op="count_indices", inputs=("i",), outputs=("counts",), params=counting),
    )
    model = er.load(bundle_of(raw, steps, (3, (_pair("counts"),))))

    tensor = model.prepare("a cat é cat")["counts"]

    np.testing.assert_array_equal(tensor, np.array([[2, 2]], np.float32), strict=True)
    assert _totals(model.predict_batch(["", "cat", "a b"])) == [0.0, 1.0, 2.0]


def test_an_artifact_that_starts_earlier_runs_fewer_steps(
    bundle_of: Callable[..., Path],
) -> None:
    raw = (RawInput("x", Kind.TENSOR, "two numbers"),)
    steps = (
        Step(
            op="tensor",
            inputs=("x",),
            outputs=("t",),
            params={"dtype": "float32", "shape": [2]},
        ),
        Step(op="scale", inputs=("t",), outputs=("u",), params={"offset": [0], "scale": [2]}),
    )
    path = bundle_of(raw, steps, (1, (_pair("u"),)), (0, (_pair("t"),)))
    whole, early = er.load(path), er.load(path, artifact="model1.onnx")

    assert set(whole.prepare([3.0, 5.0])) == {"u"}
    assert set(early.prepare([3.0, 5.0])) == {"t"}
    assert whole.predict([3.0, 5.0]).value == 4.0
    assert early.predict([3.0, 5.0]).value == 8.0


def test_nan_may_come_in_where_a_step_fills(bundle_of: Callable[..., Path]) -> None:
    raw = (RawInput("x", Kind.SERIES, "two points"),)
    steps = (
        Step(op="read_series", inputs=("x",), outputs=("t",)),
        Step(op="fill", inputs=("t",), outputs=("u",), params={"values": [7.0]}),
    )
    spec = TensorSpec("t", "float32", ("batch", 2, 1))
    model = er.load(bundle_of(raw, steps, (0, (spec,))))

    assert np.isnan(model.prepare([1.0, None])["t"]).sum() == 1


def test_an_artifact_may_take_the_raw_arrays_themselves(bundle_of: Callable[..., Path]) -> None:
    raw = (RawInput("x", Kind.TENSOR, "two numbers"),)
    model = er.load(bundle_of(raw, (), (None, (_pair("x"),))))

    predictions = model.predict_batch([np.ones(2, np.float32), np.zeros(2, np.float32)])

    assert _totals(predictions) == [2.0, 0.0]
    with pytest.raises(InputError, match=r"tensor 'x': the samples do not stack"):
        model.predict_batch([np.ones(2, np.float32), np.ones(3, np.float32)])


def test_a_manifest_that_does_not_lead_to_its_artifact_is_refused(
    tiny_bundle: Bundle, tmp_path: Path
) -> None:
    (entry,) = tiny_bundle.manifest.artifacts
    manifest = dataclasses.replace(
        tiny_bundle.manifest, artifacts=(dataclasses.replace(entry, starts_after=None),)
    )
    path = tmp_path / "odd.edge"
    write_bundle(
        make_bundle(manifest, {"model.onnx": bytes(tiny_bundle.files["model.onnx"])}), path
    )

    with pytest.raises(
        BundleError, match=r"takes 'features', which neither a raw input nor a step .*\['x'\]"
    ):
        er.load(path)


def test_a_manifest_with_an_output_that_no_artifact_gives_is_refused(
    tiny_bundle: Bundle, tmp_path: Path
) -> None:
    manifest = dataclasses.replace(
        tiny_bundle.manifest,
        outputs=(Output(name="logits", shape=(3,), decode=Decode(op=DecodeOp.SOFTMAX)),),
    )
    path = tmp_path / "odd.edge"
    write_bundle(
        make_bundle(manifest, {"model.onnx": bytes(tiny_bundle.files["model.onnx"])}), path
    )

    with pytest.raises(
        BundleError, match=r"model.onnx: expected an output 'logits', got \['probabilities'\]"
    ):
        er.load(path)


def test_threads_share_a_model(
    tiny_model: Model, tiny_features: NDArray[np.float32], tiny_expected: NDArray[np.float32]
) -> None:
    order = list(range(5)) * 40

    with ThreadPoolExecutor(8) as pool:
        predictions = list(pool.map(lambda i: tiny_model.predict(tiny_features[i]), order))

    answers = [prediction.outputs["probabilities"] for prediction in predictions]
    np.testing.assert_allclose(answers, tiny_expected[order], atol=1e-6)


def test_loading_leaves_the_engines_of_other_formats_alone(tiny_bundle_path: Path) -> None:
    code = (
        "import sys, edgesmith_runtime as er;"
        "before = 'onnxruntime' in sys.modules;"
        f"er.load({str(tiny_bundle_path)!r}).predict([1, 2, 3, 4]);"
        "print(before, 'onnxruntime' in sys.modules, 'ai_edge_litert' in sys.modules,"
        " 'PIL' in sys.modules)"
    )

    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert shown.stdout.split() == ["False", "True", "False", "False"]


def test_plain_numbers_take_the_dtype_of_the_raw_tensor(bundle_of: Callable[..., Path]) -> None:
    raw = (RawInput("x", Kind.TENSOR, "two numbers"),)
    model = er.load(bundle_of(raw, (), (None, (_pair("x"),))))

    assert model.predict([1, 2.5]).value == 3.5
    with pytest.raises(SignatureError, match=r"'x': expected dtype float32, got int64"):
        model.predict(np.array([1, 2]))
