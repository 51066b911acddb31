from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgesmith.cli import run

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "words",
    [["--wheels", "."], ["--keep"], ["--device-python", "python3"], ["--ssh-config", "f"]],
)
def test_what_belongs_to_a_device_needs_one(
    words: list[str], small_bundle: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    code = run(["tune", str(small_bundle), *words])

    assert code == 2
    assert capfd.readouterr().err == (
        f"error: {words[0]} needs --device ssh://HOST; see edgesmith tune --help\n"
    )


def test_a_version_needs_a_key(small_bundle: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code = run(["tune", str(small_bundle), "--min-version", "3"])

    assert code == 2
    assert capfd.readouterr().err == (
        "error: --min-version needs --public-key; see edgesmith tune --help\n"
    )


def test_an_ssh_configuration_that_is_not_there_is_told(
    small_bundle: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    absent = tmp_path / "absent"
    words = ["--device", "ssh://board", "--ssh-config", str(absent)]

    code = run(["tune", str(small_bundle), *words])

    assert code == 2
    assert f"--ssh-config: {absent}: no such file" in capfd.readouterr().err
