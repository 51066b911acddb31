"""After `tune`: is `model.run` as fast as the best of bare onnxruntime, LiteRT and OpenVINO?

    python benchmarks/bench_tuned.py OUT [--only NAME ...] [--rounds 12] [--budget 60] [--optimized]

The five small nets are built into OUT and tuned there, or taken from there; nets whose figures stand in
OUT/tuned.jsonl already, of the same code and bundle, are not measured again. Each subject runs in a fresh process of its own, in turn,
in an order that is drawn anew each round: threads of one engine that spin would slow another down. The
bare engines have their default settings and the same artifacts of the bundle, and every loop gives
arrays that the caller owns. OpenVINO computes in bfloat16 where it finds a CPU for it, so it is also
measured in float32, which the golden samples are held to.

With --optimized, ours are the bundles that an optimization within a drop of 0.02 left, and the bare
engines still run the float artifacts: what optimizing and tuning give together; a net whose
"refused" has a reason was measured as the float model. Its figures go to OUT/tuned_optimized.jsonl and
have a result of their own.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import numpy as np
from five_nets import NETS, bundle_of, refusal_of
from harness import in_fresh_processes, intervals, record

import edgesmith_runtime as er
from edgesmith_runtime.bundle import read_bundle
from edgesmith_runtime.golden import read_golden
from edgesmith_runtime.tuned import host_key

if TYPE_CHECKING:
    from collections.abc import Callable

BARE = ("onnxruntime", "litert", "openvino", "openvino_f32")
PROMISED = BARE[:3]  # with default settings
LOADS = {"load_default_ms": False, "load_tuned_ms": True}
N_BLOCKS = 8
BLOCK_S = 0.03


def onnxruntime_call(path: Path, feed: dict[str, Any]) -> Callable[[], object]:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return lambda: session.run(None, feed)


def litert_call(path: Path, feed: dict[str, Any]) -> Callable[[], object]:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(path.with_suffix(".tflite")))
    (given,), (made,) = interpreter.get_input_details(), interpreter.get_output_details()
    ((_, array),) = feed.items()
    interpreter.resize_tensor_input(given["index"], array.shape)
    interpreter.allocate_tensors()

    def call() -> object:
        interpreter.set_tensor(given["index"], array)
        interpreter.invoke()
        return interpreter.get_tensor(made["index"])

    return call


def openvino_call(
    path: Path, feed: dict[str, Any], settings: dict[str, str] | None = None
) -> Callable[[], object]:
    import openvino

    compiled = openvino.Core().compile_model(str(path), "CPU", settings or {})
    request = compiled.create_infer_request()
    return lambda: request.infer(feed)  # copies what it gives


def openvino_precision() -> str:
    import openvino

    core = openvino.Core()
    return core.get_property("CPU", "INFERENCE_PRECISION_HINT").get_type_name()


def bare_call(subject: str, path: Path, feed: dict[str, Any]) -> Callable[[], object]:
    if subject == "openvino_f32":
        return openvino_call(path, feed, {"INFERENCE_PRECISION_HINT": "f32"})
    calls = {
        "onnxruntime": onnxruntime_call,
        "litert": litert_call,
        "openvino": openvino_call,
    }
    return calls[subject](path, feed)


def feed_of(bundle: Path) -> dict[str, Any]:
    opened = read_bundle(bundle)
    golden = read_golden(opened)
    entry = opened.manifest.artifact(opened.manifest.default_artifact.file)
    return {spec.name: golden.tensors[spec.name][:1].copy() for spec in entry.signature.inputs}


def ours_call(bundle: Path, feed: dict[str, Any]) -> Callable[[], object]:
    model = er.load(bundle)
    model.selftest()
    return lambda: model.run(feed)


def blocks_us(call: Callable[[], object]) -> list[float]:
    """Microseconds a call, by block; the first block warms up and decides how long a block is."""
    n_calls, end = 0, time.perf_counter() + 3 * BLOCK_S
    while time.perf_counter() < end:
        call()
        n_calls += 1
    n_calls = max(3, n_calls // 3)
    found: list[float] = []
    for _ in range(N_BLOCKS):
        started = time.perf_counter_ns()
        for _ in range(n_calls):
            call()
        found.append((time.perf_counter_ns() - started) / n_calls / 1000)
    return found


def load_ms(bundle: Path, *, tuned: bool) -> float:
    """One load in this fresh process; the engines' packages are imported before."""
    for engine in ("onnx", "tflite"):
        importlib.import_module(f"edgesmith_runtime.runners.{engine}")
    started = time.perf_counter_ns()
    er.load(bundle, tuned=tuned)
    return (time.perf_counter_ns() - started) / 1e6


def child(subject: str, bundle: Path) -> object:
    if subject in LOADS:
        return load_ms(bundle, tuned=LOADS[subject])
    feed = feed_of(bundle)
    if subject == "ours":
        return blocks_us(ours_call(bundle, feed))
    return blocks_us(bare_call(subject, bundle.with_suffix(".onnx"), feed))


