"""The README's first command and its code, as a newcomer runs them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which ``edgesmith demo`` has run."""
    folder = tmp_path_factory.mktemp("newcomer")
    subprocess.run([sys.executable, "-m", "edgesmith", "demo"], cwd=folder, check=True)
    return folder


@pytest.mark.slow
def test_the_demo_leaves_a_bundle_and_a_report(newcomer: Path) -> None:
    assert {path.name for path in (newcomer / "demo").iterdir()} == {
        "digits.edge",
        "report.html",
        "report.json",
        "build",
    }


@pytest.mark.slow
def test_the_code_runs_as_pasted(newcomer: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)

    shown = subprocess.run(
        [sys.executable, "-c", code], cwd=newcomer, capture_output=True, text=True, check=True
    )

    label, score = shown.stdout.split()
    assert label == "1"
    assert 0 <= float(score) <= 1


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
