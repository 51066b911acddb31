"""Two calls against each other, in turn, in fresh processes: paired blocks in, an interval out."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith_runtime.host import this_host

if TYPE_CHECKING:
    from collections.abc import Callable

RESULTS = Path(__file__).parent / "results"


def paired_blocks(
    ours: Callable[[], object],
    theirs: Callable[[], object],
    *,
    n_blocks: int,
    n_calls: int,
    rng: np.random.Generator,
) -> list[tuple[float, float]]:
    """Microseconds a call, by block, (ours, theirs); which of the two goes first is drawn."""
    for call in (ours, theirs):
        for _ in range(n_calls):
            call()
    blocks: list[tuple[float, float]] = []
    for _ in range(n_blocks):
        times: dict[int, float] = {}
        for which in rng.permutation(2):
            call = (ours, theirs)[which]
            started = time.perf_counter_ns()
            for _ in range(n_calls):
                call()
            times[int(which)] = (time.perf_counter_ns() - started) / n_calls / 1000
        blocks.append((times[0], times[1]))
    return blocks


def in_fresh_processes(script: Path, arguments: list[str], n_processes: int) -> list[Any]:
    """What ``script`` prints as JSON, once a process."""
    outputs: list[Any] = []
    for index in range(n_processes):
        command = [sys.executable, str(script), "--child", str(index), *arguments]
        shown = subprocess.run(command, capture_output=True, text=True, check=True)
        outputs.append(json.loads(shown.stdout))
    return outputs


def intervals(processes: list[list[tuple[float, float]]]) -> dict[str, Any]:
    """Median difference and ratio of pairs, with 95 % intervals over processes and blocks."""
    rng = np.random.default_rng(0)
    pairs = [np.asarray(blocks) for blocks in processes]

    def statistics(chosen: list[np.ndarray]) -> tuple[float, float]:
        joined = np.concatenate(chosen)
        return (
            float(np.median(joined[:, 0] - joined[:, 1])),
            float(np.median(joined[:, 0] / joined[:, 1])),
        )

    resampled = [
        statistics(
            [
                pairs[process][rng.integers(0, len(pairs[process]), len(pairs[process]))]
                for process in rng.integers(0, len(pairs), len(pairs))
            ]
        )
        for _ in range(1000)
    ]
    low, high = np.percentile(resampled, [2.5, 97.5], axis=0)
    difference, ratio = statistics(pairs)
    everything = np.concatenate(pairs)
    return {
        "ours_us": float(np.median(everything[:, 0])),
        "theirs_us": float(np.median(everything[:, 1])),
        "difference_us": [difference, float(low[0]), float(high[0])],
        "ratio": [ratio, float(low[1]), float(high[1])],
        "n_processes": len(pairs),
        "n_blocks": int(sum(len(blocks) for blocks in pairs)),
    }


def call_us(call: Callable[[], object]) -> float:
    """Microseconds that a call takes, about: to choose the calls of a block by."""
    times: list[int] = []
    for _ in range(20):
        started = time.perf_counter_ns()
        call()
        times.append(time.perf_counter_ns() - started)
    return float(np.median(times)) / 1000


def against_the_quicker(script: Path, arguments: list[str], n_processes: int) -> dict[str, Any]:
    """Figures against the quicker loop by hand of those that ``script`` prints blocks of; the others beside it."""
    children = in_fresh_processes(script, arguments, n_processes)
    by_loop = {
        loop: intervals([[tuple(pair) for pair in child[loop]] for child in children])
        for loop in children[0]
    }
    best = min(by_loop, key=lambda loop: by_loop[loop]["theirs_us"])
    others = {loop: figures["theirs_us"] for loop, figures in by_loop.items() if loop != best}
    return {"against": best, **by_loop[best], "other_loops_us": others}


def record(question: str, figures: dict[str, Any], path: Path | None = None) -> Path:
    """Write figures with the host that they are true for; among the results, unless a path is given."""
    path = path or RESULTS / f"{question}.json"
    document = {
        "question": question,
        "date": dt.datetime.now(tz=dt.UTC).date().isoformat(),
        "host": asdict(this_host()),
        "figures": figures,
    }
    path.write_text(json.dumps(document, indent=1) + "\n")
    return path
