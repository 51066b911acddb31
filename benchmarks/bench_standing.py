"""The standing table: eight known loads, Keras and the stock converters against ours.

    python benchmarks/bench_standing.py OUT [--only NAME ...] [--rounds 4] [--budget 20]

OUT is that of `standing_models.py`. Every model is tuned on this host (`edgesmith-runtime tune`, with its
cache in OUT) and then measured by the bench itself: each subject in fresh processes, in turn, with the
same inputs and the threads that this host offers; what was tuned has the threads that won.
Single-stream is one sample a call, one call after the other; offline is 32 samples a call, 8 of the
applications (MLPerf Inference, section 3.A: Reddi et al., 2020). Figures of a model that stand in OUT/standing.jsonl, of
the same code, are not measured again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from harness import record
from standing_models import MODELS, make

import edgesmith_runtime as er
from edgesmith_runtime.bench import Plan, SubjectKind, compare

if TYPE_CHECKING:
    from edgesmith_runtime.bench import Comparison, Setting, Subject

STREAM = 1
LARGE = {"MobileNetV2": 8, "EfficientNetV2B0": 8}


def rivals_of(name: str, out: Path) -> list[Path]:
    files = [out / f"{name}.stock.{suffix}" for suffix in ("onnx", "tflite")]
    return [out / f"{name}.keras", *(file for file in files if file.is_file())]


def role_of(subject: Subject) -> str:
    """What the table calls it."""
    match subject.kind:
        case SubjectKind.KERAS:
            return f"keras_{subject.style}"
        case SubjectKind.FILE:
            return f"stock_{'onnx' if '.onnx' in subject.name else 'tflite'}"
        case SubjectKind.TUNED:
            return "chosen"
        case SubjectKind.AGAIN:
            return "again"
        case SubjectKind.ARTIFACT:
            return "float_onnx" if subject.name.endswith(".onnx") else "float_tflite"


def figures_of(comparison: Comparison, setting: Setting) -> dict[str, Any]:
    """By role: the median in us with its interval, p90, and the ratio of the chosen one to it."""
    chosen = next(one.name for one in comparison.subjects if role_of(one) == "chosen")
    found: dict[str, Any] = {}
    for subject in comparison.subjects:
        figures = comparison.percentiles(subject.name, setting)
        if figures is None:
            found[role_of(subject)] = {"problem": subject.problem}
            continue
        ratio = comparison.ratio(chosen, setting, to=subject.name)
        found[role_of(subject)] = {
            "p50_us": [
                figures.p50.value / 1e3,
                figures.p50.low / 1e3,
                figures.p50.high / 1e3,
            ],
            "p90_us": None if figures.p90 is None else figures.p90 / 1e3,
            "chosen_to_it": None if ratio is None else [ratio.value, ratio.low, ratio.high],
        }
    return found


def measured(name: str, out: Path, n_rounds: int, budget_s: float) -> dict[str, Any]:
    bundle = out / f"{name}.edge"
    tuning = er.tune(bundle, budget_s=budget_s)
    offline = LARGE.get(name, 32)
    plan = Plan(n_rounds=n_rounds, batches=(STREAM, offline), max_seconds=0.3, min_calls=15)
    comparison = compare(bundle, against=rivals_of(name, out), plan=plan)
    print(comparison.table(), flush=True)
    by_setting = {int(setting.amount): setting for setting in plan.settings()}
    return {
        "setup": str(tuning.choice.setup),
        "n_threads": comparison.n_threads,
        "single_stream": figures_of(comparison, by_setting[STREAM]),
        "offline": figures_of(comparison, by_setting[offline]),
        "offline_batch": offline,
        "noise": list(comparison.noise),
    }


def state_of(name: str, out: Path) -> str:
    """A digest of what figures are true for: the code, the bundle and its rivals."""
    code = sorted(Path(er.__file__).parent.rglob("*.py"))
    files = [Path(__file__), *code, out / f"{name}.edge", *rivals_of(name, out)]
    digests = [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]
    return hashlib.sha256("".join(digests).encode()).hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", nargs="+", choices=list(MODELS), default=list(MODELS))
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--budget", type=float, default=20.0, help="seconds to tune a model")
    options = parser.parse_args()
    out = options.out.resolve()
    os.environ["XDG_CACHE_HOME"] = str(out / "cache")
    journal = out / "standing.jsonl"
    journal.touch()
    known: dict[str, Any] = {}
    for line in journal.read_text().splitlines():
        known.update(json.loads(line))
    models: dict[str, Any] = {}
    for name in MODELS:
        make(name, out)
        state = state_of(name, out)
        if known.get(name, {}).get("state") == state:
            models[name] = known[name]
        elif name in options.only:
            figures = measured(name, out, options.rounds, options.budget)
            models[name] = {"state": state, **figures}
            with journal.open("a") as file:
                file.write(json.dumps({name: models[name]}) + "\n")
    if set(models) == set(MODELS):
        print(record("standing", models))


if __name__ == "__main__":
    main()
