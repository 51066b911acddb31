"""What `model.run` costs over a bare onnxruntime session that also returns arrays of its own.

python benchmarks/bench_run_overhead.py BUNDLE [BUNDLE ...]
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from harness import in_fresh_processes, intervals, paired_blocks, record

import edgesmith_runtime as er

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")


def blocks_of(bundle: str, seed: int) -> list[tuple[float, float]]:
    import onnxruntime as ort

    model = er.load(bundle, n_threads=1)
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    session = ort.InferenceSession(
        bytes(model.artifact.content), options, providers=["CPUExecutionProvider"]
    )
    rng = np.random.default_rng(seed)
    tensors: dict[str, Any] = {
        spec.name: rng.standard_normal([1, *spec.sample_shape]).astype(spec.dtype)
        for spec in model.signature.inputs
    }
    run = session.run
    ours, theirs = model.run(tensors), run(None, tensors)
    for mine, bare in zip(ours.values(), theirs, strict=True):
        np.testing.assert_allclose(mine, bare, rtol=1e-6, atol=1e-7)
    return paired_blocks(
        lambda: model.run(tensors),
        lambda: run(None, tensors),
        n_blocks=60,
        n_calls=400,
        rng=rng,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundles", nargs="+")
    parser.add_argument("--child", type=int)
    parser.add_argument("--processes", type=int, default=8)
    options = parser.parse_args()
    if options.child is not None:
        print(json.dumps(blocks_of(options.bundles[0], options.child)))
        return
    figures = {
        Path(bundle).stem: intervals(
            in_fresh_processes(Path(__file__), [bundle], options.processes)
        )
        for bundle in options.bundles
    }
    print(json.dumps(figures, indent=1))
    print(record("run_overhead", figures))


if __name__ == "__main__":
    main()
