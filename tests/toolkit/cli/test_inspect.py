from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from edgesmith.cli import run

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def model(onnx_bytes: bytes, tmp_path: Path) -> Path:
    path = tmp_path / "model.onnx"
    path.write_bytes(onnx_bytes)
    return path


def test_a_bundle_is_shown_as_the_runtime_shows_it(
    small_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(["inspect", str(small_bundle)])

    shown = capsys.readouterr().out
    assert code == 0
    assert "small (classification, bundle format 1.0)" in shown
    assert "model.onnx" in shown


def test_a_bundle_can_be_had_as_json(
    small_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(["inspect", str(small_bundle), "--json"])

    assert code == 0
    assert json.loads(capsys.readouterr().out)["manifest"]["name"] == "small"


def test_an_unpacked_bundle_is_shown(
    small_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["unpack", str(small_bundle), str(tmp_path / "small.onnx")])
    capsys.readouterr()

    assert run(["inspect", str(tmp_path / "small.onnx")]) == 0
    assert "small (classification" in capsys.readouterr().out


def test_an_onnx_file_is_shown_on_one_screen(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(["inspect", str(model)])

    assert code == 0
    assert capsys.readouterr().out.splitlines() == [
        f"file        {model}: ONNX, {model.stat().st_size} bytes",
        "made by     hand; opset ai.onnx 18; IR 8",
        "input       features: float32 batch x 4",
        "output      scores: float32 batch x 2",
        "parameters  8",
        "made of     1 MatMul, 1 Softmax",
        "metadata    labels: left right",
    ]


def test_an_onnx_file_can_be_had_as_json(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(["inspect", str(model), "--json"])

    members = json.loads(capsys.readouterr().out)
    assert code == 0
    assert members["inputs"] == ["features: float32 batch x 4"]
    assert members["parts"] == {"MatMul": 1, "Softmax": 1}


def test_what_is_neither_is_refused_as_a_bundle(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("hello")

    assert run(["inspect", str(path)]) == 2
    assert capsys.readouterr().err.startswith(f"error: {path}: ")
