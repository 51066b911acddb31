from __future__ import annotations

import json
from typing import TYPE_CHECKING

from edgesmith.cli import run
from edgesmith.layer_times import Profile

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_layers_are_shown_and_written(
    small_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page, figures = tmp_path / "profile.html", tmp_path / "profile.json"

    code = run(
        [
            "profile",
            str(small_bundle),
            "--rounds",
            "1",
            "--html",
            str(page),
            "--json",
            str(figures),
        ]
    )

    shown = capsys.readouterr()
    profile = Profile.from_json(json.loads(figures.read_text()))
    assert code == 0
    assert "model.onnx (onnxruntime, 1 thread, blocked layout)" in shown.out
    assert "step 0: tensor" in shown.out
    assert "the file names no layers: operations stand for themselves" in shown.out
    assert {op.op for one in profile.artifacts[0].layers for op in one.ops} == {
        "MatMul",
        "Softmax",
    }
    assert "model.onnx" in page.read_text()


def test_a_missing_bundle_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "no.edge"

    assert run(["profile", str(path)]) == 2
    assert capsys.readouterr().err.startswith(f"error: {path}: no such file")


def test_the_bundle_is_not_overwritten(
    small_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = small_bundle.read_bytes()

    assert run(["profile", str(small_bundle), "--json", str(small_bundle)]) == 2
    assert "would overwrite what is read from" in capsys.readouterr().err
    assert small_bundle.read_bytes() == content
