"""Does a model run on: over forks, in many threads, for long, after a large input, to a deadline?

python benchmarks/five_nets.py OUT; python benchmarks/check_running.py OUT [--only forks ...] [--scale 0.01]

Every row is measured in a fresh process. ``--scale`` takes a part of the runs, for a first look.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import signal
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from harness import RESULTS, in_fresh_processes, record
from running_models import convolution, endless_loop

import edgesmith_runtime as er

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Tensors = dict[str, Any]

ENGINES = ("onnx", "tflite")
THREADS = ("1", "2", "4", "default")
HANG_S = 30.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("nets", type=Path, help="where five_nets.py has written its bundles")
    parser.add_argument("--only", nargs="+", choices=CHECKS, default=list(CHECKS))
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--out", type=Path, help="in place of results/running.json")
    parser.add_argument("--row", help="one row, in this process")
    parser.add_argument("--child", type=int)
    options = parser.parse_args()
    if options.child is not None:
        check, *row = options.row.split()
        print(json.dumps(CHECKS[check][1](options.nets, options.scale, *row)))
        return
    out = options.out or RESULTS / "running.json"
    # What an earlier call measured stays, so that one part can be done again.
    figures = json.loads(out.read_text())["figures"] if out.exists() else {}
    for check in options.only:
        figures[check] = {}
        for row in CHECKS[check][0]():
            arguments = [str(options.nets), "--scale", str(options.scale)]
            arguments += ["--row", f"{check} {row}"]
            (figures[check][row],) = in_fresh_processes(Path(__file__), arguments, 1)
            print(f"{check} {row}: {json.dumps(figures[check][row])}", flush=True)
        record("running", figures, out)
    print(out)


def _loaded(nets: Path, net: str, engine: str, threads: str = "1") -> er.Model:
    n_threads = None if threads == "default" else int(threads)
    return er.load(nets / f"{net}.edge", artifact=engine, n_threads=n_threads)


def _drawn(model: er.Model, n: int, rng: np.random.Generator) -> Tensors:
    return {
        spec.name: rng.standard_normal([n, *spec.sample_shape]).astype(spec.dtype)
        for spec in model.signature.inputs
    }


def _same(one: Tensors, other: Tensors) -> bool:
    return all(np.array_equal(one[name], other[name]) for name in one)


def _rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@contextmanager
def _meanwhile(call: Callable[[], object], n_threads: int) -> Iterator[None]:
    """Call again and again in other threads."""
    stop = threading.Event()

    def go_on() -> None:
        while not stop.is_set():
            call()

    pool = [threading.Thread(target=go_on) for _ in range(n_threads)]
    for thread in pool:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in pool:
            thread.join()


# forks: a child of a process that has a model ends, whatever it does with it


def _fork_rows() -> Iterator[str]:
    cells = itertools.product(
        ENGINES, THREADS, ("before", "after"), ("exit", "fresh", "run"), ("quiet", "busy")
    )
    return (" ".join(cell) for cell in cells)


def forks(nets: Path, scale: float, *row: str) -> dict[str, Any]:
    """How the children ended that were forked before or after the first run.

    ``exit``: the child ends at once; ``fresh``: it loads and runs a model of its own; ``run``: it
    runs the model of the parent. All then end as an interpreter does. ``busy``: three threads of
    the parent run the model meanwhile.
    """
    engine, threads, when, act, others = row
    model = _loaded(nets, "mobilenet_v1", engine, threads)
    tensors = _drawn(model, 1, np.random.default_rng(0))
    expected = _loaded(nets, "mobilenet_v1", engine, threads).run(tensors)
    if when == "after":
        model.run(tensors)
    endings: list[int | str] = []
    with _meanwhile(lambda: model.run(tensors), 3 if others == "busy" else 0):
        for _ in range(max(1, round(10 * scale))):
            pid = os.fork()
            if pid == 0:
                if act == "fresh":
                    model = _loaded(nets, "mobilenet_v1", engine, threads)
                sys.exit(0 if act == "exit" or _same(model.run(tensors), expected) else 3)
            endings.append(_ending(pid))
    model.run(tensors)
    return {
        "n_forks": len(endings),
        "n_hangs": endings.count("hang"),
        "n_crashes": sum(isinstance(code, int) and code < 0 for code in endings),
        "n_failures": sum(isinstance(code, int) and code > 0 for code in endings),
    }


def _ending(pid: int) -> int | str:
    deadline = time.monotonic() + HANG_S
    while time.monotonic() < deadline:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return "hang"


# threads: sixteen of them get what one gets


def threads(nets: Path, scale: float, engine: str, n_threads: str) -> dict[str, Any]:
    """Runs of a small net by 16 threads that answer otherwise than one thread got."""
    model = _loaded(nets, "mlp", engine, n_threads)
    rng = np.random.default_rng(0)
    inputs = [_drawn(model, n, rng) for n in (1, 1, 2, 5, 1, 3, 40, 1)]
    expected = [model.run(tensors) for tensors in inputs]
    n_each = round(1_000_000 * scale / 16)
    wrong = [0] * 16

    def run(index: int) -> None:
        for number in range(n_each):
            which = (number + index) % len(inputs)
            wrong[index] += not _same(model.run(inputs[which]), expected[which])

    started = time.perf_counter()
    pool = [threading.Thread(target=run, args=(index,)) for index in range(16)]
    for thread in pool:
        thread.start()
    for thread in pool:
        thread.join()
    seconds = time.perf_counter() - started
    return {"n_runs": 16 * n_each, "n_wrong": sum(wrong), "runs_per_s": 16 * n_each / seconds}


# growth: memory over many runs of mixed shapes


def growth(nets: Path, scale: float, name: str) -> dict[str, Any]:
    """Resident memory over 100,000 runs of 997 shapes; ``growth_mb`` after the first fifth."""
    rng = np.random.default_rng(0)
    if name == "convolution":
        runner = er.open_runner(convolution(), n_threads=1)
        run: Callable[[Tensors], object] = runner.run

        def drawn() -> Tensors:
            height, width = rng.integers(3, 35, 2)  # some 1,000 pairs
            return {"x": rng.standard_normal((1, 3, height, width), np.float32)}

    else:
        model = _loaded(nets, "mlp", name)
        run = model.run

        def drawn() -> Tensors:
            return _drawn(model, int(rng.integers(1, 998)), rng)

    n_runs = round(100_000 * scale)
    rss = [_rss_mb()]
    for fifth in np.array_split(np.arange(n_runs), 5):
        for _ in fifth:
            run(drawn())
        rss.append(_rss_mb())
    return {"n_runs": n_runs, "rss_mb": rss, "growth_mb": rss[-1] - rss[1]}


# large: memory after one input that is a hundred times larger


def large(nets: Path, scale: float, name: str) -> dict[str, Any]:
    """Resident memory before one large input, right after it, and after three small ones."""
    del scale
    rng = np.random.default_rng(0)
    if name == "convolution":
        runner = er.open_runner(convolution(), n_threads=1)
        run: Callable[[Tensors], object] = runner.run
        small, big = (
            {"x": rng.standard_normal((8, 3, side, side), np.float32)} for side in (51, 512)
        )
    else:
        model = _loaded(nets, "ds_cnn", name)
        run = model.run
        small, big = (_drawn(model, n, rng) for n in (16, 1600))
    for _ in range(3):
        run(small)
    before = _rss_mb()
    run(big)
    after_large = _rss_mb()
    for _ in range(3):
        run(small)
    return {
        "before_mb": before,
        "after_large_mb": after_large,
        "after_small_mb": _rss_mb(),
        "peak_mb": _peak_mb(),
    }


def _peak_mb() -> float:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


# deadlines: a run without end


def deadlines(nets: Path, scale: float, others: str) -> dict[str, Any]:
    """How late a run ends that would go on for ever, ``timeout=0.05``, in ms; 20 of them.

    ``busy``: three threads run another model meanwhile.
    """
    runner = er.open_runner(endless_loop(), n_threads=1)
    x = np.zeros((1, 1), np.float32)
    forever = {"x": x, "turns": np.array([[2**62]])}
    other = _loaded(nets, "ds_cnn", "onnx")
    tensors = _drawn(other, 1, np.random.default_rng(0))
    late_ms: list[float] = []
    n_right = 0
    with _meanwhile(lambda: other.run(tensors, timeout=10.0), 3 if others == "busy" else 0):
        for turns in range(max(1, round(20 * scale))):
            started = time.monotonic()
            try:
                runner.run(forever, timeout=0.05)
            except er.DeadlineError:
                late_ms.append((time.monotonic() - started - 0.05) * 1000)
            outputs = runner.run({"x": x, "turns": np.array([[turns]])}, timeout=60.0)
            n_right += int(outputs["y"][0, 0] == turns)
    if not late_ms:
        raise SystemExit("no run was ended: expected a DeadlineError from each")
    return {
        "n_ended": len(late_ms),
        "n_right_afterwards": n_right,
        "median_late_ms": float(np.median(late_ms)),
        "max_late_ms": max(late_ms),
    }


CHECKS: dict[str, tuple[Callable[[], Iterator[str]], Callable[..., dict[str, Any]]]] = {
    "forks": (_fork_rows, forks),
    "threads": (lambda: iter([*(f"{engine} 1" for engine in ENGINES), "onnx 2"]), threads),
    "growth": (lambda: iter([*ENGINES, "convolution"]), growth),
    "large": (lambda: iter([*ENGINES, "convolution"]), large),
    "deadlines": (lambda: iter(["quiet", "busy"]), deadlines),
}

if __name__ == "__main__":
    main()
