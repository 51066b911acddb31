"""Run ONNX artifacts with onnxruntime."""

from __future__ import annotations

import os
from contextlib import nullcontext
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, cast

import numpy as np

# From 1.29 on it reports over the network unless it is told before.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
import onnxruntime  # pyright: ignore[reportMissingTypeStubs]

from edgesmith_runtime.errors import BackendError, DeadlineError
from edgesmith_runtime.runners import check_outputs, check_side
from edgesmith_runtime.runners.forking import (
    exit_without_engines,
    leave_behind,
    tell_after_fork,
)
from edgesmith_runtime.runners.lanes import Lane, Lanes, nowhere
from edgesmith_runtime.runners.memory import LARGE_BYTES, differs_much
from edgesmith_runtime.settings import Layout
from edgesmith_runtime.threads import own_threads, pooled_threads

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from edgesmith_runtime.bundle import Artifact
    from edgesmith_runtime.settings import EngineSettings
    from edgesmith_runtime.spec import Signature

__all__ = ["OnnxRunner", "optimized_graph"]

_NUMPY_NAMES = {"float": "float32", "double": "float64"}  # where ONNX has another word
_TERMINATED = "terminate flag"  # in the message of a run that RunOptions.terminate ended
_FATAL = 4  # a log severity: what onnxruntime raises is in the exception already

_ORT: Any = onnxruntime  # it comes without types


