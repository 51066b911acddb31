"""From a raw file to its answer: `model.predict` against Keras behind TensorFlow's decoding, and by hand.

    python benchmarks/bench_raw_input.py OUT [OUT ...] [--processes 4]

Each OUT is the folder of a finished build of an example that `raw_rivals.py` knows. Every rival
starts from the path of a file, prepares it as the example does, and ends at a label; all run at
batch 1 on one thread of their engine. Needs EDGESMITH_DATA.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from harness import in_fresh_processes, intervals, paired_blocks, record
from raw_rivals import EXAMPLES, RIVALS

import edgesmith_runtime as er
from edgesmith_runtime.bundle import read_bundle
from edgesmith_runtime.decoding import decode
from edgesmith_runtime.transforms import make_op

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith_runtime.model import Model

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

N_FILES = 40


class Cycle:
    """A call on one file after the other, so that no cache of a single input helps."""

    def __init__(self, answer: Callable[[str], str], files: list[str]) -> None:
        self._answer = answer
        self._files = files
        self._next = 0

    def __call__(self) -> str:
        file = self._files[self._next]
        self._next = (self._next + 1) % len(self._files)
        return self._answer(file)


def child(out: Path, rival: str, seed: int) -> dict[str, Any]:
    path = next(out.glob("*.edge"))
    model = er.load(path, n_threads=1)
    files = EXAMPLES[model.manifest.name].files(N_FILES)
    theirs = RIVALS[rival](out, model)
    ours = [model.predict(file).label for file in files]
    same = sum(mine == theirs(file) for mine, file in zip(ours, files, strict=True))
    slow = rival == "keras_predict"
    blocks = paired_blocks(
        Cycle(lambda file: str(model.predict(file).label), files),
        Cycle(theirs, files),
        n_blocks=12 if slow else 40,
        n_calls=4 if slow else N_FILES,
        rng=np.random.default_rng(seed),
    )
    return {
        "blocks": blocks,
        "same": same / len(files),
        "page_faults": page_faults(model, files),
        "parts": parts(model, path, files),
    }


def page_faults(model: Model, files: list[str]) -> float:
    """Pages of memory that the preparation of a file has the system make anew, the median."""
    faults: list[int] = []
    for file in files:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        model.prepare(file)
        faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
    return float(np.median(faults))


def parts(model: Model, path: Path, files: list[str]) -> dict[str, float]:
    """Median microseconds of each part of a prediction; the steps together are the preparation."""
    raw = model.manifest.raw_inputs[0].name
    bundle = read_bundle(path)
    steps = model.manifest.transform
    first, *others = [(step, make_op(step, step.op, bundle.files)) for step in steps]
    times: dict[str, list[int]] = {}

    def timed(part: str, call: Callable[[], Any]) -> Any:
        started = time.perf_counter_ns()
        result = call()
        times.setdefault(part, []).append(time.perf_counter_ns() - started)
        return result

    def prepared(values: dict[str, Any]) -> dict[str, Any]:
        for step, op in others:
            values[step.outputs[0]] = op(*(values[name] for name in step.inputs))
        return values

    for file in files * 10:
        decoded = timed("decode", lambda file=file: first[1]([file]))
        values = {raw: [file], first[0].outputs[0]: decoded}
        values = timed("prepare", lambda values=values: prepared(values))
        tensors = {spec.name: values[spec.name] for spec in model.signature.inputs}
        outputs = timed("infer", lambda tensors=tensors: model.run(tensors))
        timed(
            "decode_outputs",
            lambda outputs=outputs: decode(
                model.manifest.task, model.manifest.outputs, outputs
            ),
        )
    return {part: float(np.median(taken)) / 1000 for part, taken in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--child", type=int)
    parser.add_argument("--processes", type=int, default=4)
    options = parser.parse_args()
    if options.child is not None:
        rival, out = options.folders
        print(json.dumps(child(Path(out), rival, options.child)))
        return
    figures: dict[str, Any] = {}
    for out in options.folders:
        name = next(Path(out).glob("*.edge")).stem
        figures[name] = {}
        for rival in RIVALS:
            found = in_fresh_processes(Path(__file__), [rival, out], options.processes)
            figures[name][rival] = {
                **intervals([one["blocks"] for one in found]),
                "same_answers": min(one["same"] for one in found),
                "page_faults": float(np.median([one["page_faults"] for one in found])),
            }
            figures[name]["parts_us"] = {
                part: float(np.median([one["parts"][part] for one in found]))
                for part in found[0]["parts"]
            }
            print(name, rival, json.dumps(figures[name][rival]))
    print(record("raw_input", figures))


if __name__ == "__main__":
    main()
