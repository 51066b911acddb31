from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from edgesmith.cli import run

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_the_files_pass_their_own_sums(small_bundle: Path, tmp_path: Path) -> None:
    code = run(["unpack", str(small_bundle), str(tmp_path / "small")])

    checked = subprocess.run(
        ["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=tmp_path / "small", check=False
    )
    assert code == 0
    assert checked.returncode == 0


def test_a_directory_with_files_is_left_alone(
    small_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "precious").write_text("mine")

    code = run(["unpack", str(small_bundle), str(tmp_path)])

    assert code == 1
    assert str(tmp_path) in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]


def test_a_damaged_bundle_is_refused(
    small_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged = tmp_path / "small.edge"
    content = bytearray(small_bundle.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.write_bytes(content)

    code = run(["unpack", str(damaged), str(tmp_path / "small")])

    assert code == 2
    assert str(damaged) in capsys.readouterr().err
    assert not (tmp_path / "small").exists()