def write_plain_files(bundle: Path) -> None:
    """The artifacts of a bundle as files beside it, which the bare engines run."""
    opened = read_bundle(bundle)
    for suffix in (".onnx", ".tflite"):
        bundle.with_suffix(suffix).write_bytes(bytes(opened.artifact(f"model{suffix}").content))


def state_of(*bundles: Path) -> str:
    """A digest of what figures are true for: this host with its engines, the code, the bundles."""
    package = Path(er.__file__).parent
    files = [Path(__file__), *sorted(package.rglob("*.py")), *bundles]
    digests = [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]
    return hashlib.sha256("".join([host_key(), *digests]).encode()).hexdigest()


def measured(bundle: Path, floats: Path, n_rounds: int) -> dict[str, list[Any]]:
    """What each subject said, once a round; the bare engines run the artifacts of ``floats``."""
    rng = np.random.default_rng(0)
    subjects = ["ours", *BARE, *LOADS]
    found: dict[str, list[Any]] = {subject: [] for subject in subjects}
    for _ in range(n_rounds):
        for index in rng.permutation(len(subjects)):
            subject = subjects[index]
            which = floats if subject in BARE else bundle
            found[subject] += in_fresh_processes(Path(__file__), [subject, str(which)], 1)
    return found


def compared(found: dict[str, list[Any]]) -> dict[str, Any]:
    def against(subject: str) -> dict[str, Any]:
        pairs = [
            list(zip(ours, theirs, strict=True))
            for ours, theirs in zip(found["ours"], found[subject], strict=True)
        ]
        return intervals(pairs)

    figures: dict[str, Any] = {subject: against(subject) for subject in BARE}
    best = min(PROMISED, key=lambda subject: float(figures[subject]["theirs_us"]))
    loads = [
        [(tuned, default)]
        for tuned, default in zip(found["load_tuned_ms"], found["load_default_ms"], strict=True)
    ]
    load = intervals(loads)
    return {
        **figures,
        "best": best,
        "load": {
            "tuned_ms": load["ours_us"],
            "default_ms": load["theirs_us"],
            "ratio": load["ratio"],
        },
    }


def tuned_here(bundle: Path, budget_s: float) -> dict[str, Any]:
    tuning = er.tune(bundle, budget_s=budget_s)
    return {
        "setup": str(tuning.choice.setup),
        "reason": tuning.choice.reason,
        "seconds": tuning.seconds,
        "n_setups": len(tuning.standings),
        "copy": None
        if tuning.copy is None
        else {"load_ratio": tuning.copy.ratio.value, "is_kept": tuning.copy.is_kept},
    }


def summary(nets: dict[str, Any]) -> dict[str, Any]:
    """The two promises, over all nets."""
    speedups = [1 / net["onnxruntime"]["ratio"][0] for net in nets.values()]
    return {
        "onnxruntime_over_ours_geometric_mean": float(np.exp(np.mean(np.log(speedups)))),
        "ours_over_best": {name: net[net["best"]]["ratio"] for name, net in nets.items()},
        "openvino_precision": openvino_precision(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", nargs="?")
    parser.add_argument("bundle", nargs="?", type=Path)
    parser.add_argument("--only", nargs="+", choices=list(NETS), default=list(NETS))
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--budget", type=float, default=60.0, help="seconds to tune a net")
    parser.add_argument("--optimized", action="store_true")
    parser.add_argument("--child", type=int)
    options = parser.parse_args()
    if options.child is not None:
        print(json.dumps(child(options.out, options.bundle)))
        return
    out = Path(options.out).resolve()
    os.environ["XDG_CACHE_HOME"] = str(out / "cache")
    question = "tuned_optimized" if options.optimized else "tuned"
    log = out / f"{question}.jsonl"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.touch()
    known: dict[str, Any] = {}
    for line in log.read_text().splitlines():
        known.update(json.loads(line))
    nets: dict[str, Any] = {}
    for name in NETS:
        if name not in known and name not in options.only:
            continue
        floats = bundle_of(name, out)
        write_plain_files(floats)
        bundle = bundle_of(name, out, optimized=options.optimized)
        made_of = state_of(floats, bundle)
        if name in known and known[name].get("made_of") == made_of:
            nets[name] = known[name]
        if name in nets or name not in options.only:
            continue
        tuning = tuned_here(bundle, options.budget)
        nets[name] = {
            "made_of": made_of,
            "refused": refusal_of(bundle),
            "tuning": tuning,
            **compared(measured(bundle, floats, options.rounds)),
        }
        with log.open("a") as file:
            file.write(json.dumps({name: nets[name]}) + "\n")
        print(name, json.dumps(nets[name]), flush=True)
    if set(nets) == set(NETS):
        print(record(question, {"nets": nets, **summary(nets)}))
    print(json.dumps(summary(nets), indent=1))


if __name__ == "__main__":
    main()
