"""How much faster an artifact answers than the Keras model that it was made from.

    python benchmarks/bench_latency.py OUT [OUT ...] [--rounds 10]

Each OUT is the folder of a finished build: the bundle in it, the original in its build/.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from harness import record

from edgesmith_runtime.bench import CallStyle, Comparison, Plan, compare


def figures_of(comparison: Comparison) -> dict[str, Any]:
    by_style = {subject.style: subject.name for subject in comparison.subjects}
    median = {
        subject.name: comparison.figures(subject.name, 1) for subject in comparison.subjects
    }

    def microseconds(name: str) -> float:
        figures = median[name]
        if figures is None:
            raise SystemExit(f"{name}: {comparison.subject(name).problem}")
        return figures.median_ns.value / 1000

    onnx = median["model.onnx"]
    if onnx is None:
        raise SystemExit("model.onnx was not measured")
    factor = onnx.times_faster[CallStyle.PREDICT]
    return {
        "predict": microseconds(by_style[CallStyle.PREDICT]),
        "call": microseconds(by_style[CallStyle.CALL]),
        "tf_function": microseconds(by_style[CallStyle.TF_FUNCTION]),
        "onnx": microseconds("model.onnx"),
        "tflite": microseconds("model.tflite"),
        "times_faster": [factor.value, factor.low, factor.high],
        "noise": list(comparison.noise),
        "comparison": comparison.to_json(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    figures: dict[str, Any] = {}
    for folder in options.folders:
        bundle = next(folder.glob("*.edge"))
        plan = Plan(n_rounds=options.rounds, n_threads=options.threads)
        comparison = compare(bundle, against=folder / "build" / "original.keras", plan=plan)
        print(comparison.table())
        figures[bundle.stem] = figures_of(comparison)
    short = {
        name: {key: value for key, value in one.items() if key != "comparison"}
        for name, one in figures.items()
    }
    print(json.dumps(short, indent=1))
    print(record("latency", short))


if __name__ == "__main__":
    main()
