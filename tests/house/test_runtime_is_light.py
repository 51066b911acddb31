"""The runtime stays what an app can embed: numpy at import, two dependencies."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOADED = """
import json, sys
before = set(sys.modules)
import edgesmith_runtime
print(json.dumps(sorted({name.partition(".")[0] for name in set(sys.modules) - before})))
"""


def test_importing_the_runtime_loads_numpy_and_nothing_else() -> None:
    shown = subprocess.run(
        [sys.executable, "-c", LOADED], capture_output=True, text=True, check=True
    )

    packages = set(json.loads(shown.stdout)) - set(sys.stdlib_module_names)

    assert packages <= {"edgesmith_runtime", "numpy", "cython_runtime", "_cython_3_2_2"}


def test_the_runtime_depends_on_numpy_and_onnxruntime_alone() -> None:
    project = tomllib.loads((ROOT / "runtime/pyproject.toml").read_text())["project"]

    names = {requirement.partition(">")[0] for requirement in project["dependencies"]}

    assert names == {"numpy", "onnxruntime"}


def test_the_command_line_starts_without_a_training_framework() -> None:
    heavy = "{'tensorflow', 'keras', 'polars', 'sklearn', 'onnxruntime', 'scipy'}"
    code = f"""
import sys
import edgesmith, edgesmith.cli
try:
    edgesmith.cli.main(["--help"])
except SystemExit:
    pass
print(sorted({heavy} & set(sys.modules)), file=sys.stderr)
"""

    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert shown.stderr.strip() == "[]"
