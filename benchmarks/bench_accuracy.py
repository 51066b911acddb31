"""How well the examples learn: every score on the given test split, by seed.

    python benchmarks/bench_accuracy.py [NAME[:METRIC] ...] [--seeds 5] [--out DIR] [--update]

Needs EDGESMITH_DATA. A seed changes the initial weights, the validation split and the order of
the batches; the test split stays as it is given. With a metric the same model is scored by that
one. With --update the other examples' figures of the last run stay.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from harness import RESULTS, record

EXAMPLES = Path(__file__).parents[1] / "examples"
FIVE_SEEDS = (
    "penguins",
    "titanic",
    "auto_mpg",
    "linear_regression",
    "digits",
    "sign_language",
    "fsdd",
    "sms_spam",
    "sms_spam:accuracy",
    "banking77",
    "gunpoint",
    "italy_power",
    "fan_vibration",
)
ONE_SEED = ("mnist",)


def build(name: str, metric: str, seed: int, out: Path) -> dict[str, Any]:
    command = [
        *(sys.executable, "-m", "edgesmith", "build", str(EXAMPLES / name / f"{name}.toml")),
        *(
            "--out",
            str(out),
            "--set",
            f"seed={seed}",
            "--set",
            "benchmark.enabled=false",
            "--json",
        ),
        *(("--set", f"metric={metric}") if metric else ()),
    ]
    started = time.perf_counter()
    shown = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return {**json.loads(shown.stdout), "seconds": time.perf_counter() - started}


def figures_of(name: str, n_seeds: int, out: Path) -> dict[str, Any]:
    results: list[dict[str, Any]] = []
    example, _, metric = name.partition(":")
    for seed in range(n_seeds):
        results.append(build(example, metric, seed, out / f"{example}-{seed}"))
        print(name, seed, results[-1]["original"], file=sys.stderr)
    scores = [result["original"]["score"] for result in results]
    return {
        "metric": results[0]["metric"],
        "scores": scores,
        "median": statistics.median(scores),
        "interval_of_seed_0": [
            results[0]["original"][key] for key in ("score_low", "score_high")
        ],
        "agreement": {
            artifact["file"]: [result["artifacts"][index]["agreement"] for result in results]
            for index, artifact in enumerate(results[0]["artifacts"])
        },
        "max_abs_error": max(
            artifact["max_abs_error"] for result in results for artifact in result["artifacts"]
        ),
        "size_bytes": {
            artifact["file"]: artifact["size_bytes"] for artifact in results[0]["artifacts"]
        },
        "build_seconds": statistics.median(result["seconds"] for result in results),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=[*FIVE_SEEDS, *ONE_SEED])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--out", type=Path, help="where to keep the builds")
    parser.add_argument(
        "--update", action="store_true", help="keep the other examples' figures"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        out = options.out or Path(scratch)
        figures = {
            name: figures_of(name, 1 if name in ONE_SEED else options.seeds, out)
            for name in options.names
        }
    if options.update:
        last = json.loads((RESULTS / "accuracy.json").read_text())
        kept = {name: {"date": last["date"], **one} for name, one in last["figures"].items()}
        figures = {**kept, **figures}
    print(json.dumps(figures, indent=1))
    print(record("accuracy", figures))


if __name__ == "__main__":
    main()
