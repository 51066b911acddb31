"""Our choice at a budget of one point, against what a user would run by hand.

    python benchmarks/bench_optimization.py [SUBJECT ...] [--out DIR] [--rounds 5]

Needs EDGESMITH_DATA. Every subject is built with ``[target]`` and compared, on the same test
samples and with the same calibration samples, with onnxruntime's ``quantize_static`` and
``quantize_dynamic`` at their defaults, TensorFlow's converter with its full-integer recipe, and
ai-edge-quantizer's static and dynamic recipes. Metrics are paired; latencies are of one bundle that
holds all of them, in turn in fresh processes. What is there already from a run before is kept.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from harness import RESULTS, record
from optimization_rivals import rivals

from edgesmith.core import Candidate, Choice
from edgesmith.evidence import Drop
from edgesmith.material import Given, material_of
from edgesmith.packing import read_record
from edgesmith.recipe import Recipe, Scheme
from edgesmith.silence import Silent
from edgesmith.trials import Trials
from edgesmith.verification import answers, fidelity_drop, metric_drop, verify
from edgesmith_runtime.bench import Plan, compare
from edgesmith_runtime.bundle import Artifact, read_bundle, write_bundle
from edgesmith_runtime.golden import Tolerance
from edgesmith_runtime.latency import median_interval, ratio_interval
from edgesmith_runtime.spec import Format, Precision

if TYPE_CHECKING:
    from edgesmith.material import Material

HERE = Path(__file__).parent
SUBJECTS = ("mnist", "sign_language", "spoken_digits", "resnet8", "autoencoder", "depthwise")
SPECIAL = ("wide_range", "unbalanced")  # of which the search alone is of interest
BUDGET = 0.01
MNIST = (
    '[source]\nkind = "idx"\nlicence = "CC BY-SA 3.0"\n'
    'images = "${EDGESMITH_DATA}/mnist/train-images-idx3-ubyte.gz"\n'
    'labels = "${EDGESMITH_DATA}/mnist/train-labels-idx1-ubyte.gz"\n'
    'test_images = "${EDGESMITH_DATA}/mnist/t10k-images-idx3-ubyte.gz"\n'
    'test_labels = "${EDGESMITH_DATA}/mnist/t10k-labels-idx1-ubyte.gz"\n'
    '[image]\nmode = "grey"\nheight = 28\nwidth = 28\n'
)
ANY = Tolerance(sys.float_info.max, 0.0)


def built(subject: str, out: Path) -> Path:
    """The folder of the subject's build, which is made if need be."""
    place = out / subject
    if (place / "report.json").is_file():
        return place
    place.mkdir(parents=True, exist_ok=True)
    if subject == "autoencoder":
        _export_autoencoder(place)
        return place
    if subject in ("mnist", "sign_language"):
        config = HERE.parent / "examples" / subject / f"{subject}.toml"
        text = config.read_text() + f"\n[target]\nmax_accuracy_drop = {BUDGET}\n"
    else:
        text = _config_text(subject, place)
    path = place / "build.toml"
    path.write_text(text)
    command = [sys.executable, "-m", "edgesmith", "build", str(path), "--out", str(place)]
    environment = {**os.environ, "PYTHONPATH": f"{HERE}:{os.environ.get('PYTHONPATH', '')}"}
    ended = subprocess.run(command, check=False, env=environment).returncode
    if ended not in (0, 1):  # 1: nothing keeps the budget, and the report says so
        raise RuntimeError(f"{subject}: the build ended with {ended}")
    return place


def _config_text(subject: str, place: Path) -> str:
    head = f'name = "{subject}"\ntask = "classification"\nseed = 0\n[split]\nvalidation = 0.1\n'
    training = (
        '[training]\noptimizer = "adamw"\nlearning_rate = 0.003\nschedule = "cosine"\n'
        "weight_decay = 0.02\nwarmup_epochs = 1\nbatch_size = 32\n"
    )
    target = f"[target]\nmax_accuracy_drop = {BUDGET}\n"
    if subject == "spoken_digits":
        from optimization_models import spoken_digits

        for split, (samples, targets) in spoken_digits().items():
            np.savez(place / f"{split}.npz", samples=samples, targets=targets)
        source = (
            '[source]\nkind = "arrays"\nlicence = "CC BY-SA 4.0"\n'
            f'path = "{place}/train.npz"\ntest_path = "{place}/test.npz"\n'
        )
        net = 'architecture = "optimization_models:ds_cnn"\nepochs = 25\n'
        return head + source + training + net + target
    if subject in ("wide_range", "unbalanced"):
        # A device with whole numbers alone leaves fine-tuning as the only way.
        whole = "integer_only = true\n" if subject == "unbalanced" else ""
        net = f'architecture = "optimization_models:{subject}"\nepochs = 4\n'
        return head + MNIST + training.replace("32", "128") + net + target + whole
    source = (
        '[source]\nkind = "image_folder"\nlicence = "Apache-2.0"\n'
        'path = "${EDGESMITH_DATA}/sign_language_digits/train"\n'
        'test_path = "${EDGESMITH_DATA}/sign_language_digits/test"\n'
        '[image]\nmode = "rgb"\nheight = 32\nwidth = 32\n'
        "[augmentation]\nrotation = 10\nzoom = 0.1\nshift = 0.1\n"
    )
    net = f'architecture = "optimization_models:{subject}"\nepochs = 30\n'
    return head + source + training + net + target


