"""Run ONNX artifacts with onnxruntime."""

from __future__ import annotations

import os
from threading import Lock
from typing import TYPE_CHECKING, Any, cast

import numpy as np

# From 1.29 on it reports over the network unless it is told before.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
import onnxruntime  # pyright: ignore[reportMissingTypeStubs]

from edgesmith_runtime.errors import BackendError
from edgesmith_runtime.runners import check_outputs
from edgesmith_runtime.settings import Layout

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from edgesmith_runtime.bundle import Artifact
    from edgesmith_runtime.settings import EngineSettings

__all__ = ["OnnxRunner"]

# A lane saves 1.5 us of a plain run and costs 1 us for each 40 kB that it copies: measured with
# onnxruntime 1.32 on one thread of an EPYC server, medians of 60 interleaved rounds, it is 0.6 us
# ahead at 48 kB of inputs and outputs together, level at 64 kB and 2 us behind at 128 kB.
MAX_BOUND_BYTES = 49_152
MAX_LANES = 32  # bounds what mixed shapes can hold: 1.5 MB

_NUMPY_NAMES = {"float": "float32", "double": "float64"}  # where ONNX has another word
_FATAL = 4  # a log severity: what onnxruntime raises is in the exception already

_ORT: Any = onnxruntime  # it comes without types
_Key = tuple[type, np.dtype[Any], tuple[int, ...]]


class _Lane:
    """Buffers for one combination of input shapes, bound once and reused under a lock."""

    __slots__ = ("binding", "inputs", "lock", "outputs")

    def __init__(
        self,
        session: Any,
        inputs: Mapping[str, NDArray[Any]],
        outputs: Mapping[str, NDArray[Any]],
    ) -> None:
        self.lock = Lock()
        self.inputs = [(name, np.empty(a.shape, a.dtype)) for name, a in inputs.items()]
        self.outputs = [(name, np.empty(a.shape, a.dtype)) for name, a in outputs.items()]
        self.binding = session.io_binding()
        for name, buffer in self.inputs:
            self.binding.bind_input(name, *_place(buffer))
        for name, buffer in self.outputs:
            self.binding.bind_output(name, *_place(buffer))


def _place(buffer: NDArray[Any]) -> tuple[str, int, type[np.generic], list[int], int]:
    return "cpu", 0, buffer.dtype.type, list(buffer.shape), buffer.ctypes.data


class _Seen:
    """The lanes by what the inputs are: a tree, one level an input, in the signature's order.

    A leaf is None where a plain run is faster than a lane.
    """

    def __init__(self) -> None:
        self.tree: dict[_Key, Any] = {}
        self._once: set[tuple[_Key, ...]] = set()
        self._n_lanes = 0
        self._lock = Lock()

    def again(self, path: tuple[_Key, ...]) -> bool:
        """Whether this path came before."""
        with self._lock:
            if path in self._once:
                return True
            if len(self._once) >= MAX_LANES:
                self._once.clear()
            self._once.add(path)
            return False

    def keep(self, path: tuple[_Key, ...], lane: _Lane | None) -> None:
        """Remember a lane; when there are too many, forget those before."""
        with self._lock:
            if self._n_lanes >= MAX_LANES:
                self.tree, self._n_lanes = {}, 0
            node = self.tree
            for key in path[:-1]:
                node = node.setdefault(key, {})
            node[path[-1]] = lane
            self._n_lanes += 1