class OnnxRunner:
    """An ONNX artifact in an inference session.

    Args:
        artifact: Its content is what the engine gets; nothing is read from the disk.
        settings: Threads of one run, and how they wait.

    Raises:
        BackendError: onnxruntime refuses the model, or its inputs and outputs are not those of
            the artifact's signature.
    """

    def __init__(
        self, artifact: Artifact, settings: EngineSettings, *, graph: bytes | None = None
    ) -> None:
        self.artifact = artifact
        self._settings = settings
        self._inputs = tuple(spec.name for spec in artifact.signature.inputs)
        self._outputs = tuple(spec.name for spec in artifact.signature.outputs)
        self._session: Any = _open_session(artifact, _options(settings), graph=graph)
        _check_sides(artifact, self._session)
        self._lanes, self._run_like_last = Lanes(self._inputs), nowhere
        self._follows = _follows(artifact.signature)
        self._opening = Lock()
        self._last_bytes, self._is_held = 0, False
        tell_after_fork(self)

    def after_fork(self) -> None:
        """Leave the session to the parent; the next run opens one. See ``Forked``."""
        leave_behind(self._session, self._lanes, self._run_like_last)
        self._session, self._lanes, self._opening = None, Lanes(self._inputs), Lock()
        self._run_like_last = nowhere
        self._last_bytes, self._is_held = 0, False
        if self._settings.is_pooled:
            exit_without_engines()

    def run(
        self, tensors: Mapping[str, NDArray[Any]], *, timeout: float | None = None
    ) -> dict[str, NDArray[Any]]:
        """Run the model once; see ``Runner.run``.

        Arrays of a class, dtype and shape that passed the signature once are not checked again.
        """
        if timeout is not None:
            return self._run_within(timeout, tensors)
        outputs = None if self._is_held else self._run_like_last(tensors)
        return self._run_unlike_last(tensors) if outputs is None else outputs

    def _run_unlike_last(self, tensors: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Run on the buffers of another lane, or without: what ``_run_like_last`` had no answer to."""
        lane = self._lanes.find(tensors)
        if lane is None:
            return self._run_unseen(tensors, None)
        if self._is_held:
            return self._run_seen(lane, tensors, None)
        self._run_like_last = lane.run
        outputs = lane.run(tensors)
        return self._run_seen(lane, tensors, None) if outputs is None else outputs

    def _run_within(
        self, timeout: float, tensors: Mapping[str, NDArray[Any]]
    ) -> dict[str, NDArray[Any]]:
        from edgesmith_runtime.runners.deadlines import Watch, deadline_after

        deadline = deadline_after(timeout)
        options = _ORT.RunOptions()  # of this run alone: ending it can hit no other
        with Watch(deadline, lambda: setattr(options, "terminate", True)) as watch:
            try:
                lane = self._lanes.find(tensors)
                if lane is None:
                    return self._run_unseen(tensors, options)
                return self._run_seen(lane, tensors, options)
            except BackendError as error:
                # A run that was over before it could be ended has answered, or failed by itself.
                if not (watch.has_ended and _TERMINATED in str(error)):
                    raise
                raise DeadlineError(
                    f"{self.artifact.file}: expected a run within {timeout:.3g} s, it took longer "
                    "and was ended; allow more time, or look for an input on which it runs on"
                ) from error

    def _shrinking(self, n_bytes: int, options: Any) -> Any:
        """The options of a run, told to give memory back where its inputs differ much in size."""
        before, self._last_bytes = self._last_bytes, n_bytes
        self._is_held = n_bytes > LARGE_BYTES
        if not differs_much(n_bytes, before):
            return options
        options = options or _ORT.RunOptions()
        options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
        return options

    def _run_seen(
        self, lane: Lane, tensors: Mapping[str, NDArray[Any]], options: Any
    ) -> dict[str, NDArray[Any]]:
        """Run without the buffers of the lane; outputs of other shapes than before are checked."""
        outputs = self._run_plain(tensors, self._shrinking(lane.n_bytes, options))
        for name, shape in lane.shapes:
            if outputs[name].shape != shape:
                check_outputs(self.artifact, outputs)
                break
        return outputs

    def _run_plain(
        self, tensors: Mapping[str, NDArray[Any]], options: Any
    ) -> dict[str, NDArray[Any]]:
        feed = tensors if isinstance(tensors, dict) else dict(tensors)
        try:
            arrays = self._session.run(self._outputs, feed, options)
        except Exception as error:
            raise _failure(self.artifact, error) from error
        outputs: dict[str, NDArray[Any]] = {}
        for name in self._outputs:
            outputs[name] = arrays[len(outputs)]
        return outputs

    def _run_unseen(
        self, tensors: Mapping[str, NDArray[Any]], options: Any
    ) -> dict[str, NDArray[Any]]:
        """Check in full and run; a lane is made for shapes that come a second time."""
        if self._session is None:
            self._reopen()
        self.artifact.signature.check_inputs(tensors)
        inputs = {name: np.asarray(tensors[name]) for name in self._inputs}
        n_bytes = sum(array.nbytes for array in inputs.values())
        outputs = self._run_plain(inputs, self._shrinking(n_bytes, options))
        check_outputs(self.artifact, outputs)
        # What is no array (a list, a tensor of a framework) is made one and checked every time.
        given = cast("Mapping[str, object]", tensors)
        are_arrays = all(isinstance(given[name], np.ndarray) for name in self._inputs)
        if are_arrays and self._lanes.came_before(tensors):
            lane = Lane(
                self._session,
                {
                    name: tensors[name] for name in self._inputs
                },  # of the classes that come again
                outputs,
                is_bound=self._follows,
                failed=partial(_failure, self.artifact),
            )
            self._lanes.keep(tensors, lane)
        return outputs

    def _reopen(self) -> None:
        """A session of this process, after a fork."""
        with self._opening:
            if self._session is None:
                if self._settings.is_pooled:
                    # Its threads are not copied either, and onnxruntime makes it once a process.
                    raise BackendError(
                        f"{self.artifact.file}: expected a process that was not forked, the threads "
                        "that models share are not copied into a child; start children by 'spawn', "
                        "or load and set the thread budget in the child"
                    )
                self._session = _open_session(self.artifact, _options(self._settings))


def _follows(signature: Signature) -> bool:
    """Whether the shapes of the outputs follow from those of the inputs, values aside."""
    given = {axis for spec in signature.inputs for axis in spec.shape}
    return all(
        isinstance(axis, int) or axis in given
        for spec in signature.outputs
        for axis in spec.shape
    )


def optimized_graph(artifact: Artifact, settings: EngineSettings) -> bytes:
    """The graph as onnxruntime has it after its own optimisation, for ``graph=``.

    It is made for the CPU of this host and this version of onnxruntime, and for no other.

    Args:
        artifact: Of the ONNX format.
        settings: Those that it will run with: the layout is written into the graph.

    Raises:
        BackendError: onnxruntime refuses the model, or cannot write it.
    """
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory(prefix="edgesmith-") as folder:
        path = Path(folder, "optimized.onnx")
        options = _options(settings)
        options.optimized_model_filepath = str(path)
        _open_session(artifact, options)
        try:
            return path.read_bytes()
        except OSError as error:
            raise _failure(artifact, error) from error


def _options(settings: EngineSettings) -> Any:
    options = _ORT.SessionOptions()
    if settings.is_pooled:
        pooled_threads(settings.n_threads, _ORT.set_global_thread_pool_sizes)
    else:
        options.intra_op_num_threads = (
            settings.n_threads
        )  # onnxruntime prints, where it is pooled
        options.inter_op_num_threads = 1
    options.use_per_session_threads = not settings.is_pooled
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
    return options


def _open_session(artifact: Artifact, options: Any, *, graph: bytes | None = None) -> Any:
    if graph is not None:
        options.graph_optimization_level = _ORT.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        with own_threads() if options.use_per_session_threads else nullcontext():
            session = _ORT.InferenceSession(
                bytes(artifact.content) if graph is None else graph,
                options,
                providers=["CPUExecutionProvider"],
                enable_fallback=0,  # it prints, and the provider is the same
            )
    except BackendError:
        raise
    except Exception as error:  # a UnicodeDecodeError can escape it, too
        raise _failure(artifact, error) from error
    session._model_bytes = None  # noqa: SLF001 - kept for other providers only, and as large as the file
    return session


def _check_sides(artifact: Artifact, session: Any) -> None:
    sides = (
        ("inputs", artifact.signature.inputs, session.get_inputs()),
        ("outputs", artifact.signature.outputs, session.get_outputs()),
    )
    for side, specs, values in sides:
        check_side(artifact, side, specs, {value.name: _dtype(value.type) for value in values})


def _dtype(onnx_type: str) -> str:
    element = onnx_type.removeprefix("tensor(").removesuffix(")")
    return _NUMPY_NAMES.get(element, element)


def _failure(artifact: Artifact, error: Exception) -> BackendError:
    return BackendError(f"{artifact.file}: onnxruntime {_ORT.__version__} refused: {error}")
