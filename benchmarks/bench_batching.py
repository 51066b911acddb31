"""Does gathering concurrent calls into batches pay? Throughput and latency with and without.

python benchmarks/bench_batching.py BUNDLE... [--seconds 1.0] [--rounds 5] [--out FILE]

For each net, 1, 4, 16 and 64 callers that each call again as soon as they have an answer: threads
that call `predict`, tasks of one event loop that await `predict_async`; the model by itself and
through a `Batcher`, in turn, in a fresh process a net. And a lone caller's `predict` in paired
blocks, as the cost of a batcher that has nothing to gather. Nets that are given again keep the
figures of the others in the file.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from harness import RESULTS, in_fresh_processes, intervals, paired_blocks, record

import edgesmith_runtime as er
from edgesmith_runtime.bundle import read_bundle
from edgesmith_runtime.golden import Media, read_golden

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

CALLERS = (1, 4, 16, 64)
Call = "Callable[[object], object]"


def raw_sample(path: Path) -> object:
    """The first golden sample as an app has it."""
    values = {
        name: value.content if isinstance(value, Media) else value
        for name, value in read_golden(read_bundle(path)).raw[0].items()
    }
    return next(iter(values.values())) if len(values) == 1 else values


def by_threads(
    call: Callable[[object], object], raw: object, n: int, seconds: float
) -> list[int]:
    """Latencies in ns of all calls that ``n`` threads made in that time."""
    latencies: list[list[int]] = [[] for _ in range(n)]
    ends: list[int] = []  # one for all: who gets the interpreter late has less time
    clock = time.perf_counter_ns
    barrier = threading.Barrier(n, action=lambda: ends.append(clock() + int(seconds * 1e9)))

    def ask(mine: list[int]) -> None:
        barrier.wait()
        now = clock()
        while now < ends[0]:
            call(raw)
            after = clock()
            mine.append(after - now)
            now = after

    threads = [threading.Thread(target=ask, args=[mine]) for mine in latencies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [latency for mine in latencies for latency in mine]


def by_tasks(
    call: Callable[[object], Awaitable[object]], raw: object, n: int, seconds: float
) -> list[int]:
    """The same for tasks of one event loop."""
    latencies: list[int] = []
    clock = time.perf_counter_ns

    async def ask(end: int) -> None:
        now = clock()
        while now < end:
            await call(raw)
            after = clock()
            latencies.append(after - now)
            now = after

    async def all_of_them() -> None:
        end = clock() + int(seconds * 1e9)
        await asyncio.gather(*(ask(end) for _ in range(n)))

    asyncio.run(all_of_them())
    return latencies


class Round(NamedTuple):
    """One measurement; the processor time is less disturbed by others than the clock."""

    latencies_ns: list[int]
    wall_ns: int
    cpu_ns: int


def shown(rounds: list[Round]) -> dict[str, Any]:
    every = np.concatenate([np.asarray(one.latencies_ns) for one in rounds]) / 1000
    rates = [len(one.latencies_ns) / one.wall_ns * 1e9 for one in rounds]
    cpu = [one.cpu_ns / 1000 / len(one.latencies_ns) for one in rounds]
    return {
        "calls_per_s": round(float(np.median(rates)), 1),
        "calls_per_s_rounds": [round(rate, 1) for rate in rates],
        "cpu_us_a_call": round(float(np.median(cpu)), 2),
        "p50_us": round(float(np.percentile(every, 50)), 1),
        "p99_us": round(float(np.percentile(every, 99)), 1) if len(every) >= 1000 else None,
        "n_calls": len(every),
    }


def child(options: argparse.Namespace) -> dict[str, Any]:
    path = options.bundles[0]
    raw, rng = raw_sample(path), np.random.default_rng(0)
    model = er.load(path, n_threads=1, engine="onnxruntime")
    cells: dict[str, Any] = {}
    with er.Batcher(model) as batcher:
        lone = paired_blocks(
            lambda: batcher.predict(raw),
            lambda: model.predict(raw),
            n_blocks=30,
            n_calls=100,
            rng=rng,
        )
        for size in (1, 32):
            model.predict_batch([raw] * size)
        single, many = (
            min(_timed(model, raw, size) for _ in range(20)) / size for size in (1, 32)
        )
        forms: dict[str, dict[str, Any]] = {
            "threads": {"alone": model.predict, "batcher": batcher.predict},
            "tasks": {"alone": model.predict_async, "batcher": batcher.predict_async},
        }
        for form, calls in forms.items():
            measure = by_threads if form == "threads" else by_tasks
            for n in CALLERS:
                rounds: dict[str, list[Round]] = {"alone": [], "batcher": []}
                for _ in range(options.rounds):
                    for which in rng.permutation([*rounds]):
                        started, cpu = time.perf_counter_ns(), time.process_time_ns()
                        latencies = measure(calls[which], raw, n, options.seconds)
                        wall_ns = time.perf_counter_ns() - started
                        cpu_ns = time.process_time_ns() - cpu
                        rounds[which].append(Round(latencies, wall_ns, cpu_ns))
                cells[f"{form}, {n}"] = {which: shown(one) for which, one in rounds.items()}
    return {
        "lone": lone,
        "sample_us_in_batches": {"1": round(single, 2), "32": round(many, 2)},
        "callers": cells,
    }


def _timed(model: er.Model, raw: object, size: int) -> float:
    raws = [raw] * size
    started = time.perf_counter_ns()
    model.predict_batch(raws)
    return (time.perf_counter_ns() - started) / 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundles", type=Path, nargs="+")
    parser.add_argument("--seconds", type=float, default=1.0, help="of one measurement")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=RESULTS / "batching.json")
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child is not None:
        print(json.dumps(child(options)))
        return
    figures = json.loads(options.out.read_text())["figures"] if options.out.exists() else {}
    for bundle in options.bundles:
        arguments = ["--seconds", str(options.seconds), "--rounds", str(options.rounds)]
        (result,) = in_fresh_processes(Path(__file__), [*arguments, str(bundle)], 1)
        result["lone"] = intervals([[(ours, theirs) for ours, theirs in result["lone"]]])
        figures[bundle.stem] = result
        record("batching", figures, options.out)
        for name, cell in result["callers"].items():
            told = " | ".join(
                f"{which} {one['calls_per_s']:7.0f}/s {one['cpu_us_a_call']:6.1f} us of cpu, "
                f"p50 {one['p50_us']:7.0f} p99 {one['p99_us'] or 0:7.0f} us"
                for which, one in cell.items()
            )
            ratio = cell["batcher"]["calls_per_s"] / cell["alone"]["calls_per_s"]
            print(f"{bundle.stem:14} {name:12} {told} | x{ratio:.2f}")
        print(f"{bundle.stem:14} lone caller: {result['lone']}", file=sys.stderr)
        print(
            f"{bundle.stem:14} us a sample: {result['sample_us_in_batches']}", file=sys.stderr
        )


if __name__ == "__main__":
    main()
