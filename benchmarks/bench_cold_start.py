"""From process start to first answer: `er.load` and `run` against the engines' own few lines.

python benchmarks/bench_cold_start.py BUNDLE [BUNDLE ...] [--pairs 60] [--out F.json]

Each pair is two fresh processes, one after the other, which of them first is drawn: ours loads
the bundle (digests included) and runs one prepared tensor; theirs does the same with the same
model from a plain file. Time is from before the process is started to after the answer, by the
system's monotonic clock. Interpreters start without `site` (-S): what a development environment
imports at each start would be in both, and make any difference look smaller.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from harness import intervals, record

import edgesmith_runtime as er

RUNTIME = Path(er.__file__).parent
SITE = Path(np.__file__).parents[1]

HEAD = f"""
import sys
sys.path[:0] = [{str(RUNTIME.parent)!r}, {str(SITE)!r}]
import numpy as np
model = sys.argv[1]
tensors = TENSORS
"""
TAIL = """
import time
answered = time.monotonic_ns()
n_modules = len(sys.modules)
import json
first = np.asarray(answer[0]).ravel()[:8].astype(float).tolist()
# Not ru_maxrss, which keeps the peak of the process that this one was forked from.
lines = open("/proc/self/status").read().splitlines()
(peak,) = (int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
print(json.dumps({"answered": answered, "n_modules": n_modules, "peak_kib": peak, "first": first}))
"""
OURS = """
import edgesmith_runtime as er
answer = list(er.load(model, artifact=FORMAT).run(tensors).values())
"""
BARE = {
    "onnx": """
import onnxruntime
session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
answer = session.run(None, tensors)
""",
    "tflite": """
from ai_edge_litert.interpreter import Interpreter
interpreter = Interpreter(model_path=model)
interpreter.allocate_tensors()
for detail in interpreter.get_input_details():
    (value,) = [v for k, v in tensors.items() if len(tensors) == 1 or k in detail["name"]]
    interpreter.set_tensor(detail["index"], value)
interpreter.invoke()
answer = [interpreter.get_tensor(one["index"]) for one in interpreter.get_output_details()]
""",
}


def started(script: Path, model: Path) -> dict[str, Any]:
    """What one fresh process says, with ``us`` from its start to its answer."""
    # Telemetry off in both; ours does it by itself, and it would be slower with it.
    environment = {**os.environ, "ORT_DISABLE_TELEMETRY": "1"}
    environment.pop(
        "PYTHONDONTWRITEBYTECODE", None
    )  # compiled files are part of an installation
    command = [sys.executable, "-S", str(script), str(model)]
    before = time.monotonic_ns()
    shown = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    said: dict[str, Any] = json.loads(shown.stdout)
    return {**said, "us": (said["answered"] - before) / 1000}


def compared(bundle: str, artifact_format: str, n_pairs: int, folder: Path) -> dict[str, Any]:
    """Ours against theirs on one artifact of a bundle."""
    model = er.load(bundle, artifact=artifact_format)
    file = folder / model.artifact.file
    file.write_bytes(model.artifact.content)
    # Written into the scripts: reading them would import modules that one side needs anyway.
    ones = [
        f"{spec.name!r}: np.ones({[1, *spec.sample_shape]}, {spec.dtype!r})"
        for spec in model.signature.inputs
    ]
    head = HEAD.replace("TENSORS", "{" + ", ".join(ones) + "}")
    rng = np.random.default_rng(0)
    scripts: list[tuple[Path, Path]] = []
    for name, body, source in (
        ("ours", OURS.replace("FORMAT", repr(model.artifact.file)), Path(bundle)),
        ("theirs", BARE[artifact_format], file),
    ):
        script = folder / f"{name}.py"
        script.write_text(head + body + TAIL)
        scripts.append((script, source))
    warm = [started(script, source) for script, source in scripts]
    np.testing.assert_allclose(warm[0]["first"], warm[1]["first"], rtol=1e-4, atol=1e-5)
    pairs: list[list[tuple[float, float]]] = []
    for _ in range(n_pairs):
        times: dict[int, float] = {}
        for which in rng.permutation(2):
            script, source = scripts[which]
            times[int(which)] = started(script, source)["us"]
        pairs.append([(times[0], times[1])])
    last = [started(script, source) for script, source in scripts]
    return {
        "artifact": model.artifact.file,
        "bundle_bytes": model.bundle.size_bytes,
        **intervals(pairs),
        "n_modules": [one["n_modules"] for one in last],
        "peak_rss_mib": [round(one["peak_kib"] / 1024, 1) for one in last],
    }


def installed_mib(*names: str) -> float:
    """Size of distributions and all that they require, without extras."""
    todo, seen = list(names), dict[str, int]()
    while todo:
        name = todo.pop().lower().replace("_", "-")
        if name in seen:
            continue
        distribution = metadata.distribution(name)
        places = [Path(str(file.locate())) for file in distribution.files or ()]
        seen[name] = sum(place.stat().st_size for place in places if place.is_file())
        needed = [one for one in distribution.requires or () if "extra ==" not in one]
        todo += [re.split(r"[^A-Za-z0-9._-]", one)[0] for one in needed]
    return round(sum(seen.values()) / 2**20, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundles", nargs="+")
    parser.add_argument("--pairs", type=int, default=60)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    own = sum(path.stat().st_size for path in RUNTIME.rglob("*.py"))
    figures: dict[str, Any] = {
        "installed_mib": {
            "edgesmith-runtime alone": round(own / 2**20, 2),
            "numpy and onnxruntime, with what they require": installed_mib(
                "numpy", "onnxruntime"
            ),
        }
    }
    for bundle in options.bundles:
        formats = {str(one.format) for one in er.read_bundle(bundle).manifest.artifacts}
        if find_spec("ai_edge_litert") is None:
            formats.discard("tflite")
        for artifact_format in sorted(formats):
            with tempfile.TemporaryDirectory() as folder:
                name = f"{Path(bundle).stem} {artifact_format}"
                figures[name] = compared(bundle, artifact_format, options.pairs, Path(folder))
                print(name, json.dumps(figures[name]), file=sys.stderr)
    print(json.dumps(figures, indent=1))
    print(record("cold_start", figures, options.out))


if __name__ == "__main__":
    main()
