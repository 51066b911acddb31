from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sklearn.datasets import load_iris

import edgesmith_runtime as er
from edgesmith.config.reading import parse_config
from edgesmith.packing import read_record
from edgesmith.pipeline import BuildResult, build, convert, export
from edgesmith_runtime.errors import ConfigError, ConversionError, InputError, ParityError
from edgesmith_runtime.manifest import DecodeOp, Step, Task

if TYPE_CHECKING:
    from edgesmith.config import Config

pytestmark = pytest.mark.slow

IRIS = """
name = "iris"
task = "classification"
source = { kind = "sklearn", dataset = "iris" }
benchmark = { enabled = false }
[training]
architecture = "mlp"
options = { widths = [16] }
learning_rate = 0.02
epochs = 12
"""
# One format where formats are not the point: the converter of each takes seconds to start.
QUICK: dict[str, Any] = {"formats": ["onnx"], "n_rounds": None}
ENDLESS = ("--set", "training.epochs=100000", "--set", "conversion.formats=['onnx']")


def _config(*overrides: str) -> Config:
    return parse_config(IRIS, where="iris.toml", folder=Path(), overrides=overrides)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> BuildResult:
    return build(_config(), tmp_path_factory.mktemp("built"))


@pytest.fixture(scope="module")
def original(built: BuildResult) -> Any:
    import keras

    return keras.saving.load_model(built.bundle.parent / "build" / "original.keras")


def _rows() -> list[dict[str, float]]:
    iris: Any = load_iris()
    return [
        dict(zip(iris.feature_names, map(float, row), strict=True)) for row in iris.data[::10]
    ]


@pytest.mark.parametrize("artifact", ["model.onnx", "model.tflite"])
def test_raw_rows_are_answered_as_keras_answers_them(
    built: BuildResult, original: Any, artifact: str
) -> None:
    model = er.load(built.bundle, artifact=artifact)
    rows = _rows()

    predictions = model.predict_batch(rows)

    features = np.concatenate([model.prepare(row)["features"] for row in rows])
    probabilities = original.predict(features, verbose=0)
    labels = model.manifest.outputs[0].labels
    assert labels is not None
    assert [one.label for one in predictions] == [labels[i] for i in probabilities.argmax(1)]
    got = np.stack([one.outputs["probabilities"] for one in predictions])
    np.testing.assert_allclose(got, probabilities, atol=1e-5)


def test_a_build_leaves_what_the_outside_promises(built: BuildResult) -> None:
    out = built.bundle.parent

    names = {path.name for path in out.iterdir()}

    assert names == {"iris.edge", "report.html", "report.json", "build"}
    assert built.report == out / "report.html"
    record = read_record(out / "build")
    assert set(record.candidates) == {"model.onnx", "model.tflite"}
    assert record.sets["test"].n_samples == 30
    assert record.sets["calibration"].n_samples == 102


def test_the_bundle_says_what_it_was_made_from(built: BuildResult) -> None:
    provenance = er.load(built.bundle).manifest.provenance

    assert provenance["data"]["source"] == "scikit-learn iris"
    assert provenance["data"]["n_by_split"] == {"train": 102, "validation": 18, "test": 30}
    assert provenance["config"]["training"]["epochs"] == 12
    assert "tensorflow" in provenance["versions"]


def test_the_score_is_that_of_the_test_split(built: BuildResult, original: Any) -> None:
    record = read_record(built.bundle.parent / "build").sets["test"]
    assert record.targets is not None
    features = np.load(record.tensors["features"])
    targets = np.load(record.targets)

    accuracy = float(np.mean(original.predict(features, verbose=0).argmax(1) == targets))

    scores = [built.summary.original.score, *(one.score for one in built.summary.candidates)]
    assert [score.value for score in scores if score] == pytest.approx([accuracy] * 3)


def test_the_same_configuration_gives_the_same_bytes(
    built: BuildResult, tmp_path: Path
) -> None:
    again = build(_config(), tmp_path)

    assert again.bundle.read_bytes() == built.bundle.read_bytes()


def test_a_failed_build_leaves_the_old_bundle_as_it_was(
    built: BuildResult, tmp_path: Path
) -> None:
    old = tmp_path / "iris.edge"
    old.write_bytes(built.bundle.read_bytes())

    with pytest.raises(
        ConfigError, match=r"unknown architecture 'mpl'; .*did you mean 'mlp'\?"
    ):
        build(_config("training.architecture='mpl'"), tmp_path)

    assert old.read_bytes() == built.bundle.read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"iris.edge", "build"}


