"""Every example is a TOML that reads, and a README that says what it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgesmith.config.reading import load_config

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
