"""The README's commands and tables; its code is run by test_docs.py, with that of all pages."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()


def test_the_first_command_installs_and_runs_the_demo() -> None:
    first, second = re.findall(r"^python3 -m venv .*$", README, re.MULTILINE)

    assert first.endswith("&& .venv/bin/edgesmith demo")
    assert second.endswith("&& .venv/bin/pytest -n logical --dist loadfile")


def test_continuous_integration_calls_the_second_command() -> None:
    _, second = re.findall(r"^python3 -m venv .*$", README, re.MULTILINE)
    run = (ROOT / ".ci" / "run").read_text()

    assert [part for part in second.split(" && ") if part not in run] == []


def test_the_tables_are_those_of_the_results() -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "render_readme.py"), "--check"]

    assert subprocess.run(command, check=False).returncode == 0
