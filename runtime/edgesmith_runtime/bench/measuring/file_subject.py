"""A model file alone in its engine: what an app would have without this runtime.

Nothing is set but the threads: onnxruntime gets them as ``intra_op_num_threads``, LiteRT as
``num_threads``. Calls go through the public Python of each engine.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from edgesmith_runtime.bench.measuring.lane import Lane, Opened
from edgesmith_runtime.errors import BackendError
from edgesmith_runtime.settings import Engine

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from edgesmith_runtime.bench.measuring.exchange import Request
    from edgesmith_runtime.bench.measuring.samples import Samples, Tensors

__all__ = ["open_file"]


def open_file(request: Request, samples: Samples, imported_ns: int) -> Opened:
    """Load the model file that the request names.

    Its inputs and outputs are those of the bundle by name, or else in order.

    Args:
        request: Its engine is that of the file's format.
        samples: What goes in and must come out, in the order of the bundle.
        imported_ns: When the engine was imported.

    Raises:
        BackendError: The engine is not installed or refuses the file, or the file takes other
            tensors than the bundle's.
    """
    if request.engine is Engine.LITERT:
        return _open_tflite(request, samples, imported_ns)
    return _open_onnx(request, samples, imported_ns)


def _open_onnx(request: Request, samples: Samples, imported_ns: int) -> Opened:
    try:
        import onnxruntime  # pyright: ignore[reportMissingTypeStubs]
    except ImportError as error:
        raise BackendError(f"onnxruntime is not installed here: {error}") from error
    start_ns = time.perf_counter_ns()
    ort: Any = onnxruntime  # it comes without types
    options = ort.SessionOptions()
    options.intra_op_num_threads = request.n_threads
    session = ort.InferenceSession(request.model, options, providers=["CPUExecutionProvider"])
    load_ns = time.perf_counter_ns() - start_ns
    inputs = session.get_inputs()
    names = _paired("inputs", [value.name for value in inputs], samples.inputs)
    made = _paired("outputs", [one.name for one in session.get_outputs()], samples.expected)
    axes = [value.shape[0] for value in inputs if value.shape]
    lane = Lane(
        name=request.name,
        prepare=lambda tensors: {own: tensors[name] for own, name in names.items()},
        call=lambda feed: session.run(None, feed),
        outputs=lambda arrays: dict(zip(made.values(), arrays, strict=True)),
        fixed_batch=next((axis for axis in axes if isinstance(axis, int)), None),
    )
    return _opened(lane, imported_ns - request.spawned_ns, load_ns)


def _open_tflite(request: Request, samples: Samples, imported_ns: int) -> Opened:
    try:
        from ai_edge_litert import interpreter as litert  # pyright: ignore[reportMissingTypeStubs]
    except ImportError as error:
        raise BackendError(
            f"LiteRT is not installed here ({error}); "
            "pip install 'edgesmith-runtime[tflite]', or leave this file out"
        ) from error
    start_ns = time.perf_counter_ns()
    engine: Any = litert  # it comes without types
    interpreter = engine.Interpreter(model_path=request.model, num_threads=request.n_threads)
    interpreter.allocate_tensors()
    load_ns = time.perf_counter_ns() - start_ns
    given, made = _sides(interpreter, samples)
    called = _TfliteCalls(interpreter, given, made)
    signatures = [list(details["shape_signature"]) for details in given.values()]
    axes = [int(shape[0]) for shape in signatures if shape]
    lane = Lane(
        name=request.name,
        prepare=called.prepare,
        call=called.call,
        outputs=lambda arrays: dict(zip(made, arrays, strict=True)),
        fixed_batch=next((axis for axis in axes if axis > 0), None),
    )
    return _opened(lane, imported_ns - request.spawned_ns, load_ns)


class _TfliteCalls:
    """How an interpreter is called: set, invoke, get, by the places of its tensors."""

    def __init__(
        self, interpreter: Any, given: Mapping[str, Any], made: Mapping[str, Any]
    ) -> None:
        self._interpreter = interpreter
        self._given = {name: int(details["index"]) for name, details in given.items()}
        self._made = [int(details["index"]) for details in made.values()]

    def prepare(self, tensors: Tensors) -> list[tuple[int, NDArray[Any]]]:
        """The tensors by place, for an interpreter with buffers of their shape."""
        placed = [(index, tensors[name]) for name, index in self._given.items()]
        for index, array in placed:
            self._interpreter.resize_tensor_input(index, array.shape)
        self._interpreter.allocate_tensors()
        return placed

    def call(self, placed: list[tuple[int, NDArray[Any]]]) -> list[NDArray[Any]]:
        """One run, in the way that LiteRT's documentation shows."""
        interpreter = self._interpreter
        for index, array in placed:
            interpreter.set_tensor(index, array)
        interpreter.invoke()
        return [interpreter.get_tensor(index) for index in self._made]


def _sides(interpreter: Any, samples: Samples) -> tuple[dict[str, Any], dict[str, Any]]:
    """The details of the inputs and outputs by the bundle's names.

    The names of a SignatureDef are the model's; those of the tensors themselves seldom are.
    """
    given, made = interpreter.get_input_details(), interpreter.get_output_details()
    inputs = {str(one["name"]): one for one in given}
    outputs = {str(one["name"]): one for one in made}
    for key in interpreter.get_signature_list():
        # Not kept: the interpreter refuses to allocate while a signature runner refers to it.
        runner = interpreter.get_signature_runner(key)
        sides = runner.get_input_details(), runner.get_output_details()
        del runner
        if (set(sides[0]), set(sides[1])) == (set(samples.inputs), set(samples.expected)):
            inputs, outputs = sides
    return (
        {name: inputs[own] for own, name in _paired("inputs", inputs, samples.inputs).items()},
        {
            name: outputs[own]
            for own, name in _paired("outputs", outputs, samples.expected).items()
        },
    )


def _paired(
    side: str, own: Sequence[str] | Mapping[str, Any], tensors: Mapping[str, Any]
) -> dict[str, str]:
    """The bundle's name by the file's: the same one, or the one at the same place."""
    if set(own) <= set(tensors):
        return {name: name for name in own}
    if len(own) != len(tensors):
        raise BackendError(
            f"expected the {side} {sorted(tensors)} of the bundle, the file has {sorted(own)}"
        )
    return dict(zip(own, tensors, strict=True))


def _opened(lane: Lane, import_ns: int, load_ns: int) -> Opened:
    return Opened(lanes=(lane,), import_ns=import_ns, load_ns=load_ns, versions={})
