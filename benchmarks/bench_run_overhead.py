"""What `model.run` costs over the best bare loop by hand, each engine, arrays that the caller owns.

python benchmarks/five_nets.py OUT; taskset -c 0 python benchmarks/bench_run_overhead.py OUT/*.edge
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

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

BLOCK_US = 1_500  # long enough for the clock, shorter than a time slice of a busy machine
Arrays = dict[str, Any]


def onnx_plain(model: er.Model, tensors: Arrays) -> Callable[[], Any]:
    """`session.run` with the names of the outputs."""
    session = _session(model)
    names = [spec.name for spec in model.signature.outputs]
    run = session.run
    return lambda: run(names, tensors)


def onnx_bound(model: er.Model, tensors: Arrays) -> Callable[[], Any]:
    """Buffers bound once: copy in, run, copy out."""
    session = _session(model)
    binding = session.io_binding()
    inputs = [(np.empty_like(array), array) for array in tensors.values()]
    outputs = [np.empty_like(array) for array in model.run(tensors).values()]
    names = [*tensors, *(spec.name for spec in model.signature.outputs)]
    buffers = [*(buffer for buffer, _ in inputs), *outputs]
    for index, (name, buffer) in enumerate(zip(names, buffers, strict=True)):
        bind = binding.bind_input if index < len(inputs) else binding.bind_output
        bind(name, "cpu", 0, buffer.dtype.type, list(buffer.shape), buffer.ctypes.data)
    run = session.run_with_iobinding
    if len(inputs) == 1 and len(outputs) == 1:  # by hand, for the model at hand
        (into, array), made = inputs[0], outputs[0]

        def call_one() -> Any:
            into[...] = array
            run(binding)
            return made.copy()

        return call_one

    def call() -> Any:
        for into, array in inputs:
            into[...] = array
        run(binding)
        return [made.copy() for made in outputs]

    return call


def litert(model: er.Model, tensors: Arrays) -> Callable[[], Any]:
    """`set_tensor`, `invoke`, `get_tensor` with the indices looked up once."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=bytes(model.artifact.content), num_threads=1)
    given, made = interpreter.get_input_details(), interpreter.get_output_details()
    if len(given) != 1 or len(made) != 1:
        raise SystemExit(f"{model.artifact.file}: expected one input and one output")
    (array,) = tensors.values()
    into, out = given[0]["index"], made[0]["index"]
    interpreter.resize_tensor_input(into, array.shape)
    interpreter.allocate_tensors()
    set_tensor, invoke = interpreter.set_tensor, interpreter.invoke
    get_tensor = interpreter.get_tensor

    def call() -> Any:
        set_tensor(into, array)
        invoke()
        return get_tensor(out)

    return call


LOOPS = {"onnx": (onnx_plain, onnx_bound), "tflite": (litert,)}


def _session(model: er.Model) -> Any:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return ort.InferenceSession(
        bytes(model.artifact.content), options, providers=["CPUExecutionProvider"]
    )


def blocks_of(bundle: str, fmt: str, seed: int, n_blocks: int) -> dict[str, Any]:
    """Paired blocks against each loop by hand, in this process, on one core."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    model = er.load(bundle, artifact=fmt, n_threads=1)
    rng = np.random.default_rng(seed)
    tensors: Arrays = {
        spec.name: rng.standard_normal([1, *spec.sample_shape]).astype(spec.dtype)
        for spec in model.signature.inputs
    }
    run = model.run
    (expected,) = model.run(tensors).values()
    blocks: dict[str, Any] = {}
    for loop in LOOPS[fmt]:
        bare = loop(model, tensors)
        np.testing.assert_array_equal(np.reshape(bare(), expected.shape), expected)
        blocks[loop.__name__] = paired_blocks(
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
    parser.add_argument("--format", choices=LOOPS)
    parser.add_argument("--processes", type=int, default=5)
    parser.add_argument("--blocks", type=int, default=300)
    parser.add_argument("--out", type=Path, help="in place of results/run_overhead.json")
    options = parser.parse_args()
    if options.child is not None:
        blocks = blocks_of(options.bundles[0], options.format, options.child, options.blocks)
        print(json.dumps(blocks))
        return
    figures: dict[str, Any] = {}
    for bundle in options.bundles:
        for fmt in [options.format] if options.format else LOOPS:
            arguments = [bundle, "--format", fmt, "--blocks", str(options.blocks)]
            one = against_the_quicker(Path(__file__), arguments, options.processes)
            figures[f"{Path(bundle).stem} {fmt}"] = one
            print(
                f"{Path(bundle).stem:13} {fmt:7} {one['ours_us']:8.2f} us, {one['against']} "
                f"{one['theirs_us']:8.2f}: {one['difference_us'][0]:+.2f} us "
                f"[{one['difference_us'][1]:+.2f}, {one['difference_us'][2]:+.2f}], ratio "
                f"{one['ratio'][0]:.3f} [{one['ratio'][1]:.3f}, {one['ratio'][2]:.3f}]",
                flush=True,
            )
    print(record("run_overhead", figures, options.out))


if __name__ == "__main__":
    main()
