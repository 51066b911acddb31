from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgesmith.cli import run

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("wanted", [[], ["--json"]])
def test_a_wrong_key_is_told_before_anything_is_written(
    wanted: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "c.toml"
    config.write_text("nam = 'x'")

    code = run(["build", str(config), "--out", str(tmp_path / "out"), *wanted])

    shown = capsys.readouterr()
    assert code == 2
    assert shown.out == ""
    assert shown.err == f"error: {config}: nam: unknown key; did you mean 'name'?\n"
    assert not (tmp_path / "out").exists()


def test_a_wrong_override_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "c.toml"
    config.write_text("name = 'x'")

    code = run(["build", str(config), "--set", "epochs"])

    assert code == 2
    assert capsys.readouterr().err == (
        "error: --set epochs: expected key=value, e.g. training.epochs=10\n"
    )
