"""``edgesmith tune`` here; on a device it is in tests/toolkit/devices/test_work.py."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from edgesmith.cli import run

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_it_forgets_as_the_runtime_does(
    small_bundle: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    code = run(["tune", str(small_bundle), "--forget", "--json"])

    assert code == 0
    assert json.loads(capfd.readouterr().out) == {"bundle": str(small_bundle), "forgotten": 0}


def test_a_budget_of_nothing_is_wrong_use(
    small_bundle: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    code = run(["tune", str(small_bundle), "--budget", "0"])

    assert code == 2
    assert "Invalid value for '--budget': 0.0 is not in the range x>0" in capfd.readouterr().err
