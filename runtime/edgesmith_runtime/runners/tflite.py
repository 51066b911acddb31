"""Run TFLite artifacts with LiteRT."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from ai_edge_litert import interpreter as litert  # pyright: ignore[reportMissingTypeStubs]

from edgesmith_runtime.errors import BackendError
from edgesmith_runtime.runners import check_outputs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from edgesmith_runtime.bundle import Artifact
    from edgesmith_runtime.settings import EngineSettings

__all__ = ["TfliteRunner"]

_LITERT: Any = litert  # it comes without types
_Side = dict[str, dict[str, Any]]


class TfliteRunner:
    """A TFLite artifact in an interpreter; calls from several threads take turns.

    The names of the artifact's signature are those of the file's SignatureDef, or else those of
    its tensors.

    Args:
        artifact: Its content is what the engine gets.
        settings: Threads of one run.

    Raises:
        BackendError: LiteRT refuses the model, or its inputs and outputs are not those of the
            artifact's signature.
    """

    def __init__(self, artifact: Artifact, settings: EngineSettings) -> None:
        self.artifact = artifact
        self._lock = Lock()
        self._seen: list[tuple[Any, ...]] | None = None
        try:
            self._interpreter = _LITERT.Interpreter(
                model_content=bytes(artifact.content), num_threads=settings.n_threads
            )
        except Exception as error:  # LiteRT has no exceptions of its own
            raise _failure(artifact, error) from error
        self._inputs, self._outputs = _tensor_indices(self._interpreter, artifact)

    def run(self, tensors: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Run the model once; see ``Runner.run``."""
        seen = _seen(tensors)
        with self._lock:
            if seen is not None and seen == self._seen:
                return self._invoke(tensors)
            self.artifact.signature.check_inputs(tensors)
            self._seen = None  # a failed resize leaves the interpreter without its buffers
            self._resize(tensors)
            outputs = self._invoke(tensors)
            check_outputs(self.artifact, outputs)
            self._seen = seen
            return outputs

    def _resize(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        try:
            for name, index in self._inputs.items():
                self._interpreter.resize_tensor_input(index, np.shape(tensors[name]))
            self._interpreter.allocate_tensors()
        except Exception as error:
            raise _failure(self.artifact, error) from error

    def _invoke(self, tensors: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        interpreter = self._interpreter
        try:
            # A recurrent layer keeps its state from call to call: the same input would get
            # another answer. 0.2 us of 2.
            interpreter.reset_all_variables()
            for name, index in self._inputs.items():
                interpreter.set_tensor(index, np.asarray(tensors[name]))
            interpreter.invoke()
            outputs: dict[str, NDArray[Any]] = {}
            for name, index in self._outputs.items():
                outputs[name] = interpreter.get_tensor(index)  # a copy: LiteRT's own promise
        except Exception as error:
            raise _failure(self.artifact, error) from error
        else:
            return outputs


def _seen(tensors: Mapping[str, NDArray[Any]]) -> list[tuple[Any, ...]] | None:
    """What tells that tensors need no check and no resize; None for what are not arrays."""
    try:
        return [(name, a.__class__, a.dtype, a.shape) for name, a in tensors.items()]
    except AttributeError:
        return None


def _tensor_indices(
    interpreter: Any, artifact: Artifact
) -> tuple[dict[str, int], dict[str, int]]:
    """The places of the inputs and outputs in the interpreter, by the manifest's names."""
    inputs = {spec.name: spec.dtype for spec in artifact.signature.inputs}
    outputs = {spec.name: spec.dtype for spec in artifact.signature.outputs}
    found: list[str] = []
    for given, made in _named_sides(interpreter):
        if (_dtypes(given), _dtypes(made)) == (inputs, outputs):
            return _indices(given, inputs), _indices(made, outputs)
        found.append(f"{_dtypes(given)} to {_dtypes(made)}")
    raise BackendError(
        f"{artifact.file}: expected the tensors {inputs} to {outputs} that the manifest names, "
        f"the file has {' or '.join(found)}; rebuild the bundle"
    )


def _named_sides(
    interpreter: Any,
) -> Iterable[tuple[_Side, _Side]]:
    """Details of the inputs and outputs by name: of each SignatureDef, then of the tensors.

    One of another subgraph is passed over: its indices mean other tensors in that which is run.
    """
    inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
    for key in interpreter.get_signature_list():
        # Not kept: the interpreter refuses to allocate while a signature runner refers to it.
        runner = interpreter.get_signature_runner(key)
        sides = runner.get_input_details(), runner.get_output_details()
        del runner
        if all(map(_is_of, sides, (inputs, outputs))):
            yield sides
    yield (
        {tensor["name"]: tensor for tensor in inputs},
        {tensor["name"]: tensor for tensor in outputs},
    )


def _is_of(side: _Side, details: list[dict[str, Any]]) -> bool:
    """Whether the tensors of a side are among those of the subgraph that is run."""
    own = {(tensor["index"], tensor["name"]) for tensor in details}
    return {(tensor["index"], tensor["name"]) for tensor in side.values()} <= own


def _dtypes(side: _Side) -> dict[str, str]:
    return {name: np.dtype(tensor["dtype"]).name for name, tensor in side.items()}


def _indices(side: _Side, names: Iterable[str]) -> dict[str, int]:
    """In the order of the names: that of a SignatureDef is the alphabet's."""
    return {name: int(side[name]["index"]) for name in names}


def _failure(artifact: Artifact, error: Exception) -> BackendError:
    return BackendError(f"{artifact.file}: LiteRT refused: {error}")
