"""What `model.record()` costs a call: the same call recorded and not, in turn, in fresh processes.

    python benchmarks/bench_recording.py BUNDLE [BUNDLE ...] [--every N ...] [--processes 6] [--out FILE]

Every call is recorded, then one in N of each N, as an app would ask for it. Of each bundle `predict` on its first golden sample, and `run` on its tensors; one thread.
"""

from __future__ import annotations

import argparse
import itertools
import json
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from harness import call_us, in_fresh_processes, intervals, record

import edgesmith_runtime as er
from edgesmith_runtime.bundle import read_bundle
from edgesmith_runtime.golden import Media, read_golden
from edgesmith_runtime.recording import BURST

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith_runtime.model import Model

N_BLOCKS = 40
BLOCK_US = 20_000  # of a block: long beside the clock, short beside what the machine does else


def calls(model: Model, path: Path, folder: Path) -> dict[str, Callable[[], object]]:
    """`predict` and `run` of a model on its first golden sample, media as files."""
    golden = read_golden(read_bundle(path))
    raws = {}
    for name, raw in golden.raw[0].items():
        raws[name] = raw
        if isinstance(raw, Media):
            raws[name] = str(folder / f"raw{raw.suffix}")
            Path(raws[name]).write_bytes(raw.content)
    given = raws if len(raws) > 1 else next(iter(raws.values()))
    tensors = model.prepare(given)
    return {"predict": lambda: model.predict(given), "run": lambda: model.run(tensors)}


def blocks(
    model: Model, call: Callable[[], object], rng: np.random.Generator, every: int
) -> list[tuple[float, float]]:
    """Microseconds a call, by block, (recorded, not), of one model: two differ by where they lie."""
    n_calls = max(int(BLOCK_US / call_us(call)), 4)
    if every > 1:  # whole turns: a burst, and the calls that are left out after it
        n_calls = -(-n_calls // (BURST * every)) * BURST * every

    def block_us() -> float:
        started = time.perf_counter_ns()
        for _ in range(n_calls):
            call()
        return (time.perf_counter_ns() - started) / n_calls / 1000

    pairs: list[tuple[float, float]] = []
    for _ in range(N_BLOCKS):
        times: dict[int, float] = {}
        for which in rng.permutation(2):
            with model.record(every=every) if which == 0 else nullcontext():
                times[int(which)] = block_us()
        pairs.append((times[0], times[1]))
    return pairs


def child(path: Path, seed: int, every: int) -> dict[str, list[tuple[float, float]]]:
    rng = np.random.default_rng(seed)
    model = er.load(path, n_threads=1, tuned=False)
    with tempfile.TemporaryDirectory() as name:
        return {
            what: blocks(model, call, rng, every)
            for what, call in calls(model, path, Path(name)).items()
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundles", nargs="+", type=Path, metavar="BUNDLE")
    parser.add_argument("--every", type=int, nargs="+", default=[1])
    parser.add_argument("--processes", type=int, default=6)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--child", type=int)
    arguments = parser.parse_args()
    if arguments.child is not None:
        print(json.dumps(child(arguments.bundles[0], arguments.child, arguments.every[0])))
        return
    figures = {}
    for path, every in itertools.product(arguments.bundles, arguments.every):
        given = [str(path), "--every", str(every)]
        children = in_fresh_processes(Path(__file__), given, arguments.processes)
        for what in children[0]:
            found = intervals([[tuple(pair) for pair in child[what]] for child in children])
            name = f"{path.stem} {what}" + (f", every {every}" if every > 1 else "")
            figures[name] = found
            print(f"{name}: {found}", flush=True)
    print(record("recording", figures, arguments.out))


if __name__ == "__main__":
    main()
