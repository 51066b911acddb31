from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import pytest

from edgesmith.reference import Reference, load_original, save, trace
from edgesmith_runtime.errors import ConversionError, InputError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

layers = keras.layers
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

_PEOPLE = """
import keras

class Scaled(keras.layers.Layer):
    def call(self, x):
        return 3 * x
"""


def _lambda_file(path: Path) -> Path:
    model = keras.Sequential(
        [keras.Input((4,)), layers.Lambda(lambda x: 2 * x, output_shape=(4,), name="double")]
    )
    model.save(path)
    return path


def test_a_model_is_its_own_original(image_model: keras.Model) -> None:
    assert load_original(image_model) is image_model


def test_a_saved_original_answers_as_before(
    image_model: keras.Model,
    reference: Reference,
    images: NDArray[np.float32],
    tmp_path: Path,
) -> None:
    save(image_model, reference, tmp_path / "original.keras")

    loaded = load_original(tmp_path / "original.keras")
    np.testing.assert_allclose(
        loaded(images), reference.run({"image": images})["digit"], atol=1e-6
    )


def test_a_file_that_would_lose_variables_is_not_written(
    line_model: keras.Model, tmp_path: Path
) -> None:
    reference = trace(line_model, samples=np.zeros((1, 2), np.float32))

    with pytest.raises(ConversionError, match="loses the variables offset, slope"):
        save(line_model, reference, tmp_path / "original.keras")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "tail"),
    [
        ("absent.keras", ", that exists"),
        ("absent.h5", ", that exists"),
        ("folder", "; this folder holds no saved_model.pb"),
    ],
)
def test_a_file_that_is_not_there_is_refused(tmp_path: Path, name: str, tail: str) -> None:
    (tmp_path / "folder").mkdir()

    with pytest.raises(
        InputError,
        match=rf"{name}: expected a Keras model, a \.keras, .* a SavedModel{tail}$",
    ):
        load_original(tmp_path / name)


@pytest.mark.parametrize("name", ["model.h5", "model.txt"])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"")

    with pytest.raises(InputError, match=f"{name}: is no .keras file, no HDF5 file and no"):
        load_original(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "way"),
    [
        ("m.onnx", "it is not made of Keras layers; `edgesmith inspect` shows what it holds"),
        ("m.TFLITE", "it is not made of Keras layers; `edgesmith inspect` shows"),
        ("m.edge", "it is a bundle; `edgesmith optimize` and `edgesmith inspect` take it"),
    ],
)
def test_a_file_of_ours_is_told_who_takes_it(tmp_path: Path, name: str, way: str) -> None:
    (tmp_path / name).write_bytes(b"x")

    with pytest.raises(InputError, match=f"{name}: is no .keras file, .* SavedModel; {way}"):
        load_original(tmp_path / name)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "model.keras").write_bytes(b"not a zip")

    with pytest.raises(InputError, match=r"model\.keras: cannot be loaded: "):
        load_original(tmp_path / "model.keras")


def test_a_truncated_hdf5_file_is_named(tmp_path: Path, image_model: keras.Model) -> None:
    image_model.save(tmp_path / "model.h5")
    content = (tmp_path / "model.h5").read_bytes()
    (tmp_path / "model.h5").write_bytes(content[: len(content) // 2])

    with pytest.raises(InputError, match=r"model\.h5: cannot be loaded: .*truncated"):
        load_original(tmp_path / "model.h5")


def test_a_class_of_its_writer_is_named_and_can_be_passed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "people_of_files.py").write_text(_PEOPLE)
    monkeypatch.syspath_prepend(tmp_path)
    people_of_files = importlib.import_module("people_of_files")

    path = tmp_path / "model.keras"
    keras.Sequential([keras.Input((4,)), people_of_files.Scaled()]).save(path)

    with pytest.raises(
        ConversionError,
        match=r"model\.keras: needs 'Scaled', .*--custom-objects package\.module on the",
    ):
        load_original(path)
    loaded = load_original(path, custom_objects=("people_of_files",))

    np.testing.assert_array_equal(loaded(np.ones((1, 4), np.float32)), np.full((1, 4), 3.0))


def test_a_class_that_does_not_take_its_settings_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = _PEOPLE + "\n    def __init__(self):\n        super().__init__()\n"
    (tmp_path / "people_without_settings.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    people: Any = importlib.import_module("people_without_settings")
    path = tmp_path / "model.keras"
    given = keras.Input((2,))
    keras.Model(given, people.Scaled()(given)).save(path)

    with pytest.raises(
        InputError, match=r"cannot be loaded: .*Scaled.*unexpected keyword argument 'trainable'"
    ):
        load_original(path, custom_objects=("people_without_settings",))


def test_code_in_a_file_is_refused_by_the_name_of_its_layer(tmp_path: Path) -> None:
    path = _lambda_file(tmp_path / "model.keras")

    with pytest.raises(
        ConversionError, match=r"the Lambda layers 'double' hold Python code, .*unsafe=True in"
    ):
        load_original(path)


def test_code_in_a_file_is_run_where_that_is_asked_for(tmp_path: Path) -> None:
    path = _lambda_file(tmp_path / "model.keras")

    loaded = load_original(path, unsafe=True)

    x: Any = np.ones((1, 4), np.float32)
    np.testing.assert_array_equal(loaded(x), 2 * x)
