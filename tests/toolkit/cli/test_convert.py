from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgesmith.cli import run
from edgesmith_runtime.bundle import read_bundle

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
        f"{path}: cannot be loaded: File is not a zip file"
    )


def test_another_format_is_refused_with_the_kinds_there_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "m.pt"
    path.write_bytes(b"hello")

    assert _failure(capsys, tmp_path, path) == (
        f"{path}: is no .keras file, no HDF5 file and no SavedModel; it must be one of these"
    )


def test_a_missing_model_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _failure(capsys, tmp_path, "no.keras") == (
        "no.keras: no such file; expected a model"
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


def test_an_onnx_file_becomes_a_bundle_without_tensorflow(
    tmp_path: Path, onnx_bytes: bytes
) -> None:
    (tmp_path / "m.onnx").write_bytes(onnx_bytes)
    (tmp_path / "labels.txt").write_text("left\nright\n")
    np.save(tmp_path / "x.npy", np.eye(4, dtype=np.float32))
    np.save(tmp_path / "y.npy", np.array([1, 1, 1, 0]))
    script = (
        "import sys; from edgesmith.cli import run; "
        "code = run('convert m.onnx --out out --samples x.npy --expected y.npy "
        "--class-names labels.txt --json'.split()); "
        "print(code, {'tensorflow', 'keras'} & set(sys.modules), file=sys.stderr)"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )

    assert done.stderr.splitlines()[-1] == "0 set()"
    told = json.loads(done.stdout)
    assert [one["file"] for one in told["artifacts"]] == ["model.onnx"]
    assert (told["original"]["score"], told["artifacts"][0]["agreement"]) == (0.75, 1.0)
    assert (tmp_path / "out" / "build" / "original.onnx").read_bytes() == onnx_bytes


def test_the_steps_of_a_file_are_carried_and_nothing_is_measured(
    tmp_path: Path, onnx_bytes: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "m.onnx").write_bytes(onnx_bytes)
    (tmp_path / "steps.toml").write_text(
        """
[[transform]]
op = "tensor"
inputs = ["levels"]
outputs = ["whole"]
params = { dtype = "uint8", shape = [4] }
[[transform]]
op = "scale"
inputs = ["whole"]
outputs = ["features"]
params = { offset = [0.0], scale = [255.0] }
"""
    )
    np.save(tmp_path / "x.npy", np.eye(4, dtype=np.uint8) * 255)
    words = ["--transform", str(tmp_path / "steps.toml"), "--samples", str(tmp_path / "x.npy")]

    code = run(
        ["convert", str(tmp_path / "m.onnx"), "--out", str(tmp_path), "--rounds", "0", *words]
    )

    assert code == 0
    assert "Measuring" not in capsys.readouterr().err
    manifest = read_bundle(tmp_path / "m.edge").manifest
    assert [one.name for one in manifest.raw_inputs] == ["levels"]
    assert [one.op for one in manifest.transform] == ["tensor", "scale"]


def test_a_step_that_takes_no_single_sample_is_told_with_the_one_before_it(
    tmp_path: Path, onnx_bytes: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "m.onnx").write_bytes(onnx_bytes)
    (tmp_path / "steps.json").write_text(
        '[{"op": "scale", "inputs": ["x"], "outputs": ["features"], '
        '"params": {"offset": [0.0], "scale": [255.0]}}]'
    )
    np.save(tmp_path / "x.npy", np.eye(4, dtype=np.uint8))
    words = ["--transform", tmp_path / "steps.json", "--samples", tmp_path / "x.npy"]

    assert _failure(capsys, tmp_path, tmp_path / "m.onnx", *words) == (
        "transform step 0 (scale): an app gives 'x' one by one, which this step does not take; "
        "put {'op': 'tensor', 'inputs': ['x'], 'outputs': ['x_array'], 'params': "
        "{'dtype': 'uint8', 'shape': [4]}} before it, and let it take 'x_array'"
    )


def test_a_fault_in_the_steps_is_told_by_file_and_step(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = tmp_path / "steps.json"
    steps.write_text('[{"op": "scale", "inputs": "x", "outputs": ["y"]}]')

    assert _failure(capsys, tmp_path, model, "--transform", steps) == (
        f"{steps}: transform step 0 (scale): inputs: expected a list of names, got 'x'; "
        "write ['x']"
    )


def test_pixels_for_a_model_of_floats_are_told_where_their_scaling_goes(
    tmp_path: Path, onnx_bytes: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "m.onnx").write_bytes(onnx_bytes)
    np.save(tmp_path / "x.npy", np.eye(4, dtype=np.uint8))

    message = _failure(capsys, tmp_path, tmp_path / "m.onnx", "--samples", tmp_path / "x.npy")

    assert message == (
        "tensor 'features': expected dtype float32, got uint8; convert with .astype('float32'), "
        "scaled as in training; if your training divided the pixels, give that as transform (--transform) and the "
        "samples as they are"
    )


def test_a_second_bundle_in_a_folder_is_warned_of(
    tmp_path: Path, onnx_bytes: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a", "a", "b"):
        (tmp_path / f"{name}.onnx").write_bytes(onnx_bytes)
        words = ["--out", str(tmp_path / "out"), "--rounds", "0"]
        assert run(["convert", str(tmp_path / f"{name}.onnx"), *words]) == 0

    assert capsys.readouterr().err.count("warning: ") == 1
    run(["convert", str(tmp_path / "a.onnx"), *words])
    assert (
        f"warning: {tmp_path / 'out'}: report.html and build/ of b.edge are replaced; give each "
        "bundle a folder of its own\n"
    ) in capsys.readouterr().err


@pytest.mark.parametrize(("name", "code"), [("m.onnx", 2), ("m.tflite", 2)])
def test_a_model_file_that_is_none_is_wrong_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, code: int
) -> None:
    path = tmp_path / name
    path.write_bytes(b"hello, this is text")

    assert _failure(capsys, tmp_path, path).startswith(f"{path}: not a")
    assert run(["convert", str(path)]) == code
