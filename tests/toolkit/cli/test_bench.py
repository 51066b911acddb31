from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from edgesmith.cli import run
from edgesmith.pipeline import export
from edgesmith_runtime.bench import Comparison

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
def test_artifacts_are_compared_alone_where_there_is_no_original(
    small_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page, figures = tmp_path / "bench.html", tmp_path / "bench.json"
    text = tmp_path / "bench.md"

    code = run(
        [
            "bench",
            str(small_bundle),
            "--rounds",
            "2",
            "--phases",
            "steady,paced",
            "--batch",
            "1",
            "--rate",
            "2000",
            "--html",
            str(page),
            "--markdown",
            str(text),
            "--json",
            str(figures),
        ]
    )

    shown = capsys.readouterr()
    members = json.loads(figures.read_text())
    assert code == 0
    assert "model.onnx" in shown.out
    assert "No original was given" in shown.out
    assert "4 of 4  round 2: model.onnx" in shown.err
    assert members["plan"]["n_rounds"] == 2
    assert set(members["subjects"][0]["settings"]) == {"steady:1", "paced:2000"}
    assert json.loads(json.dumps(Comparison.read(figures).to_json())) == members
    assert "model.onnx" in page.read_text()
    assert "model.onnx" in text.read_text()


@pytest.mark.slow
def test_layers_stand_in_the_table_the_page_and_the_markdown(
    small_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page, text, figures = (tmp_path / f"bench.{kind}" for kind in ("html", "md", "json"))

    code = run(
        [
            *("bench", str(small_bundle), "--rounds", "1", "--phases", "steady"),
            *("--batch", "1", "--threads", "1", "--profile"),
            *("--html", str(page), "--markdown", str(text), "--json", str(figures)),
        ]
    )

    shown = capsys.readouterr()
    assert code == 0
    assert "around the layers" in shown.out
    assert "1 of 5  layers of model.onnx" in shown.err
    assert 'id="plot-layers-1"' in page.read_text()
    assert "## Layers\n\n### model.onnx\n" in text.read_text()
    assert Comparison.read(figures).subjects[0].name == "model.onnx"


def test_a_file_that_cannot_be_written_is_told_before_anything_is_measured(
    small_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "nowhere" / "bench.html"

    assert run(["bench", str(small_bundle), "--profile", "--html", str(page)]) == 1
    assert capsys.readouterr().err.startswith(f"error: {page}: ")


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


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--phases", "warm"], "--phases: expected all, or some of steady, raw, idle, paced"),
        (["--batch", "0"], "--batch: expected whole numbers from 1"),
        (["--engine", "torch"], "engines: expected some that run an artifact of this bundle"),
        (["--against", "a.onnx", "--device", "ssh://there"], "--against with --device: the"),
        (["--profile", "--device", "ssh://there"], "--profile with --device: layers are timed"),
    ],
)
def test_a_wrong_word_is_told(
    small_bundle: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    assert run(["bench", str(small_bundle), *words]) == 2
    assert capsys.readouterr().err.startswith(f"error: {message}")


def test_the_bundle_is_not_overwritten_and_no_two_files_are_one(
    small_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = small_bundle.read_bytes()
    same = str(tmp_path / "same")

    assert run(["bench", str(small_bundle), "--json", str(small_bundle)]) == 2
    assert "would overwrite what is read from" in capsys.readouterr().err
    assert run(["bench", str(small_bundle), "--html", same, "--markdown", same]) == 2
    assert "--html names the same file" in capsys.readouterr().err
    assert small_bundle.read_bytes() == content
