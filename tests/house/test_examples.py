"""Every example is a TOML that reads, and a README that says what it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_diabetes

from edgesmith.config.reading import load_config
from edgesmith.core import Split
from edgesmith.pipeline import build
from edgesmith.preparation import prepare
from edgesmith.silence import Silent
from edgesmith.sources import load_dataset

EXAMPLES = sorted((Path(__file__).resolve().parents[2] / "examples").iterdir())


def _id(path: Path) -> str:
    return path.name


def test_the_promised_examples_are_there() -> None:
    assert [path.name for path in EXAMPLES] == [
        "auto_mpg",
        "digits",
        "linear_regression",
        "mnist",
        "penguins",
        "sign_language",
        "titanic",
    ]


@pytest.mark.parametrize("folder", EXAMPLES, ids=_id)
def test_an_example_is_a_toml_and_a_readme(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == {f"{folder.name}.toml", "README.md"}


@pytest.mark.parametrize("folder", EXAMPLES, ids=_id)
def test_its_configuration_reads(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGESMITH_DATA", "anywhere")

    config = load_config(folder / f"{folder.name}.toml")

    assert config.name == folder.name


@pytest.mark.parametrize("folder", EXAMPLES, ids=_id)
def test_its_readme_shows_the_command(folder: Path) -> None:
    assert f"edgesmith build {folder.name}.toml" in (folder / "README.md").read_text()


@pytest.mark.slow
def test_the_linear_example_ends_at_the_least_squares_solution(tmp_path: Path) -> None:
    config = load_config(
        EXAMPLES[0].parent / "linear_regression" / "linear_regression.toml",
        ["benchmark.enabled=false"],
    )
    dataset = load_dataset(config.source, split=config.split, task=config.task)
    prepared = prepare(dataset, config, directory=tmp_path, progress=Silent())
    features, target = load_diabetes(return_X_y=True)
    design = np.column_stack([features, np.ones(len(features))])
    train, test = (prepared.splits[split].rows for split in (Split.TRAIN, Split.TEST))

    result = build(config, tmp_path / "out")

    solution, *_ = np.linalg.lstsq(design[train], target[train], rcond=None)
    closed_form = float(np.sqrt(np.mean((design[test] @ solution - target[test]) ** 2)))
    assert result.summary.original.score is not None
    assert result.summary.original.score.value == pytest.approx(closed_form, rel=0.01)
