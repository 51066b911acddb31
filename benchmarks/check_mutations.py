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
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from threading import Lock, Thread, Timer

from harness import record
from hostile.mutators import SEED, mutant
from hostile.outcomes import BAD, Kind, outcome_of

N_WORKERS = 2
SILENCE_S = 120.0  # above the 30 s of a trial and all that follows it


def work(indices: list[int]) -> None:
    """Say which mutant is next, then what became of it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mutant.edge"
        for index in indices:
            print(json.dumps({"next": index}), flush=True)
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
            print(json.dumps(line), flush=True)


class Progress:
    """The outcomes so far, in a file of one JSON object a line."""

    def __init__(self, path: Path) -> None:
        self._path, self._lock = path, Lock()
        text = path.read_text() if path.exists() else ""
        self.lines = [json.loads(line) for line in text.splitlines() if line.endswith("}")]

    @property
    def done(self) -> set[int]:
        return {line["index"] for line in self.lines}

    def add(self, line: dict[str, object]) -> None:
        with self._lock, self._path.open("a") as file:
            file.write(json.dumps(line) + "\n")
            self.lines.append(line)


def supervise(indices: list[int], progress: Progress) -> None:
    """Start workers until none of the mutants is left."""
    left = list(indices)
    while left:
        command = [sys.executable, __file__, "--worker", json.dumps(left)]
        child = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        current = left[0]
        killed: list[bool] = []

        def kill(child: subprocess.Popen[str] = child, killed: list[bool] = killed) -> None:
            killed.append(True)
            child.kill()

        timer = Timer(SILENCE_S, kill)
        timer.start()
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
        timer.cancel()
        code = child.wait()
        if code and current in left:
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
    done = progress.done
    wanted = range(options.first, options.first + options.count)
    left = [index for index in wanted if index not in done]
    # By twos: plain and re-digested ones alternate, and take different times.
    shares = [
        [index for place, index in enumerate(left) if place // 2 % N_WORKERS == worker]
        for worker in range(N_WORKERS)
    ]
    threads = [Thread(target=supervise, args=(share, progress)) for share in shares]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = figures(progress.lines)
    record("mutations", found, options.out)
    print(json.dumps({**found, "bad": len(found["bad"])}, indent=1))  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