def _export_autoencoder(place: Path) -> None:
    import keras
    from optimization_models import autoencoder, fan_windows

    import edgesmith

    keras.utils.set_random_seed(0)
    windows = fan_windows()
    model = autoencoder(windows["train"].shape[1])
    model.compile("adam", "mse")
    model.fit(windows["train"], windows["train"], epochs=30, batch_size=64, verbose=0)
    edgesmith.export(
        model,
        place / "autoencoder.edge",
        samples=windows["test"],
        target=edgesmith.Target(max_accuracy_drop=BUDGET),
    )


def material(place: Path) -> Material:
    """What the build left: float artifacts, samples and what the original answers."""
    bundle = read_bundle(next(place.glob("*.edge")))
    given = Given(
        original=None, samples=None, expected=None, custom_objects=(), unsafe=False, seed=0
    )
    return material_of(bundle, read_record(place / "build"), given, Silent())


def compared(subject: str, out: Path, n_rounds: int) -> dict[str, Any]:
    place = built(subject, out)
    report = json.loads((place / "report.json").read_text())
    found = material(place)
    ours = {
        entry.format: found.bundle.artifact(entry.file)
        for entry in found.bundle.manifest.artifacts
    }
    others = rivals(found, place)
    made = {name: one for name, one in others.items() if isinstance(one, Artifact)}
    judged = {f"ours {fmt}": _judged(found, one) for fmt, one in ours.items()}
    judged |= {name: _judged(found, one) for name, one in made.items()}
    floats = {f"float {fmt}": one for fmt, one in found.ground.floats.items()}
    times = _times(found, {**floats, **{k: v[0] for k, v in judged.items()}}, n_rounds)
    return {
        "choice": _choices(found, ours, judged, times),
        "rivals": [_rival(found, name, one, judged, times) for name, one in others.items()],
        **_told(report),
    }


def _told(report: dict[str, Any]) -> dict[str, Any]:
    """What the build says of its search, without the hashes and ranges of calibration."""
    search = {key: value for key, value in report["search"].items() if key != "calibration"}
    return {"candidates": report["candidates"], "search": search}


def _judged(found: Material, artifact: Artifact) -> tuple[Candidate, Any]:
    """A candidate that can be packed, and its answers or outputs."""
    ground = found.ground
    one = verify(
        artifact,
        ground.original,
        ground.evaluation.batches(),
        task=ground.evaluation.task,
        output=ground.evaluation.outputs[0],
        truth=ground.evaluation.truth(),
        bounds=dict.fromkeys(ground.original, ANY),
    )
    is_float = artifact.precision is Precision.FLOAT32
    recipe = Recipe(
        name=artifact.file,
        format=artifact.format,
        precision=artifact.precision,
        scheme=Scheme.FLOAT32 if is_float else Scheme.INT8_STATIC,
    )
    drop = Trials(ground).drop(one.outputs, slice(None))
    candidate = Candidate(
        recipe=recipe, artifact=artifact, score=one.score, parity=one.parity, drop=drop
    )
    return candidate, one.outputs


def _times(found: Material, candidates: dict[str, Candidate], n_rounds: int) -> dict[str, Any]:
    """Measurements at batch 1 by name, all in one comparison."""
    unique: dict[str, Candidate] = {}
    for index, (name, one) in enumerate(candidates.items()):
        file = f"model.{index}.{one.artifact.format}"
        unique[name] = dataclasses.replace(
            one, artifact=dataclasses.replace(one.artifact, file=file)
        )
    first = next(iter(unique.values())).artifact.file
    bundle = found.packed(list(unique.values()), choice=Choice(file=first, reason="a bench"))
    plan = Plan(n_rounds=n_rounds, n_threads=1, batches=(1,), max_seconds=0.5, min_calls=50)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "bench.edge")
        write_bundle(bundle, path)
        comparison = compare(path, plan=plan)
    measured: dict[str, Any] = {}
    for name, one in unique.items():
        subject = comparison.subject(one.artifact.file)
        if subject.problem is not None:
            raise RuntimeError(f"{name}: {subject.problem}")
        measured[name] = subject.steady(1)
    return measured


