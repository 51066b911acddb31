from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest

from edgesmith_runtime.bundle import read_bundle
from edgesmith_runtime.errors import BundleError

if TYPE_CHECKING:
    from pathlib import Path


def refusal(path: Path) -> str:
    with pytest.raises(BundleError) as caught:
        read_bundle(path)
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("m.keras", "a Keras model file"),
        ("m.h5", "a Keras model file"),
        ("m.onnx", "an ONNX model file"),
        ("m.tflite", "a TFLite model file"),
    ],
)
def test_a_model_file_is_told_with_the_command_that_makes_a_bundle(
    tmp_path: Path, name: str, what: str
) -> None:
    path = tmp_path / name
    path.write_bytes(b"some model")

    assert refusal(path) == (
        f"{path}: this is {what}, not a bundle; `edgesmith convert {path} --out out` makes one"
    )


def test_a_keras_archive_of_another_name_is_told_too(tmp_path: Path) -> None:
    path = tmp_path / "m.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("metadata.json", "config.json", "model.weights.h5"):
            archive.writestr(name, "{}")

    assert "this is a Keras model file, not a bundle" in refusal(path)


def test_a_folder_with_a_bundle_in_it_names_the_bundle(tmp_path: Path) -> None:
    edge = tmp_path / "small.edge"
    edge.touch()

    assert refusal(edge.parent) == (
        f"{edge.parent}: a folder with a bundle in it, not a bundle; give {edge}"
    )


def test_the_folder_of_a_saved_model_is_told(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").touch()

    assert "this is a SavedModel, not a bundle" in refusal(tmp_path)


def test_another_folder_is_just_no_bundle(tmp_path: Path) -> None:
    assert refusal(tmp_path) == (
        f"{tmp_path}: not a bundle: the directory has no SHA256SUMS; give NAME.edge, or what "
        "`edgesmith unpack` made of it"
    )


def test_a_damaged_directory_is_told_as_such(tmp_path: Path) -> None:
    (tmp_path / "SHA256SUMS").write_text("?")
    (tmp_path / "x.edge").touch()

    assert "SHA256SUMS: expected lines of 64" in refusal(tmp_path)
