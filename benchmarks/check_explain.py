"""An app that is slow in a known way: does `explain` name that way?

    python benchmarks/check_explain.py [--repeats 5] [--out FILE]

A small image model is measured by the bench (steady, from raw inputs, after 50 ms and 1 s idle). Then an
app calls it in each of the ways of `explain_app.py`, in a fresh process a repeat, with
`model.record()` on, and `explain` compares. The exit code is 1 where a way is named wrongly in more
than one of five repeats.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from explain_app import WAYS, recorded, write_app
from harness import record

from edgesmith_runtime.bench import Plan, compare
from edgesmith_runtime.bench.phases import Phase
from edgesmith_runtime.explaining import explain
from edgesmith_runtime.recorded import Recording


def named(way: str, folder: Path, lab: Any) -> dict[str, Any]:
    """What `explain` says of one fresh process."""
    path = folder / "recording.json"
    command = [sys.executable, __file__, "--child", way, "--folder", str(folder)]
    subprocess.run(command, check=True)
    found = explain(Recording.read(path), lab)
    return {
        "main": "nothing" if found.main is None else str(found.main),
        "app_us": found.app_ns / 1e3,
        "lab_us": found.lab_ns / 1e3,
        "sentence": found.sentence,
        "causes_us": {str(cause.reason): cause.lost_ns / 1e3 for cause in found.causes},
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--child")
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    if arguments.child is not None:
        path = arguments.folder / "recording.json"
        recorded(arguments.child, arguments.folder).save(path)
        return 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plan = Plan(
            n_threads=1,
            n_rounds=3,
            batches=(1,),
            phases=(Phase.STEADY, Phase.RAW, Phase.IDLE),
            idle_s=(0.05, 1.0),
            n_idle_calls=8,
        )
        lab = compare(write_app(folder), plan=plan)
        print(lab.table())
        matrix: dict[str, Counter[str]] = {way: Counter() for way in WAYS}
        details: dict[str, list[dict[str, Any]]] = {way: [] for way in WAYS}
        for _ in range(arguments.repeats):
            for way in WAYS:
                found = named(way, folder, lab)
                matrix[way][found["main"]] += 1
                details[way].append(found)
                print(f"{way}: {found['main']}: {found['sentence']}", flush=True)
    wrong = 0
    for way, (reason, *_) in WAYS.items():
        expected = "nothing" if reason is None else str(reason)
        n_right = matrix[way][expected]
        wrong += arguments.repeats - n_right > arguments.repeats // 5
        print(f"{way:<28} {expected:<14} {n_right} of {arguments.repeats}  {dict(matrix[way])}")
    figures = {
        "repeats": arguments.repeats,
        "noise": list(lab.noise),
        "expected": {w: "nothing" if r is None else str(r) for w, (r, *_) in WAYS.items()},
        "named": {way: dict(counts) for way, counts in matrix.items()},
        "details": details,
    }
    print(record("explain", json.loads(json.dumps(figures)), arguments.out))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
