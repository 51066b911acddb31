"""The runtime stays what an app can embed: numpy at import, two dependencies."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
RUNTIME = ROOT / "runtime" / "edgesmith_runtime"
BUNDLE = ROOT / "tests" / "data" / "bundles" / "v1" / "tiny.edge"

# Slow to import, and of no use to a model that runs one tensor.
HEAVY = {
    *("asyncio", "concurrent.futures", "ctypes.util", "email", "getpass", "hashlib", "http"),
    *("importlib.metadata", "logging", "multiprocessing", "numpy.ma", "pathlib", "random"),
    *("shutil", "socket", "ssl", "subprocess", "tempfile", "urllib", "uuid", "zipfile"),
}
COMPILED = {"cython_runtime", "_cython_3_2_2"}  # what compiled modules of numpy register
MOST_MODULES = 50  # that a load and a run bring, beyond those of the engine itself

# Without site, which imports half of the standard library in an environment for development.
START = f"""
import sys
sys.path[:0] = [{str(RUNTIME.parent)!r}, {str(Path(np.__file__).parents[1])!r}]
"""
ENGINE = """
import numpy as np, onnxruntime
"""
LOAD = f"""
import edgesmith_runtime as er
outputs = er.load({str(BUNDLE)!r}).run({{"features": np.zeros((1, 4), np.float32)}})
assert outputs["probabilities"].shape == (1, 3)
"""
TELL = """
import json
print(json.dumps(sorted(sys.modules)))
"""


def modules_after(*lines: str) -> set[str]:
    """The modules that a fresh process has at the end."""
    shown = subprocess.run(
        [sys.executable, "-S", "-c", "".join([START, *lines, TELL])],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "ORT_DISABLE_TELEMETRY": "1"},
    )
    return set(json.loads(shown.stdout))


def test_importing_the_runtime_loads_nothing_but_itself() -> None:
    loaded = modules_after("import edgesmith_runtime\n") - modules_after("import importlib\n")

    assert {name for name in loaded if name.startswith("edgesmith")} == {"edgesmith_runtime"}
    packages = {name.partition(".")[0] for name in loaded}
    assert packages <= {"edgesmith_runtime", *sys.stdlib_module_names}


def test_every_public_name_is_found_when_it_is_used() -> None:
    import edgesmith_runtime as er

    assert [name for name in er.__all__ if not hasattr(er, name)] == []
    assert set(er.__all__) <= set(dir(er))
    with pytest.raises(AttributeError, match="'edgesmith_runtime' has no attribute 'lod'"):
        _ = er.lod


def test_reaching_for_a_noun_loads_numpy_and_nothing_else() -> None:
    loaded = modules_after("import edgesmith_runtime as er\ner.load, er.Model, er.Transform\n")

    packages = {name.partition(".")[0] for name in loaded} - set(sys.stdlib_module_names)

    assert packages - {"__main__"} <= {"edgesmith_runtime", "numpy"} | COMPILED


def test_a_load_and_a_run_bring_few_modules_and_no_heavy_one() -> None:
    engine = modules_after(ENGINE)

    brought = modules_after(ENGINE, LOAD) - engine

    assert not brought & HEAVY
    assert len(brought) <= MOST_MODULES, sorted(brought)


def test_the_command_help_loads_no_engine() -> None:
    code = """
from edgesmith_runtime.commands import main
try:
    main(["--help"])
except SystemExit:
    pass
print()
"""
    shown = subprocess.run(
        [
            sys.executable,
            "-c",
            code + "import sys, json\nprint(json.dumps(sorted(sys.modules)))",
        ],
        capture_output=True,
        text=True,
        check=True,
    )

    assert "onnxruntime" not in json.loads(shown.stdout.splitlines()[-1])


def test_the_wheel_is_pure_python() -> None:
    project = tomllib.loads((ROOT / "runtime/pyproject.toml").read_text())

    suffixes = {
        path.suffix or path.name
        for path in RUNTIME.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    assert "ext-modules" not in project["tool"]["setuptools"]
    assert not {".so", ".pyd", ".c", ".pyx"} & suffixes
    assert not (ROOT / "runtime" / "setup.py").exists()


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
