from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from edgesmith.config.reading import load_config

if TYPE_CHECKING:
    from pathlib import Path


def test_the_example_is_the_demo_to_the_letter(repository: Path) -> None:
    packaged = (files("edgesmith") / "templates" / "digits.toml").read_bytes()

    assert (repository / "examples" / "digits" / "digits.toml").read_bytes() == packaged


def test_the_demo_is_a_valid_configuration(repository: Path) -> None:
    config = load_config(repository / "examples" / "digits" / "digits.toml")

    assert config.source.kind == "sklearn"
