"""Thousands of mutated bundles: does one crash or hang the loader, or get through with other answers?

python benchmarks/check_mutations.py [--from 0] [--count 10000] [--progress FILE]

Every second mutant has its digests written anew and is loaded with ``trusted=False``. Two run at
once, each in a process of its own, so that a crash counts and does not end the run. Outcomes are
appended to the progress file; a second call goes on where the first was ended. 10,000 take about
half an hour on two cores.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Lock, Timer
from typing import Any

from harness import record
from hostile.mutators import SEED, mutant
from hostile.outcomes import BAD, Kind, outcome_of

N_WORKERS = 2
SILENCE_S = 120.0  # above the 30 s of a trial and all that follows it
WORKER = (sys.executable, __file__, "--worker")


def work(indices: list[int]) -> None:
    """Say which mutant is next, then what became of it; what an engine prints goes elsewhere."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    say = partial(print, file=answers, flush=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mutant.edge"
        for index in indices:
            say(json.dumps({"next": index}))
            fmt, made = mutant(index)
            outcome = outcome_of(fmt, made, path)
            line = {
                "index": index,
                "format": fmt.value,
                "mutation": made.kind,
                "hit": made.hit,
                "is_redigested": made.is_redigested,
                **outcome.to_json(),
            }
            say(json.dumps(line))


class Progress:
    """The outcomes so far, in a file of one JSON object a line; of one mutant the last counts."""

    def __init__(self, path: Path) -> None:
        self._path, self._lock = path, Lock()
        text = path.read_text() if path.exists() else ""
        lines = [json.loads(line) for line in text.splitlines() if line.endswith("}")]
        self.by_index = {line["index"]: line for line in lines if line.get("seed") == SEED}

    def add(self, line: dict[str, Any]) -> None:
        with self._lock, self._path.open("a") as file:
            file.write(json.dumps({**line, "seed": SEED}) + "\n")
            self.by_index[line["index"]] = line


def supervise(indices: list[int], progress: Progress, worker: tuple[str, ...] = WORKER) -> None:
    """Start workers until none of the mutants is left.

    One that ends badly after it told of a mutant, and before it began the next, counts against
    that mutant: damage to the heap shows when memory is freed.
    """
    left = list(indices)
    while left:
        child = subprocess.Popen(
            [*worker, json.dumps(left)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        current: int | None = None
        killed: list[bool] = []

        def kill(child: subprocess.Popen[str] = child, killed: list[bool] = killed) -> None:
            killed.append(True)
            child.kill()

        timer = Timer(SILENCE_S, kill)
        timer.start()
        with child:
            try:
                for text in child.stdout or ():
                    timer.cancel()
                    timer = Timer(SILENCE_S, kill)
                    timer.start()
                    line = json.loads(text)
                    if "next" in line:
                        current = line["next"]
                    else:
                        progress.add(line)
                        left.remove(line["index"])
            finally:
                timer.cancel()
        code = child.returncode
        if current is None or (left and not code):
            raise RuntimeError(
                f"a worker ended with exit code {code} and {len(left)} mutants left"
            )
        if code:
            fmt, made = mutant(current)
            kind = Kind.HANG if killed else Kind.CRASH
            progress.add(
                {
                    "index": current,
                    "format": fmt.value,
                    "mutation": made.kind,
                    "hit": made.hit,
                    "is_redigested": made.is_redigested,
                    "kind": kind.value,
                    "error": f"exit code {code}",
                    "message": "",
                    "names_file": False,
                }
            )
            if current in left:
                left.remove(current)


def figures(lines: list[dict[str, object]]) -> dict[str, object]:
    """Counts for the results file."""
    tables: dict[str, object] = {}
    for name, wanted in (("plain", False), ("redigested", True)):
        some = [line for line in lines if line["is_redigested"] is wanted]
        tables[name] = {
            "n": len(some),
            "outcomes": dict(sorted(Counter(str(line["kind"]) for line in some).items())),
            "errors": dict(sorted(Counter(str(line["error"]) for line in some).items())),
            "refusals_without_file": sum(not line["names_file"] for line in some),
            "by_format": {
                fmt: dict(Counter(str(ln["kind"]) for ln in some if ln["format"] == fmt))
                for fmt in ("onnx", "tflite")
            },
            "ended_by_signal": sum("ended by signal" in str(line["message"]) for line in some),
            "ended_at_deadline": sum("did not end within" in str(ln["message"]) for ln in some),
        }
    bad = [line for line in lines if line["kind"] in BAD]
    return {"seed": SEED, "n": len(lines), **tables, "bad": bad[:50]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--from", dest="first", type=int, default=0)
    parser.add_argument("--count", type=int, default=10_000)
    default = Path(tempfile.gettempdir()) / "edgesmith-mutations.jsonl"
    parser.add_argument("--progress", type=Path, default=default)
    parser.add_argument("--out", type=Path, help="of the figures, instead of the results")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker is not None:
        work(json.loads(options.worker))
        return
    progress = Progress(options.progress)
    wanted = range(options.first, options.first + options.count)
    left = [index for index in wanted if index not in progress.by_index]
    # By twos: plain and re-digested ones alternate, and take different times.
    shares = [
        [index for place, index in enumerate(left) if place // 2 % N_WORKERS == worker]
        for worker in range(N_WORKERS)
    ]
    with ThreadPoolExecutor(N_WORKERS) as pool:
        list(pool.map(lambda share: supervise(share, progress), shares))  # or what one raised
    found = figures([progress.by_index[index] for index in wanted])
    record("mutations", found, options.out)
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
