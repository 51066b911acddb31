"""Does the bench call equal what is equal, and find a planted slowdown of 5 %?

    python benchmarks/check_bench.py NETS [--runs 20] [--slower-by 0.05] [--net resnet8]

NETS is the folder of `five_nets.py`. Each run is a whole comparison of a bundle that has one artifact
twice: the baseline against itself in processes of its own (A/A), and against a copy whose every call
takes 5 % more. Right is an interval of the A/A ratio that holds 1, and one of the copy's ratio, at least
as wide as that noise as the bench tells it, that is wholly above 1.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import numpy as np
from harness import record
from slower_worker import COPY, SHARE

from edgesmith_runtime.bench import Phase, Plan, Setting
from edgesmith_runtime.bench.rounds import Job, measured
from edgesmith_runtime.bundle import make_bundle, read_bundle, write_bundle
from edgesmith_runtime.golden import golden_files, read_golden

AGAIN = "model.onnx again"


def with_a_copy(source: Path, place: Path) -> None:
    """A bundle of the ONNX artifact of another, twice."""
    bundle = read_bundle(source)
    own = bundle.manifest.artifact("model.onnx")
    golden = read_golden(bundle)
    both = dict.fromkeys((own.file, COPY), golden.outputs[own.file])
    bounds = dict.fromkeys((own.file, COPY), golden.output_tolerances[own.file])
    manifest = dataclasses.replace(
        bundle.manifest,
        artifacts=(own, dataclasses.replace(own, file=COPY)),
        fastest=None,
        portability=None,
        calibration=None,
        layers=None,
    )
    content = bytes(bundle.artifact(own.file).content)
    twice = dataclasses.replace(golden, outputs=both, output_tolerances=bounds)
    write_bundle(
        make_bundle(manifest, {own.file: content, COPY: content, **golden_files(twice)}), place
    )


def one_run(bundle: Path, plan: Plan) -> dict[str, Any]:
    comparison = measured(Job(bundle=bundle, plan=plan), worker="slower_worker")
    setting = Setting(Phase.STEADY, float(plan.batches[0]))
    found: dict[str, Any] = {"noise": list(comparison.noise)}
    for name, key in ((AGAIN, "same"), (COPY, "slower")):
        ratio = comparison.ratio(name, setting)
        if ratio is None:
            raise SystemExit(f"{name}: {comparison.subject(name).problem}")
        found[key] = [ratio.value, ratio.low, ratio.high]
    return found


def summary(runs: list[dict[str, Any]], share: float) -> dict[str, Any]:
    same = [run["same"] for run in runs]
    slower = [run["slower"] for run in runs]
    return {
        "n_runs": len(runs),
        "slower_by": share,
        "n_equal_called_equal": sum(low <= 1 <= high for _, low, high in same),
        "n_slower_found": sum(low > 1 for _, low, _ in slower),
        "same_ratios": [
            float(np.min([one[0] for one in same])),
            float(np.max([one[0] for one in same])),
        ],
        "same_width": float(np.median([high - low for _, low, high in same])),
        "slower_ratio": float(np.median([one[0] for one in slower])),
        "n_runs_with_noise": sum(bool(run["noise"]) for run in runs),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("nets", type=Path)
    parser.add_argument("--net", default="resnet8")
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--slower-by", type=float, default=0.05)
    options = parser.parse_args()
    sys.path.insert(0, str(Path(__file__).parent))  # where the processes find their worker
    os.environ[SHARE] = str(options.slower_by)
    runs: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as scratch:
        bundle = Path(scratch) / "twice.edge"
        with_a_copy(options.nets / f"{options.net}.edge", bundle)
        for seed in range(options.runs):
            plan = Plan(n_threads=1, batches=(1,), seed=seed)
            runs.append(one_run(bundle, plan))
            print(seed, json.dumps(runs[-1]), flush=True)
    figures = {"net": options.net, **summary(runs, options.slower_by), "runs": runs}
    print(json.dumps(summary(runs, options.slower_by), indent=1))
    if options.runs >= 20:
        print(record("bench", figures))


if __name__ == "__main__":
    main()