class OnnxRunner:
    """An ONNX artifact in an inference session.

    Args:
        artifact: Its content is what the engine gets; nothing is read from the disk.
        settings: Threads of one run, and how they wait.

    Raises:
        BackendError: onnxruntime refuses the model, or its inputs and outputs are not those of
            the artifact's signature.
    """

    def __init__(self, artifact: Artifact, settings: EngineSettings) -> None:
        self.artifact = artifact
        self._inputs = tuple(spec.name for spec in artifact.signature.inputs)
        self._outputs = tuple(spec.name for spec in artifact.signature.outputs)
        self._session = _open_session(artifact, settings)
        _check_sides(artifact, self._session)
        self._seen = _Seen()

    def run(self, tensors: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Run the model once; see ``Runner.run``.

        Arrays of a class, dtype and shape that passed the signature once are not checked again.
        """
        # Plain loops: zip, comprehensions and nested keys cost 0.2 us each, and a call is 5 us.
        found: Any = self._seen.tree
        try:
            for name in self._inputs:
                array = tensors[name]
                found = found[array.__class__, array.dtype, array.shape]
        except (KeyError, IndexError, TypeError, AttributeError):
            return self._run_unseen(tensors)
        if len(tensors) != len(self._inputs):
            return self._run_unseen(tensors)
        if found is None or not found.lock.acquire(False):  # noqa: FBT003 - quicker than by name
            return self._run_plain(tensors)
        return self._run_lane(found, tensors)

    def _run_lane(
        self, lane: _Lane, tensors: Mapping[str, NDArray[Any]]
    ) -> dict[str, NDArray[Any]]:
        try:
            for name, buffer in lane.inputs:
                buffer[...] = tensors[name]
            self._session.run_with_iobinding(lane.binding)
            outputs: dict[str, NDArray[Any]] = {}
            for name, buffer in lane.outputs:
                outputs[name] = buffer.copy()
        except Exception as error:  # not all that escapes onnxruntime is its own
            raise _failure(self.artifact, error) from error
        else:
            return outputs
        finally:
            lane.lock.release()

    def _run_plain(self, tensors: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        feed = tensors if isinstance(tensors, dict) else dict(tensors)
        try:
            arrays = self._session.run(self._outputs, feed)
        except Exception as error:
            raise _failure(self.artifact, error) from error
        outputs: dict[str, NDArray[Any]] = {}
        for name in self._outputs:
            outputs[name] = arrays[len(outputs)]
        return outputs

    def _run_unseen(self, tensors: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Check in full and run; a lane is made for shapes that come a second time.

        Buffers for shapes that come once each would cost more than they save.
        """
        self.artifact.signature.check_inputs(tensors)
        inputs = {name: np.asarray(tensors[name]) for name in self._inputs}
        outputs = self._run_plain(inputs)
        check_outputs(self.artifact, outputs)
        path = tuple((type(tensors[name]), a.dtype, a.shape) for name, a in inputs.items())
        # What is no array (a list, a tensor of a framework) is made one and checked every time.
        given = cast("Mapping[str, object]", tensors)
        are_arrays = all(isinstance(given[name], np.ndarray) for name in self._inputs)
        if are_arrays and self._seen.again(path):
            self._seen.keep(path, self._lane(inputs, outputs))
        return outputs

    def _lane(
        self, inputs: Mapping[str, NDArray[Any]], outputs: Mapping[str, NDArray[Any]]
    ) -> _Lane | None:
        """Bound buffers, or None where a plain run is faster or the only one possible."""
        arrays = [*inputs.values(), *outputs.values()]
        given = {axis for spec in self.artifact.signature.inputs for axis in spec.shape}
        follows = all(
            isinstance(axis, int) or axis in given
            for spec in self.artifact.signature.outputs
            for axis in spec.shape
        )
        fits = sum(array.nbytes for array in arrays) <= MAX_BOUND_BYTES
        filled = all(array.size for array in arrays)
        return _Lane(self._session, inputs, outputs) if follows and fits and filled else None


def _open_session(artifact: Artifact, settings: EngineSettings) -> Any:
    options = _ORT.SessionOptions()
    options.intra_op_num_threads = settings.n_threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _FATAL
    if settings.layout is Layout.PLAIN:
        options.graph_optimization_level = _ORT.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    if not settings.spins:
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # A model in memory may name tensors in files, and onnxruntime would look for them in the
    # working directory, unverified. Nothing is inside the null device.
    options.add_session_config_entry(
        "session.model_external_initializers_file_folder_path", os.devnull
    )
    try:
        return _ORT.InferenceSession(
            bytes(artifact.content), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # a UnicodeDecodeError can escape it, too
        raise _failure(artifact, error) from error


def _check_sides(artifact: Artifact, session: Any) -> None:
    sides = (
        ("inputs", artifact.signature.inputs, session.get_inputs()),
        ("outputs", artifact.signature.outputs, session.get_outputs()),
    )
    for side, specs, values in sides:
        expected = {spec.name: spec.dtype for spec in specs}
        found = {value.name: _dtype(value.type) for value in values}
        if expected != found:
            raise BackendError(
                f"{artifact.file}: expected the {side} {expected} that the manifest names, "
                f"the file has {found}; rebuild the bundle"
            )


def _dtype(onnx_type: str) -> str:
    element = onnx_type.removeprefix("tensor(").removesuffix(")")
    return _NUMPY_NAMES.get(element, element)


def _failure(artifact: Artifact, error: Exception) -> BackendError:
    return BackendError(f"{artifact.file}: onnxruntime {_ORT.__version__} refused: {error}")
