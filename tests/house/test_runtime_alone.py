"""The runtime in an environment of its own, as an app has it: nothing of the build side is there."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUNDLE = ROOT / "tests" / "data" / "bundles" / "v1" / "tiny.edge"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment with the runtime, numpy, onnxruntime and what they bring."""
    folder = tmp_path_factory.mktemp("alone")
    # Not from the source folder: building leaves files there, and other tests read it.
    project = folder / "runtime"
    project.mkdir()
    for name in ("pyproject.toml", "README.md"):
        (project / name).write_bytes((ROOT / "runtime" / name).read_bytes())
    package = ROOT / "runtime" / "edgesmith_runtime"
    for path in [*package.rglob("*.py"), package / "py.typed"]:
        target = project / "edgesmith_runtime" / path.relative_to(package)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    environment = folder / "environment"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    install = [str(environment / "bin" / "pip"), "install", "--quiet", str(project)]
    constraints = ["--constraint", str(ROOT / "constraints.txt"), "--disable-pip-version-check"]
    subprocess.run([*install, *constraints], check=True)
    return environment / "bin"


def _run(*command: str | Path) -> str:
    shown = subprocess.run([*map(str, command)], capture_output=True, text=True, check=True)
    return shown.stdout


def test_no_training_framework_came_with_it(alone: Path) -> None:
    code = (
        "import importlib.metadata as m, json;"
        "print(json.dumps([d.metadata['Name'].lower() for d in m.distributions()]))"
    )

    names = set(json.loads(_run(alone / "python", "-c", code)))

    assert {"edgesmith-runtime", "numpy", "onnxruntime"} <= names
    assert not names & {"tensorflow", "keras", "onnx", "scikit-learn", "polars", "pillow"}


def test_a_bundle_proves_itself(alone: Path) -> None:
    shown = json.loads(_run(alone / "edgesmith-runtime", "selftest", BUNDLE, "--json"))

    assert shown["n_samples"] == 3


def test_importing_it_loads_no_engine(alone: Path) -> None:
    code = "import sys, edgesmith_runtime; print('onnxruntime' in sys.modules)"

    assert _run(alone / "python", "-c", code).strip() == "False"


def test_a_raw_input_is_answered(alone: Path) -> None:
    code = (
        "import sys, numpy as np, edgesmith_runtime as er;"
        "print(er.load(sys.argv[1]).predict(np.float32([1, 0, 0, 0])).label)"
    )

    assert _run(alone / "python", "-c", code, BUNDLE).strip() == "cat"


def test_an_absent_extra_is_named_with_its_pip_line(alone: Path, tmp_path: Path) -> None:
    code = (
        "from edgesmith_runtime.transforms.image import DecodeImage;"
        "DecodeImage('rgb')([b'\\x89PNG'])"
    )

    shown = subprocess.run(
        [alone / "python", "-c", code], capture_output=True, text=True, check=False
    )

    assert "pip install 'edgesmith-runtime[image]'" in shown.stderr
