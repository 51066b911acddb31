"""What a conversion takes: wall time and peak memory, ours against the stock converters.

    python benchmarks/bench_conversion_cost.py [--rounds 3] [--only NAME ...]

Every conversion is a fresh process that loads a `.keras` file and writes a file of one format;
memory is that of the process with all its children, pages that they share counted once (PSS),
looked at 20 times a second. "ours" is
tracing and converting, as the stock routes do; "ours, verified" is `edgesmith.convert`, which
also runs both models and compares them; "both formats" is `edgesmith.export` without latencies.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
from harness import record

MODELS = ("ds_cnn", "lstm", "MobileNetV2", "ResNet50")

_LOAD = "import sys, keras; model = keras.saving.load_model(sys.argv[1], compile=False); out = sys.argv[2]\n"
_OURS = """\
import pathlib, tempfile
from edgesmith.config import ConversionConfig
from edgesmith.conversion import convert
from edgesmith.recipe import Recipe
from edgesmith.reference import load_original, trace
from edgesmith_runtime.spec import Format
import sys
model, out = load_original(sys.argv[1]), sys.argv[2]
fmt = Format(pathlib.Path(out).suffix[1:])
with tempfile.TemporaryDirectory() as scratch:
    made = convert(trace(model), Recipe(name="float32", format=fmt), labels={},
                   config=ConversionConfig(), directory=pathlib.Path(scratch))
pathlib.Path(out).write_bytes(made.content)
"""
_VERIFIED = "import sys, edgesmith; edgesmith.convert(sys.argv[1], sys.argv[2])"
_BOTH = "import sys, edgesmith; edgesmith.export(sys.argv[1], sys.argv[2], n_rounds=None)"
ROUTES = {
    "onnx": {
        "stock": _LOAD
        + "import tf2onnx; tf2onnx.convert.from_keras(model, opset=18, output_path=out)",
        "ours": _OURS,
        "ours, verified": _VERIFIED,
    },
    "tflite": {
        "stock": _LOAD
        + "import tensorflow as tf; open(out, 'wb').write(tf.lite.TFLiteConverter.from_keras_model(model).convert())",
        "ours": _OURS,
        "ours, verified": _VERIFIED,
    },
    "edge": {"both formats": _BOTH},
}


def cost(code: str, model: Path, out: Path) -> tuple[float, int] | None:
    """Seconds and peak bytes; None where the conversion fails."""
    started, peak = time.perf_counter(), 0
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(model), str(out)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    process = psutil.Process(child.pid)
    while child.poll() is None:
        peak = max(peak, memory(process))
        time.sleep(0.05)
    seconds = time.perf_counter() - started
    return (seconds, peak) if child.returncode == 0 and out.exists() else None


def memory(process: psutil.Process) -> int:
    total = 0
    try:
        for member in (process, *process.children(recursive=True)):
            total += member.memory_full_info().pss
    except psutil.Error:
        return total
    return total


def figures_of(costs: list[tuple[float, int]]) -> dict[str, float]:
    return {
        "seconds": statistics.median(seconds for seconds, _ in costs),
        "seconds_all": [round(seconds, 2) for seconds, _ in costs],
        "peak_bytes": max(peak for _, peak in costs),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", default=list(MODELS))
    options = parser.parse_args()
    from bench_converted_speed import built

    figures: dict[str, Any] = {}
    for name in options.only:
        with tempfile.TemporaryDirectory() as scratch:
            model = Path(scratch, f"{name}.keras")
            built(name).save(model)
            kept: dict[str, list[tuple[float, int]]] = {}
            for _ in range(options.rounds):
                for suffix, routes in ROUTES.items():
                    for route, code in routes.items():
                        out = Path(scratch, f"out.{suffix}")
                        out.unlink(missing_ok=True)
                        found = cost(code, model, out)
                        if found is not None:
                            kept.setdefault(f"{suffix}, {route}", []).append(found)
            figures[name] = {key: figures_of(costs) for key, costs in kept.items()}
        for key, one in figures[name].items():
            print(
                f"{name:12} {key:22} {one['seconds']:6.1f} s {one['peak_bytes'] / 1e6:8.0f} MB"
            )
    if options.only == list(MODELS):
        print(record("conversion_cost", figures))


if __name__ == "__main__":
    main()
