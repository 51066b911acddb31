"""From an ONNX artifact to what OpenVINO runs, with nothing read, written or reported beside it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from edgesmith_runtime.errors import BackendError
from edgesmith_runtime.runners import check_side
from edgesmith_runtime.runners.forking import (
    exit_without_engines,
    tell_after_fork,
)
from edgesmith_runtime.runners.onnx_outline import outline_of
from edgesmith_runtime.runners.signal_stack import signal_stack_kept

# Its import reports over the network through this package, unless that is not there.
_REPORTER = "openvino_telemetry"
_known = {name: sys.modules[name] for name in (_REPORTER,) if name in sys.modules}
sys.modules[_REPORTER] = cast("Any", None)
try:
    import openvino
finally:
    del sys.modules[_REPORTER]
    sys.modules.update(_known)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from edgesmith_runtime.bundle import Artifact
    from edgesmith_runtime.settings import EngineSettings
    from edgesmith_runtime.spec import TensorSpec

__all__ = ["OpenvinoEngine", "check_shapes", "compiled", "failure", "shared_tensor"]

_OPENVINO: Any = openvino  # its types are partly unknown
# Below the classes that openvino shows, whose infer() takes 1.5 us more for each call.
_COMPILED: Any = _OPENVINO.CompiledModel.__base__

_WIDE = frozenset({"i64", "u64", "u32"})  # computed in int32 by its CPU plugin
_INT32, _INT64 = np.iinfo(np.int32), np.iinfo(np.int64)
_WITH_BODY = frozenset({"Loop", "TensorIterator", "If"})
_NUMPY_NAMES = {"boolean": "bool", "f16": "float16", "f32": "float32", "f64": "float64"} | {
    f"{letter}{bits}": f"{word}{bits}"
    for letter, word in (("i", "int"), ("u", "uint"))
    for bits in (8, 16, 32, 64)
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenvinoEngine:
    """What OpenVINO made of an artifact.

    Args:
        request: Takes tensors and gives tensors; one run at a time.
        model: Kept as long as its request.
        inputs: Place of each input by name; of one that the model does not use, none.
        outputs: Names in the order of the model, which may be another than the signature's.
        graph: As it was read, to try shapes on; None where nothing but the batch is free.
        body: A node that runs a part of the model as a whole, if there is one.
    """

    request: Any
    model: Any
    inputs: Mapping[str, int]
    outputs: tuple[str, ...]
    graph: Any
    body: str | None


def compiled(artifact: Artifact, settings: EngineSettings) -> OpenvinoEngine:
    """Compile an artifact for the CPU.

    Raises:
        BackendError: OpenVINO refuses the model, its data lies in other files, its inputs and
            outputs are not those of the artifact's signature, one of them is float64, or this
            process was forked from one that used OpenVINO.
    """
    content = bytes(artifact.content)
    try:
        outline = outline_of(content)
    except ValueError as error:
        raise failure(artifact, error) from error
    if not outline.is_whole:
        # OpenVINO would look for it in the working directory, unverified.
        raise BackendError(
            f"{artifact.file}: expected a model in one file, got tensors whose data is in other "
            "files; save it without external data"
        )
    _PROCESS.use(artifact)
    try:
        core = (
            _OPENVINO.Core()
        )  # of its own: what a cancelled run leaves in one is not met again
        model = core.read_model(content, b"")
    except Exception as error:  # RuntimeError, and what its bindings raise
        raise failure(artifact, error) from error
    inputs, outputs = _places(artifact, model, outline.inputs)
    _check_constants(artifact, model)
    try:
        with signal_stack_kept():
            compiled_model = core.compile_model(model, "CPU", _properties(settings))
        request = _COMPILED.create_infer_request(compiled_model)
    except Exception as error:
        raise failure(artifact, error) from error
    return OpenvinoEngine(
        request=request,
        model=compiled_model,
        inputs=inputs,
        outputs=outputs,
        graph=model if _has_free_sample(artifact) else None,
        body=_body(model),
    )


class _Process:
    """Whether OpenVINO has its threads in this process, or left them to one that it was forked from.

    An engine made in a forked child hung there once (2026.4, in ``tbb::spawn``).
    """

    def __init__(self) -> None:
        self._is_used = self._is_forked = False
        tell_after_fork(self)

    def use(self, artifact: Artifact) -> None:
        """Note that an engine is made; refuse it where it could hang."""
        if self._is_forked:
            raise BackendError(
                f"{artifact.file}: expected a process that was not forked from one with models on "
                "OpenVINO, whose threads are not copied; start it by multiprocessing's 'spawn', or "
                "load the first model on OpenVINO after the fork"
            )
        self._is_used = True

    def after_fork(self) -> None:
        """See ``Forked``."""
        if self._is_used:
            self._is_forked = True
            exit_without_engines()


_PROCESS = _Process()


def check_shapes(
    artifact: Artifact, engine: OpenvinoEngine, shapes: Mapping[str, tuple[int, ...]]
) -> None:
    """Refuse shapes that do not go through the model.

    A compiled model with free axes does not check them: a product of (1, 3) with (2, 2) gives
    numbers, of memory that is none of its own (seen with 2026.4).

    Raises:
        BackendError: A node cannot take what it would get.
    """
    if engine.graph is None:
        return
    try:
        engine.graph.reshape(
            {
                place: _OPENVINO.PartialShape(list(shapes[name]))
                for name, place in engine.inputs.items()
            }
        )
    except Exception as error:
        raise failure(artifact, error) from error


def shared_tensor(memory: Any) -> Any:
    """A C-contiguous array that can be written, as a tensor of OpenVINO in the same memory."""
    return _OPENVINO.Tensor(memory, shared_memory=True)


def failure(artifact: Artifact, error: Exception) -> BackendError:
    """What is raised where OpenVINO raises."""
    return BackendError(f"{artifact.file}: OpenVINO {_OPENVINO.__version__} refused: {error}")


def _properties(settings: EngineSettings) -> dict[str, Any]:
    return {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": settings.n_threads,
        # Both: else it rounds to bfloat16 where the CPU has that, and to 8 bits what meets
        # compressed weights.
        "INFERENCE_PRECISION_HINT": "f32",
        "EXECUTION_MODE_HINT": "ACCURACY",
    }


def _check_constants(artifact: Artifact, model: Any) -> None:
    """Refuse whole numbers that would be cut to 32 bits without a word.

    The ends of int64 pass: they stand for "as far as it goes" in a Slice, and so do those of int32.
    """
    for op in _ops(model):
        if (
            op.get_type_name() != "Constant"
            or op.get_element_type().get_type_name() not in _WIDE
        ):
            continue
        numbers = op.data
        is_cut = (numbers < _INT32.min) | (numbers > _INT32.max)
        for end in (_INT64.max, _INT64.min, -_INT64.max):
            is_cut &= numbers != end
        if is_cut.any():
            raise BackendError(
                f"{artifact.file}: constant '{op.get_friendly_name()}': expected whole numbers from "
                f"{_INT32.min} to {_INT32.max}, in which OpenVINO computes, got "
                f"{numbers[is_cut].flat[0]}; load the model with engine='onnxruntime'"
            )


def _ops(model: Any) -> Iterator[Any]:
    """The nodes of a model and of the bodies within it."""
    for op in model.get_ops():
        yield op
        if op.get_type_name() == "If":
            bodies = op.get_then_body(), op.get_else_body()
        elif op.get_type_name() in _WITH_BODY:
            bodies = (op.get_function(),)
        else:
            continue
        for body in bodies:
            yield from _ops(body)


def _has_free_sample(artifact: Artifact) -> bool:
    inputs = artifact.signature.inputs
    return any(isinstance(axis, str) for spec in inputs for axis in spec.sample_shape)


def _body(model: Any) -> str | None:
    for op in model.get_ops():
        if op.get_type_name() in _WITH_BODY:
            return str(op.get_friendly_name())
    return None


def _places(
    artifact: Artifact, model: Any, names: frozenset[str]
) -> tuple[dict[str, int], tuple[str, ...]]:
    """Where the inputs of the signature are among those of the model, and its outputs in order.

    Args:
        artifact: Has the signature.
        model: As OpenVINO read it: without the inputs that nothing depends on.
        names: Of the inputs that the file has.
    """
    signature = artifact.signature
    inputs = _by_name(signature.inputs, model.inputs)
    outputs = _by_name(signature.outputs, model.outputs)
    unused = {
        spec.name: spec.dtype
        for spec in signature.inputs
        if spec.name not in inputs and spec.name in names
    }
    _check_side(artifact, "inputs", signature.inputs, _dtypes(inputs) | unused)
    _check_side(artifact, "outputs", signature.outputs, _dtypes(outputs))
    return {name: place for name, (place, _) in inputs.items()}, tuple(outputs)


def _by_name(specs: Iterable[TensorSpec], ports: list[Any]) -> dict[str, tuple[int, Any]]:
    """Place and port of each tensor, by the name of the signature where that is among its names."""
    known = {spec.name for spec in specs}
    named: dict[str, tuple[int, Any]] = {}
    for place, port in enumerate(ports):
        names: set[str] = port.get_names()
        name = min(names & known or names, default=f"number {place}")
        named[name] = place, port
    return named


def _dtypes(ports: Mapping[str, tuple[int, Any]]) -> dict[str, str]:
    names = {
        name: str(port.get_element_type().get_type_name()) for name, (_, port) in ports.items()
    }
    return {name: _NUMPY_NAMES.get(dtype, dtype) for name, dtype in names.items()}


def _check_side(
    artifact: Artifact, side: str, specs: tuple[TensorSpec, ...], found: Mapping[str, str]
) -> None:
    check_side(artifact, side, specs, found)
    for spec in specs:
        if spec.dtype == "float64":
            raise BackendError(
                f"{artifact.file}: tensor '{spec.name}' is float64, which OpenVINO computes in "
                "float32; load the model with engine='onnxruntime'"
            )