@pytest.mark.parametrize(
    ("signum", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)]
)
def test_an_interrupted_build_leaves_the_old_bundle_as_it_was(
    built: BuildResult, tmp_path: Path, signum: signal.Signals, code: int
) -> None:
    (tmp_path / "iris.toml").write_text(IRIS)
    out = tmp_path / "out"
    shutil.copytree(built.bundle.parent, out)
    command = [sys.executable, "-m", "edgesmith", "build", str(tmp_path / "iris.toml")]
    process = subprocess.Popen(
        [*command, "--out", str(out), *ENDLESS],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "Training" in line or "epoch" in line:
            break

    process.send_signal(signum)
    process.communicate(timeout=60)

    assert process.returncode == code
    assert (out / "iris.edge").read_bytes() == built.bundle.read_bytes()
    assert read_record(out / "build").name == "iris"
    assert not list(out.rglob(".*draft*"))


def test_json_is_one_object_on_standard_output(tmp_path: Path) -> None:
    (tmp_path / "iris.toml").write_text(IRIS)
    command = [sys.executable, "-m", "edgesmith", "build", str(tmp_path / "iris.toml")]

    shown = subprocess.run(
        [*command, "--out", str(tmp_path / "out"), "--set", "training.epochs=1", "--json"],
        capture_output=True,
        text=True,
        check=True,
    )

    printed = json.loads(shown.stdout)
    assert printed["bundle"] == str(tmp_path / "out" / "iris.edge")
    assert [one["file"] for one in printed["artifacts"]] == ["model.onnx", "model.tflite"]
    assert printed["original"]["latency_us_p50"]["predict"] is None
    assert printed["choice"]["file"] == "model.onnx"


def test_a_model_with_bare_variables_is_exported_with_its_own_weights(
    line_model: Any, tmp_path: Path
) -> None:
    x = np.array([[1.0, 2.0], [0.5, -1.0]], np.float32)

    result = export(line_model, tmp_path / "line.edge", samples=x, expected=x @ [2.0, 3.0] + 5)

    with np.errstate(all="raise"):
        values = [one.value for one in er.load(result.bundle).predict_batch(x)]
    assert values == pytest.approx([13.0, 3.0])
    assert result.summary.task is Task.REGRESSION
    assert not (tmp_path / "build" / "original.keras").exists()


def test_an_exported_classifier_answers_with_its_class_names(
    image_model: Any, images: Any, tmp_path: Path
) -> None:
    names = ["cat", "dog", "owl"]

    result = export(
        image_model, tmp_path / "animals.edge", samples=images, class_names=names, **QUICK
    )

    model = er.load(result.bundle)
    best = image_model.predict(images, verbose=0).argmax(1)
    assert [one.label for one in model.predict_batch(images)] == [names[i] for i in best]
    assert model.manifest.outputs[0].decode.op is DecodeOp.ARGMAX


def test_an_export_takes_raw_inputs_through_its_transform(
    image_model: Any, tmp_path: Path
) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (5, 8, 8), np.uint8)
    steps = [
        Step(
            op="decode_image", inputs=("photo",), outputs=("pixels",), params={"mode": "grey"}
        ),
        {
            "op": "scale",
            "inputs": ["pixels"],
            "outputs": ["image"],
            "params": {"offset": [0.0], "scale": [255.0]},
        },
    ]

    result = export(
        image_model, tmp_path / "raw.edge", samples=pictures, transform=steps, **QUICK
    )

    got = er.load(result.bundle).predict(pictures[0]).outputs["digit"]
    expected = image_model.predict(pictures[:1, :, :, None] / np.float32(255), verbose=0)[0]
    np.testing.assert_allclose(got, expected, atol=1e-5)


@pytest.mark.parametrize("suffix", ["onnx", "tflite"])
def test_one_artifact_is_converted_and_verified(
    image_model: Any, images: Any, tmp_path: Path, suffix: str
) -> None:
    from edgesmith_runtime.runners import open_runner

    artifact = convert(image_model, tmp_path / "out" / f"mine.{suffix}", samples=images)

    assert (tmp_path / "out" / f"mine.{suffix}").read_bytes() == artifact.content
    outputs = open_runner(artifact).run({"image": images})
    np.testing.assert_allclose(
        outputs["digit"], image_model.predict(images, verbose=0), atol=1e-5
    )


def test_an_unknown_suffix_is_refused(image_model: Any, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"expected a suffix of \.onnx, \.tflite, got '\.pb'"):
        convert(image_model, tmp_path / "mine.pb")


def test_an_unknown_opset_is_refused(image_model: Any, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="an opset of 13 to 23; got onnx, 5"):
        convert(image_model, tmp_path / "mine.onnx", opset=5)


