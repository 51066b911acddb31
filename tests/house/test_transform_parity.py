"""Every step against a reference of another library, on real input where it is at hand and on random."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.slow


def test_no_step_is_without_a_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(ROOT / "benchmarks"), *sys.path])

    assert importlib.import_module("transform_cases").uncovered() == []


def test_every_step_is_within_its_bound(tmp_path: Path) -> None:
    out = tmp_path / "parity.json"

    subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "transform_parity.py"), "--out", str(out)],
        check=True,
        timeout=600,
    )

    rows = json.loads(out.read_text(encoding="utf-8"))["figures"]["steps"]
    over = [
        (row["op"], row["against"])
        for row in rows
        for source in ("real", "random")
        if row[source] is not None and row[source]["relative"] > row["bound"]
    ]
    assert over == []
