from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgesmith.cli import run

if TYPE_CHECKING:
    from pathlib import Path


def _failure(capsys: pytest.CaptureFixture[str], tmp_path: Path, *arguments: str | Path) -> str:
    code = run(["convert", *map(str, arguments), "--out", str(tmp_path / "out")])

    shown = capsys.readouterr()
    assert code == 2
    assert shown.out == ""
    assert not (tmp_path / "out").exists()
    return shown.err.removeprefix("error: ").removesuffix("\n")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "m.keras"
    with zipfile.ZipFile(path, "w"):
        return path


def test_a_file_that_is_no_keras_file_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "m.keras"
    path.write_bytes(b"hello")

    assert _failure(capsys, tmp_path, path) == (
        f"{path}: not a .keras file; save the model again: model.save(...)"
    )


def test_another_format_is_refused_with_the_way(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _failure(capsys, tmp_path, "m.h5") == (
        "m.h5: expected a .keras file, got '.h5'; save the model with model.save('NAME.keras'), "
        "or call edgesmith.export(model, ...) where it is built"
    )


def test_a_missing_model_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _failure(capsys, tmp_path, "no.keras") == (
        "no.keras: no such file; expected a Keras model"
    )


def test_an_unknown_format_is_named(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _failure(capsys, tmp_path, model, "--formats", "onnx,tf") == (
        "--formats: expected some of onnx, tflite, got 'tf'; see edgesmith convert --help"
    )


def test_no_format_is_refused(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _failure(capsys, tmp_path, model, "--formats", ",") == (
        "--formats: expected some of onnx, tflite, got none; see edgesmith convert --help"
    )


def test_samples_with_objects_are_refused(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    samples = tmp_path / "x.npy"
    np.save(samples, np.array([{}], dtype=object))

    message = _failure(capsys, tmp_path, model, "--samples", samples)

    assert message.startswith(f"{samples}: not a .npy of plain arrays: ")
