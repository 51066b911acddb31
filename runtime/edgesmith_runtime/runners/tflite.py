"""Run TFLite artifacts with LiteRT."""

from __future__ import annotations

from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from ai_edge_litert import interpreter as litert  # pyright: ignore[reportMissingTypeStubs]

from edgesmith_runtime.errors import BackendError, SignatureError
from edgesmith_runtime.runners import check_outputs
from edgesmith_runtime.runners.forking import leave_behind, tell_after_fork
from edgesmith_runtime.runners.lanes import nowhere
from edgesmith_runtime.runners.memory import is_much_less
from edgesmith_runtime.runners.variables import has_variables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from numpy.typing import NDArray

    from edgesmith_runtime.bundle import Artifact
    from edgesmith_runtime.runners.lanes import Run
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
        self._settings = settings
        self._lock = Lock()
        self._run_like_last: Run = nowhere
        self._held_bytes, self._may_be_held = 0, False
        self._has_variables = has_variables(artifact.content)
        self._interpreter: Any = self._open()
        self._inputs, self._outputs = _tensor_indices(self._interpreter, artifact)
        tell_after_fork(self)

    def after_fork(self) -> None:
        """Leave the interpreter to the parent; the next run opens one. See ``Forked``."""
        leave_behind(self._interpreter)
        self._interpreter, self._lock = None, Lock()
        self._run_like_last = nowhere

    def run(
        self, tensors: Mapping[str, NDArray[Any]], *, timeout: float | None = None
    ) -> dict[str, NDArray[Any]]:
        """Run the model once; see ``Runner.run``.

        Raises:
            BackendError: As there, and for any ``timeout``.
        """
        if timeout is not None:
            from edgesmith_runtime.runners.deadlines import check_ending, check_timeout

            check_timeout(timeout)
            check_ending(self.artifact, timeout)
        with self._lock:
            try:
                outputs = self._run_like_last(tensors)
                return self._run_unseen(tensors) if outputs is None else outputs
            except SignatureError:  # the engine had no part in it
                raise
            except BaseException:  # an interrupt, too
                # Whoever keeps it keeps its frames, and with them what is beneath LiteRT's Python.
                self._may_be_held = True
                raise

    def _run_unseen(self, tensors: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Check in full, have the buffers made, and run."""
        self.artifact.signature.check_inputs(tensors)
        arrays = {name: np.asarray(tensors[name]) for name in self._inputs}
        # A failed resize leaves the interpreter without its buffers, and LiteRT allocates nothing
        # while something refers to what is beneath its Python.
        self._run_like_last = nowhere
        self._make_room(sum(array.nbytes for array in arrays.values()))
        try:
            for name, index in self._inputs.items():
                self._interpreter.resize_tensor_input(index, arrays[name].shape)
            self._interpreter.allocate_tensors()
            set_tensor, invoke, get_tensor = _calls(self._interpreter)
            if self._has_variables:
                invoke = _anew(self._interpreter, invoke)
            for name, index in self._inputs.items():
                set_tensor(index, arrays[name])
            invoke()
            outputs = {name: get_tensor(index, 0) for name, index in self._outputs.items()}
        except Exception as error:
            raise _failure(self.artifact, error) from error
        check_outputs(self.artifact, outputs)
        # What is no array (a list, a tensor of a framework) is made one and checked every time.
        given = cast("Mapping[str, object]", tensors)
        if all(isinstance(given[name], np.ndarray) for name in self._inputs):
            self._run_like_last = _run_like(
                tuple(
                    (n, index, type(tensors[n]), tensors[n].dtype)
                    for n, index in self._inputs.items()
                ),
                tuple(self._outputs.items()),
                (set_tensor, invoke, get_tensor),
                partial(_failure, self.artifact),
            )
        return outputs

    def _make_room(self, n_bytes: int) -> None:
        """An interpreter for inputs of this size: a new one after a fork, an error, and larger ones.

        Resized to less, LiteRT keeps all its memory; while an error refers to it, it refuses.
        """
        is_gone = self._interpreter is None or self._may_be_held
        if is_gone or is_much_less(n_bytes, self._held_bytes):
            self._interpreter = self._open()
            self._held_bytes, self._may_be_held = 0, False
        self._held_bytes = max(self._held_bytes, n_bytes)

    def _open(self) -> Any:
        try:
            return _LITERT.Interpreter(
                model_content=bytes(self.artifact.content), num_threads=self._settings.n_threads
            )
        except Exception as error:  # LiteRT has no exceptions of its own
            raise _failure(self.artifact, error) from error


def _run_like(  # noqa: C901 - a function costs 0.1 us, and a run 1
    inputs: tuple[tuple[str, int, type, np.dtype[Any]], ...],
    outputs: tuple[tuple[str, int], ...],
    calls: tuple[Any, Any, Any],
    failed: Callable[[Exception], BackendError],
) -> Run:
    """A run of an interpreter whose buffers are there, for tensors like those that it had.

    It answers None, and has run nothing, where the tensors are others.

    Args:
        inputs: The name, place, class and dtype of each.
        outputs: The name and place of each.
        calls: What sets a tensor, runs, and gets a tensor.
        failed: What is raised for a fault of the engine.
    """
    set_tensor, invoke, get_tensor = calls
    n_inputs = len(inputs)

    # A closure and plain loops: attributes and comprehensions cost 0.1 us each, too.
    def run(tensors: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]] | None:
        try:
            for name, index, kind, dtype in inputs:
                array = tensors[name]
                if array.__class__ is not kind or array.dtype != dtype:
                    return None
                set_tensor(index, array)
            if len(tensors) != n_inputs:
                return None
        except (LookupError, TypeError, AttributeError, ValueError):
            return None  # by ValueError LiteRT refuses another shape
        try:
            invoke()
            answer: dict[str, NDArray[Any]] = {}
            for name, index in outputs:
                answer[name] = get_tensor(index, 0)  # a copy: LiteRT's own promise
        except Exception as error:
            raise failed(error) from error
        else:
            return answer

    return run


def _anew(interpreter: Any, invoke: Any) -> Any:
    """A run from the state at the start.

    A recurrent layer keeps its state from call to call: the same input would get another answer.
    """

    def run() -> None:
        interpreter.reset_all_variables()
        invoke()

    return run


def _calls(interpreter: Any) -> tuple[Any, Any, Any]:
    """What sets a tensor, runs, and gets a tensor: beneath LiteRT's Python, if it can be.

    ``Interpreter.invoke`` looks for views of its buffers before every run, and nobody has one here;
    with the frames of all three it takes a quarter of the time of a small model.
    """
    try:
        native = interpreter._interpreter  # noqa: SLF001
        beneath = native.SetTensor, native.Invoke, native.GetTensor
    except AttributeError:  # no part of its public names
        return interpreter.set_tensor, interpreter.invoke, interpreter.get_tensor
    else:
        return beneath


def _tensor_indices(
    interpreter: Any, artifact: Artifact
) -> tuple[dict[str, int], dict[str, int]]:
    """The places of the inputs and outputs in the interpreter, by the manifest's names."""
    inputs = {spec.name: spec.dtype for spec in artifact.signature.inputs}
    outputs = {spec.name: spec.dtype for spec in artifact.signature.outputs}
    found: list[str] = []
    try:
        sides = list(_named_sides(interpreter))
    except Exception as error:  # an index beyond the tensors is its plain ValueError
        raise _failure(artifact, error) from error
    for given, made in sides:
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
