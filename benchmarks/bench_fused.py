"""What a call from raw input costs with the transform inside the artifact, against the transform in numpy.

    python benchmarks/bench_fused.py OUT [--processes 8] [--set training.epochs=2]

The examples below are built with `fuse = true` into OUT, or taken from there (EDGESMITH_DATA). The raw inputs
are the golden samples of their bundles: JPEG and WAV files as bytes, series as numbers. Once from the file, and
once from what an app in another language has at hand: pixels, samples, points.
"""

from __future__ import annotations

import argparse
import itertools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from harness import in_fresh_processes, intervals, paired_blocks, record

import edgesmith_runtime as er
from edgesmith_runtime.bundle import read_bundle
from edgesmith_runtime.golden import Media, read_golden

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = {"image": "sign_language", "sound": "fsdd", "series": "gunpoint"}
FORMATS = ("onnx", "tflite")
STARTS = ("file", "decoded")


def bundle_of(example: str, out: Path, overrides: list[str]) -> Path:
    path = out / example / f"{example}.edge"
    if not path.is_file():
        from edgesmith.pipeline import build

        settings = ["conversion.fuse=true", "benchmark.enabled=false", *overrides]
        build(
            ROOT / "examples" / example / f"{example}.toml", out / example, overrides=settings
        )
    return path


def raw_inputs(path: str) -> list[Any]:
    golden = read_golden(read_bundle(path))
    (name,) = golden.raw[0]
    values = [sample[name] for sample in golden.raw]
    return [value.content if isinstance(value, Media) else value for value in values]


def decoded(fused: er.Model, raws: list[Any]) -> list[Any]:
    """What the steps before a fused artifact give: the app's own decoder would."""
    (taken,) = fused.signature.inputs
    return [fused.prepare(raw)[taken.name][0] for raw in raws]


def in_turn(model: er.Model, raws: list[Any]) -> Callable[[], object]:
    turn = itertools.cycle(raws)
    return lambda: model.predict(next(turn))


def blocks_of(path: str, fmt: str, start: str, seed: int) -> list[tuple[float, float]]:
    plain = er.load(path, artifact=f"model.{fmt}", n_threads=1)
    fused = er.load(path, artifact=f"model.fused.{fmt}", n_threads=1)
    raws = raw_inputs(path)
    if start == "decoded":
        raws = decoded(fused, raws)
    for raw in raws:
        ours, theirs = fused.predict(raw), plain.predict(raw)
        if ours.label != theirs.label:
            raise SystemExit(f"{path}: {ours.label} with the steps inside, else {theirs.label}")
        for name, output in theirs.outputs.items():
            np.testing.assert_allclose(ours.outputs[name], output, atol=1e-3)
    return paired_blocks(
        in_turn(fused, raws),
        in_turn(plain, raws),
        n_blocks=40,
        n_calls=5 * len(raws),
        rng=np.random.default_rng(seed),
    )


def proof(path: Path, fmt: str) -> dict[str, Any]:
    """Of the build: on the whole test split, from raw files to outputs."""
    parity = er.load(path).manifest.artifact(f"model.fused.{fmt}").parity
    if parity is None:
        raise SystemExit(f"{path}: the manifest says nothing of model.fused.{fmt}; build again")
    return {
        "agreement": parity.agreement,
        "max_abs_error": parity.max_abs_error,
        "n_samples": parity.n_samples,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--result", type=Path, help="instead of results/fused.json")
    parser.add_argument("--child", type=int)
    parser.add_argument("--format")
    parser.add_argument("--start")
    options = parser.parse_args()
    if options.child is not None:
        blocks = blocks_of(options.out, options.format, options.start, options.child)
        print(json.dumps(blocks))
        return
    figures: dict[str, Any] = {}
    for kind, example in EXAMPLES.items():
        path = bundle_of(example, Path(options.out), options.set)
        for fmt in FORMATS:
            timed = {
                start: intervals(
                    in_fresh_processes(
                        Path(__file__),
                        [str(path), "--format", fmt, "--start", start],
                        options.processes,
                    )
                )
                for start in STARTS
            }
            figures[f"{kind} {fmt}"] = {"bundle": example, **timed, "equal": proof(path, fmt)}
    print(json.dumps(figures, indent=1))
    print(record("fused", figures, options.result))


if __name__ == "__main__":
    main()
