"""The catalogue of models that must convert: nothing of Keras is left out of it."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.slow


@pytest.fixture
def catalogue(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr(sys, "path", [str(ROOT / "benchmarks"), *sys.path])
    return importlib.import_module("conversion_cases")


def test_case_names_are_unique(catalogue: ModuleType) -> None:
    names = [case.name for family in catalogue.families().values() for case in family]

    assert sorted(names) == sorted(set(names))


def test_no_layer_activation_or_application_is_in_no_case(catalogue: ModuleType) -> None:
    assert catalogue.uncovered() == ()


def test_a_case_that_is_taken_out_is_missed(
    catalogue: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    without = {
        name: case
        for name, case in catalogue.all_cases().items()
        if "Conv1D" not in case.covers
    }
    monkeypatch.setattr(catalogue, "all_cases", lambda: without)

    assert catalogue.uncovered() == ("layers.Conv1D",)


def test_what_is_exempt_is_in_keras_and_says_why(catalogue: ModuleType) -> None:
    import keras

    assert all(hasattr(keras.layers, name) and why for name, why in catalogue.EXEMPT.items())


def test_there_are_250_layer_cases_and_30_models(catalogue: ModuleType) -> None:
    names = list(catalogue.all_cases())

    assert sum(name.startswith("layers/") for name in names) >= 250
    assert sum(name.startswith("models/") for name in names) >= 30


def test_a_case_draws_the_same_samples_every_time(catalogue: ModuleType) -> None:
    case = catalogue.all_cases()["layers/Conv2D/free_size"]

    first, second = list(case.feeds()), list(case.feeds())

    assert [feed["x"].shape for feed in first] == [
        (1, 7, 14, 4),
        (4, 7, 14, 4),
        (1, 10, 20, 4),
        (4, 10, 20, 4),
    ]
    assert all((a["x"] == b["x"]).all() for a, b in zip(first, second, strict=True))


@pytest.mark.slow
def test_a_drawn_sample_of_sixteen_converts_and_answers_as_keras(tmp_path: Path) -> None:
    out = tmp_path / "sample.json"
    script = ROOT / "benchmarks" / "bench_conversion.py"
    chosen = ["--routes", "ours", "--sample", "16", "--seed", "0"]

    subprocess.run(
        [sys.executable, str(script), *chosen, "--out", str(out)],
        check=True,
        capture_output=True,
    )

    figures = json.loads(out.read_text())["figures"]
    assert figures["ours_not_equal"] == []
    assert figures["all"]["ours onnx"] == {"equal": 16}
    assert figures["all"]["ours tflite"] == {"equal": 16}