def test_a_column_of_answers_scores_a_regression(line_model: Any, tmp_path: Path) -> None:
    x = np.array([[1.0, 2.0], [0.5, -1.0]], np.float32)

    result = export(
        line_model,
        tmp_path / "line.edge",
        samples=x,
        expected=(x @ [[2.0], [3.0]] + 5).tolist(),
        **QUICK,
    )

    score = result.summary.original.score
    assert score is not None
    assert (score.metric, score.value) == ("r2", pytest.approx(1.0))


def test_an_export_needs_as_many_answers_as_samples(
    image_model: Any, images: Any, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="expected: one answer a sample, 7, got 2"):
        export(image_model, tmp_path / "a.edge", samples=images, expected=np.array([0, 1]))


def test_a_bundle_needs_onnx(image_model: Any, images: Any, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="formats: expected onnx among them"):
        export(
            image_model, tmp_path / "a.edge", samples=images, formats=["tflite"], n_rounds=None
        )


def test_the_wrong_number_of_class_names_is_refused(
    image_model: Any, images: Any, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="tells 3 classes apart, got 2 names"):
        export(image_model, tmp_path / "a.edge", samples=images, class_names=["a", "b"])


def test_a_failed_delivery_leaves_what_the_old_build_left(
    built: BuildResult, image_model: Any, images: Any, tmp_path: Path
) -> None:
    shutil.copytree(built.bundle.parent, tmp_path / "out")
    images, place = images.copy(), tmp_path / "out" / "iris.edge"
    images[0, 0, 0, 0] = np.inf

    with pytest.raises(ParityError, match=r"the original answers with .* NaN or infinite"):
        export(image_model, place, samples=images, **QUICK)

    assert (tmp_path / "out" / "iris.edge").read_bytes() == built.bundle.read_bytes()
    assert read_record(tmp_path / "out" / "build").name == "iris"
    assert not list((tmp_path / "out").rglob(".*draft*"))


SENTENCES = [
    "the cat sat",
    "",
    "A DOG! ran é",
    "the\u00a0cat",
    "unknown words here",
    "sat " * 30,
]


def _texts_and_numbers() -> Any:
    import keras

    keras.utils.set_random_seed(0)
    layers = keras.layers
    text = keras.Input((1,), dtype="string", name="text")
    age = keras.Input((1,), name="age")
    words = ["the", "cat", "sat", *(f"word{number}" for number in range(80))]
    tokens = layers.TextVectorization(vocabulary=words, name="tokens")(text)
    total = layers.Lambda(lambda rows: keras.ops.sum(rows, 1), output_shape=(4,))(
        layers.Embedding(90, 4)(tokens)
    )
    outputs = layers.Dense(2)(layers.Concatenate()([total, age]))
    return keras.Model({"text": text, "age": age}, outputs)


@pytest.fixture(scope="module")
def texts_model() -> Any:
    return _texts_and_numbers()


@pytest.fixture(scope="module")
def texts_bundle(texts_model: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    samples = {"text": SENTENCES, "age": list(range(len(SENTENCES)))}
    path = tmp_path_factory.mktemp("texts") / "texts.edge"
    return export(texts_model, path, samples=samples, n_rounds=None).bundle


@pytest.mark.parametrize("artifact", ["model.onnx", "model.tflite"])
@pytest.mark.parametrize("text", SENTENCES[:1] + SENTENCES[2:])
def test_raw_texts_beside_numbers_are_answered_as_keras_answers_them(
    texts_model: Any, texts_bundle: Path, text: str, artifact: str
) -> None:
    import tensorflow as tf

    prediction = er.load(texts_bundle, artifact=artifact).predict({"age": 3, "text": text})

    given = {"text": tf.constant([[text]]), "age": tf.constant([[3.0]])}
    (outputs,) = prediction.outputs.values()
    np.testing.assert_allclose(outputs, texts_model(given)[0], atol=1e-5)


def test_a_vocabulary_is_an_asset_of_the_bundle(texts_bundle: Path) -> None:
    bundle = er.load(texts_bundle).manifest

    (step,) = [step for step in bundle.transform if step.op == "lookup"]
    assert step.asset == "assets/tokens.json"
    assert [(raw.name, str(raw.kind)) for raw in bundle.raw_inputs] == [
        ("age", "tensor"),
        ("text", "text"),
    ]


def test_texts_need_no_samples(texts_model: Any, tmp_path: Path) -> None:
    result = export(texts_model, tmp_path / "drawn.edge", **QUICK)

    assert er.load(result.bundle).selftest().n_samples >= 1


def test_a_bare_artifact_of_a_model_with_lifted_layers_is_refused(
    texts_model: Any, tmp_path: Path
) -> None:
    with pytest.raises(
        ConversionError,
        match=r"the layers 'tokens' are lifted into a bundle's transform, which a bare artifact "
        r"does not have; use edgesmith\.export",
    ):
        convert(texts_model, tmp_path / "model.onnx")
