"""Every example is a TOML that reads or a script that runs, and a README that says what it is."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.util import find_spec
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
from edgesmith_runtime import load

FOLDER = Path(__file__).resolve().parents[2] / "examples"
SCRIPTS = sorted(path.parent for path in FOLDER.glob("*/export.py"))
EXAMPLES = sorted(set(FOLDER.iterdir()) - set(SCRIPTS))


def _id(path: Path) -> str:
    return path.name


def test_the_promised_examples_are_there() -> None:
    assert [path.name for path in SCRIPTS] == ["from_pytorch", "from_sklearn"]
    assert [path.name for path in EXAMPLES] == [
        "auto_mpg",
        "banking77",
        "digits",
        "fan_vibration",
        "fsdd",
        "gunpoint",
        "italy_power",
        "linear_regression",
        "mnist",
        "penguins",
        "sign_language",
        "sms_spam",
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


@pytest.mark.parametrize("folder", SCRIPTS, ids=_id)
def test_a_script_has_a_readme_of_ten_lines(folder: Path) -> None:
    assert {path.name for path in folder.glob("[!_]*")} == {"export.py", "README.md"}
    readme = (folder / "README.md").read_text()
    assert len(readme.splitlines()) == 10
    assert "python export.py out && edgesmith-runtime selftest out/" in readme


def _packages(extra: str) -> list[str]:
    """What an extra of the toolkit installs."""
    text = (FOLDER.parent / "toolkit" / "pyproject.toml").read_text()
    wanted = tomllib.loads(text)["project"]["optional-dependencies"][extra]
    return [re.split(r"[<>=]", one)[0] for one in wanted]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "extra", "bundle"),
    [
        ("from_sklearn", "sklearn-export", "wine.edge"),
        ("from_pytorch", "torch-export", "digits.edge"),
    ],
)
def test_a_model_of_another_tool_arrives(
    name: str, extra: str, bundle: str, tmp_path: Path
) -> None:
    for package in _packages(extra):
        if find_spec(package) is None:
            pytest.skip(f"needs {package}: pip install 'edgesmith[{extra}]'")
    assert f"pip install 'edgesmith[{extra}]'" in (FOLDER / name / "README.md").read_text()

    subprocess.run(
        [sys.executable, FOLDER / name / "export.py", tmp_path], check=True, capture_output=True
    )

    model = load(tmp_path / bundle)
    model.selftest()
    (entry,) = model.manifest.artifacts
    assert entry.score is not None
    assert entry.score.value > 0.9
    assert entry.signature.batch_size is None


@pytest.mark.slow
def test_the_linear_example_ends_at_the_least_squares_solution(tmp_path: Path) -> None:
    config = load_config(
        FOLDER / "linear_regression" / "linear_regression.toml",
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