def _ratio(times: dict[str, Any], one: str, other: str) -> list[float]:
    ratio = ratio_interval(times[one], times[other], np.random.default_rng(0))
    return [ratio.value, ratio.low, ratio.high]


def _choices(
    found: Material, ours: dict[Format, Artifact], judged: dict[str, Any], times: dict[str, Any]
) -> dict[str, Any]:
    choices: dict[str, Any] = {}
    for fmt, artifact in ours.items():
        name = f"ours {fmt}"
        candidate, _ = judged[name]
        original = found.ground.floats[fmt]
        latency = median_interval(times[name], np.random.default_rng(0))
        choices[str(fmt)] = {
            "file": artifact.file,
            "size_bytes": len(artifact.content),
            "float_size_bytes": len(original.artifact.content),
            "score": _score(candidate),
            "float_score": _score(original),
            "drop": _drop(candidate.drop),
            "latency_us": [latency.value / 1e3, latency.low / 1e3, latency.high / 1e3],
            "latency_to_float": _ratio(times, name, f"float {fmt}"),
        }
    return choices


def _score(candidate: Candidate) -> list[float] | None:
    score = candidate.score
    return None if score is None else [score.value, score.low, score.high]


def _drop(drop: Drop | None) -> dict[str, Any] | None:
    return None if drop is None else dataclasses.asdict(drop)


def _rival(
    found: Material,
    name: str,
    made: Artifact | str,
    judged: dict[str, Any],
    times: dict[str, Any],
) -> dict[str, Any]:
    if isinstance(made, str):
        return {"tool": name, "refused": made}
    ours = f"ours {made.format}"
    mine, theirs = judged[ours], judged[name]
    better = _between(found, theirs[1], mine[1])
    ratio = _ratio(times, ours, name)
    size = len(mine[0].artifact.content) / len(made.content)
    not_below = better.low <= 0
    not_larger, not_slower = size <= 1, ratio[1] <= 1
    return {
        "tool": name,
        "format": str(made.format),
        "size_bytes": len(made.content),
        "score": _score(theirs[0]),
        "drop": _drop(theirs[0].drop),
        "ours_worse_by": _drop(better),
        "our_size_to_theirs": size,
        "our_latency_to_theirs": ratio,
        "holds": bool(not_below and (not_larger or not_slower)),
        "they_win": [
            word
            for word, holds in (
                ("metric", not_below),
                ("size", not_larger),
                ("latency", not_slower),
            )
            if not holds
        ],
    }


def _between(found: Material, theirs: Any, mine: Any) -> Drop:
    """How much worse ours is than theirs, paired."""
    evaluation = found.ground.evaluation
    output, rng = evaluation.outputs[0], np.random.default_rng(0)
    first, second = (answers(evaluation.task, output, one) for one in (theirs, mine))
    if evaluation.targets is not None and first is not None and second is not None:
        return metric_drop(evaluation.metric, evaluation.targets, first, second, rng=rng)
    true = found.ground.original[output.name]
    mine_drop = fidelity_drop(true, mine[output.name], rng=np.random.default_rng(0))
    their_drop = fidelity_drop(true, theirs[output.name], rng=rng)
    return Drop(
        metric="fidelity",
        value=mine_drop.value - their_drop.value,
        low=mine_drop.low - their_drop.high,
        high=mine_drop.high - their_drop.low,
        p_value=None,
        n_samples=mine_drop.n_samples,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("subjects", nargs="*", default=[*SUBJECTS, *SPECIAL])
    parser.add_argument("--out", type=Path, default=Path(tempfile.gettempdir(), "optimization"))
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    path = RESULTS / "optimization.json"
    figures = json.loads(path.read_text())["figures"] if path.is_file() else {}
    for subject in options.subjects:
        if subject in SPECIAL:
            report = built(subject, options.out.resolve()) / "report.json"
            figures[subject] = _told(json.loads(report.read_text()))
            record("optimization", figures)
            continue
        figures[subject] = compared(subject, options.out.resolve(), options.rounds)
        record("optimization", figures)
        print(subject, json.dumps(figures[subject]["choice"], indent=1))
        for one in figures[subject]["rivals"]:
            print({key: one[key] for key in one if key not in ("drop", "ours_worse_by")})


if __name__ == "__main__":
    main()
