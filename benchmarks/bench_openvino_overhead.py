"""What `model.run` on OpenVINO costs over the best bare loop by hand, arrays that the caller owns.

python benchmarks/five_nets.py OUT; taskset -c 0 python benchmarks/bench_openvino_overhead.py OUT/*.edge
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from harness import against_the_quicker, call_us, paired_blocks, record

import edgesmith_runtime as er

if TYPE_CHECKING:
    from collections.abc import Callable

BLOCK_US = 8_000  # long enough for the clock, short enough to share the noise of its neighbour


def public(request: Any, name: str, array: Any) -> Callable[[], Any]:
    """`infer` as the documentation has it, the input shared."""
    return lambda: request.infer({name: array}, share_inputs=True)[0]


def bound(request: Any, name: str, array: Any) -> Callable[[], Any]:
    """Memory bound once, copied into; the call below the public one, which copies the outputs."""
    import openvino as ov

    memory = np.empty_like(array)
    request.set_tensor(name, ov.Tensor(memory, shared_memory=True))
    infer = super(ov.InferRequest, request).infer
    (port,) = request.model_outputs

    def call() -> Any:
        memory[...] = array
        return infer({}, False, False)[port]  # noqa: FBT003 - its own arguments

    return call


LOOPS = {"public": public, "bound": bound}


def _request(model: er.Model) -> Any:
    import openvino as ov

    core = ov.Core()
    properties = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": 1,
        "INFERENCE_PRECISION_HINT": "f32",
    }
    read = core.read_model(bytes(model.artifact.content), b"")
    return core.compile_model(read, "CPU", properties).create_infer_request()


def blocks_of(bundle: str, seed: int, n_blocks: int) -> dict[str, Any]:
    """Paired blocks against each loop by hand, in this process, on one core."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    model = er.load(bundle, artifact="onnx", engine="openvino", n_threads=1)
    (spec,) = model.signature.inputs
    rng = np.random.default_rng(seed)
    array = rng.standard_normal([1, *spec.sample_shape]).astype(spec.dtype)
    tensors = {spec.name: array}
    (expected,) = model.run(tensors).values()
    run = model.run
    blocks: dict[str, Any] = {}
    for name, loop in LOOPS.items():
        bare = loop(_request(model), spec.name, array)
        np.testing.assert_array_equal(bare(), expected)
        blocks[name] = paired_blocks(
            lambda: run(tensors),
            bare,
            n_blocks=n_blocks,
            n_calls=max(3, round(BLOCK_US / call_us(bare))),
            rng=rng,
        )
    return blocks


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundles", nargs="+")
    parser.add_argument("--child", type=int)
    parser.add_argument("--processes", type=int, default=5)
    parser.add_argument("--blocks", type=int, default=60)
    parser.add_argument("--out", type=Path, help="in place of results/openvino_overhead.json")
    options = parser.parse_args()
    if options.child is not None:
        print(json.dumps(blocks_of(options.bundles[0], options.child, options.blocks)))
        return
    figures: dict[str, Any] = {}
    for bundle in options.bundles:
        arguments = [bundle, "--blocks", str(options.blocks)]
        one = against_the_quicker(Path(__file__), arguments, options.processes)
        figures[Path(bundle).stem] = one
        print(
            f"{Path(bundle).stem:13} {one['ours_us']:8.2f} us, {one['against']} "
            f"{one['theirs_us']:8.2f}: {one['difference_us'][0]:+.2f} us "
            f"[{one['difference_us'][1]:+.2f}, {one['difference_us'][2]:+.2f}], ratio "
            f"{one['ratio'][0]:.3f} [{one['ratio'][1]:.3f}, {one['ratio'][2]:.3f}]",
            flush=True,
        )
    print(record("openvino_overhead", figures, options.out))


if __name__ == "__main__":
    main()
