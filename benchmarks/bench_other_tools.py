"""Does `edgesmith bench` say what the engines' own benchmark tools say?

    python benchmarks/bench_other_tools.py OUT [--only NAME ...] [--rounds 5] [--seconds 3]

OUT is that of `standing_models.py`. The same artifact, batch 1, one thread, in turn with our bench in an
order that is drawn each round: OpenVINO's `benchmark_app` (synchronous, one stream, float32) and
LiteRT's `litert-benchmark`, as they come with their packages. Models of more than 0.2 ms, because one of
the tools rounds to 0.01 ms.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import numpy as np
from harness import record

from edgesmith_runtime.bench import Plan, compare
from edgesmith_runtime.bundle import read_bundle

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = ("resnet8", "mobilenet_v1", "MobileNetV2")
TOOLS = Path(sys.executable).parent
WITHIN = 0.10
# Ours, by the name of the subject, against the tool that runs the same file in the same engine.
PAIRS = {"benchmark_app": "model.onnx on openvino", "litert-benchmark": "model.tflite"}
MEDIAN_US = re.compile(r"Median:\s+([\d.]+) (us|ms)")


def benchmark_app(file: Path, shape: tuple[int, ...], seconds: float) -> float:
    """Median in us; the tool fills the input in the loop and leaves the outputs where they are."""
    axes = ",".join(map(str, shape))
    settings = "-d CPU -hint none -nstreams 1 -nthreads 1 -api sync -infer_precision f32"
    shown = _shown(
        [
            *(str(TOOLS / "benchmark_app"), "-m", str(file), *settings.split()),
            *("-t", f"{seconds:.0f}", "-data_shape", f"[{axes}]"),
        ]
    )
    found = MEDIAN_US.search(shown)
    if found is None:
        raise SystemExit(f"benchmark_app: no median in {shown[-400:]}")
    return float(found[1]) * (1 if found[2] == "us" else 1000)


def litert_benchmark(file: Path, _shape: tuple[int, ...], seconds: float) -> float:
    """Median in us, to 10 us; inputs are written once and outputs never read."""
    result = file.with_suffix(".json")
    command = [str(TOOLS / "litert-benchmark"), "--model", str(file), "--num_threads", "1"]
    _shown([*command, "--num_runs", "50", "--warmup_runs", "20", "--result_json", str(result)])
    pilot_ms = json.loads(result.read_text())["latency"]["median_ms"]
    n_runs = max(50, int(seconds * 1000 / pilot_ms))
    runs = ["--num_runs", str(n_runs), "--warmup_runs", str(n_runs // 10)]
    _shown([*command, *runs, "--result_json", str(result)])
    return float(json.loads(result.read_text())["latency"]["median_ms"]) * 1000


def _shown(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


RUNS: dict[str, Callable[[Path, tuple[int, ...], float], float]] = {
    "benchmark_app": benchmark_app,
    "litert-benchmark": litert_benchmark,
}


def ours(bundle: Path, seconds: float, seed: int) -> dict[str, float]:
    """Medians in us of our subjects, by name."""
    plan = Plan(
        n_rounds=1,
        n_threads=1,
        batches=(1,),
        max_seconds=seconds,
        max_calls=1_000_000,
        seed=seed,
    )
    comparison = compare(bundle, engines=("openvino",), plan=plan)
    found: dict[str, float] = {}
    for name in PAIRS.values():
        figures = comparison.figures(name, 1)
        if figures is None:
            raise SystemExit(f"{name}: {comparison.subject(name).problem}")
        found[name] = figures.median_ns.value / 1000
    return found


def measured(bundle: Path, n_rounds: int, seconds: float) -> dict[str, Any]:
    opened = read_bundle(bundle)
    (given,) = opened.artifact("model.onnx").signature.inputs
    shape = (1, *(int(axis) for axis in given.sample_shape))
    rng = np.random.default_rng(0)
    rounds: dict[str, list[float]] = {name: [] for name in (*RUNS, *PAIRS.values())}
    with tempfile.TemporaryDirectory() as scratch:
        files = {
            tool: Path(scratch) / f"model.{suffix}"
            for tool, suffix in (("benchmark_app", "onnx"), ("litert-benchmark", "tflite"))
        }
        for file in files.values():
            file.write_bytes(bytes(opened.artifact(file.name).content))
        for index in range(n_rounds):
            for which in rng.permutation(len(RUNS) + 1):
                if which == len(RUNS):
                    for name, median_us in ours(bundle, seconds, index).items():
                        rounds[name].append(median_us)
                else:
                    tool = list(RUNS)[which]
                    rounds[tool].append(RUNS[tool](files[tool], shape, seconds))
    return {tool: _compared(rounds[name], rounds[tool]) for tool, name in PAIRS.items()}


def _compared(ours_us: list[float], theirs_us: list[float]) -> dict[str, Any]:
    """Medians over rounds, and the ratio of ours to theirs with a 95 % bootstrap interval."""
    both = np.asarray([ours_us, theirs_us])
    picks = np.random.default_rng(0).integers(0, both.shape[1], (4000, both.shape[1]))
    medians = np.median(both[:, picks], axis=2)
    low, high = np.quantile(medians[0] / medians[1], (0.025, 0.975))
    mine, theirs = np.median(both, axis=1)
    return {
        "ours_us": float(mine),
        "theirs_us": float(theirs),
        "ratio": [float(mine / theirs), float(low), float(high)],
        "is_within": abs(float(mine / theirs) - 1) <= WITHIN,
        "rounds_us": [ours_us, theirs_us],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", nargs="+", choices=NAMES, default=list(NAMES))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0)
    options = parser.parse_args()
    figures: dict[str, Any] = {}
    for name in options.only:
        figures[name] = measured(options.out / f"{name}.edge", options.rounds, options.seconds)
        print(name, json.dumps(figures[name]), flush=True)
    if options.only == list(NAMES):
        print(record("other_tools", figures))


if __name__ == "__main__":
    main()
