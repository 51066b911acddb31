from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from edgesmith.cli import run
from edgesmith.pipeline import export

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
def test_artifacts_are_compared_alone_where_there_is_no_original(
    small_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page, figures = tmp_path / "bench.html", tmp_path / "bench.json"

    code = run(
        [
            "bench",
            str(small_bundle),
            "--rounds",
            "2",
            "--html",
            str(page),
            "--json",
            str(figures),
        ]
    )

    shown = capsys.readouterr()
    members = json.loads(figures.read_text())
    assert code == 0
    assert "model.onnx" in shown.out
    assert "No original was given" in shown.out
    assert "2 of 2" in shown.err
    assert members["plan"]["n_rounds"] == 2
    assert "model.onnx" in page.read_text()


def test_a_missing_bundle_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "no.edge"

    assert run(["bench", str(path)]) == 2
    assert capsys.readouterr().err.startswith(f"error: {path}: no such file")


def test_a_missing_original_is_named(
    small_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "no.keras"

    assert run(["bench", str(small_bundle), "--against", str(path)]) == 2
    assert capsys.readouterr().err.startswith(f"error: {path}: no such file")


def test_a_record_that_is_broken_is_refused(
    small_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = tmp_path / "small.edge"
    bundle.write_bytes(small_bundle.read_bytes())
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "record.json").write_text("{}")

    assert run(["bench", str(bundle)]) == 2
    assert "record.json" in capsys.readouterr().err


@pytest.mark.slow
def test_a_model_file_is_no_subject(
    onnx_bytes: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "m.onnx").write_bytes(onnx_bytes)
    result = export(tmp_path / "m.onnx", tmp_path / "out" / "m.edge", n_rounds=None)

    code = run(["bench", str(result.bundle), "--rounds", "1"])

    assert code == 0
    assert "No original was given" in capsys.readouterr().out
