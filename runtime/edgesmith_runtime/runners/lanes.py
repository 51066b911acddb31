"""Buffers that are bound to a session once, and found again by what the inputs are."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from edgesmith_runtime.errors import BackendError

    Failed = Callable[[Exception], BackendError]
    Run = Callable[[Mapping[str, NDArray[Any]]], dict[str, NDArray[Any]] | None]

__all__ = ["Lane", "Lanes", "nowhere"]

# A lane saves 1.5 us of a plain run and costs 1 us for each 40 kB that it copies: measured with
# onnxruntime 1.32 on one thread of an EPYC server, medians of 60 interleaved rounds, it is 0.6 us
# ahead at 48 kB of inputs and outputs together, level at 64 kB and 2 us behind at 128 kB.
MAX_BOUND_BYTES = 49_152
MAX_LANES = 32  # bounds what mixed shapes can hold: 1.5 MB

_Key = tuple[type, np.dtype[Any], tuple[int, ...]]


class Lane:
    """Inputs of one class, dtype and shape each, which were checked: how they run again.

    Args:
        session: An onnxruntime session.
        inputs: By name; those that ran.
        outputs: By name; what they gave.
        is_bound: Whether buffers are worth while; without, the lane says the size of the inputs,
            that they need no check, and the shapes of the outputs that were checked.
        failed: What is raised for a fault of the engine.
    """

    __slots__ = ("is_bound", "n_bytes", "run", "shapes")

    def __init__(
        self,
        session: Any,
        inputs: Mapping[str, NDArray[Any]],
        outputs: Mapping[str, NDArray[Any]],
        *,
        is_bound: bool,
        failed: Failed,
    ) -> None:
        self.n_bytes = sum(array.nbytes for array in inputs.values())
        self.shapes = [(name, array.shape) for name, array in outputs.items()]
        arrays = [*inputs.values(), *outputs.values()]
        fits = sum(array.nbytes for array in arrays) <= MAX_BOUND_BYTES
        self.is_bound = is_bound and fits and all(array.size for array in arrays)
        self.run = _bound_run(session, inputs, outputs, failed) if self.is_bound else nowhere


def nowhere(tensors: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]] | None:
    """The run where there are no buffers: None, whatever the tensors are."""
    del tensors


def _bound_run(  # noqa: C901 - a function costs 0.1 us, and a run 4
    session: Any,
    inputs: Mapping[str, NDArray[Any]],
    outputs: Mapping[str, NDArray[Any]],
    failed: Failed,
) -> Run:
    """A run on buffers of its own: for tensors like ``inputs``, by one thread at a time.

    It answers None, and has run nothing, where the tensors are others or the buffers in use.
    """
    into = tuple(
        (name, np.empty(a.shape, a.dtype), type(a), a.dtype, a.shape)
        for name, a in inputs.items()
    )
    out_of = tuple((name, np.empty(a.shape, a.dtype)) for name, a in outputs.items())
    whole = session.io_binding()
    for name, buffer, *_ in into:
        whole.bind_input(name, *_place(buffer))
    for name, buffer in out_of:
        whole.bind_output(name, *_place(buffer))
    run_bound, binding = _runs(session, whole)
    n_inputs = len(into)
    # Who takes the one entry has the buffers: taking and giving back are one step each, and a
    # lock costs 0.3 us more beside a model of 20.
    turn = [None]

    # A closure and plain loops: attributes, zip and comprehensions cost 0.1 us each, too.
    def run(  # noqa: C901
        tensors: Mapping[str, NDArray[Any]],
    ) -> dict[str, NDArray[Any]] | None:
        try:
            # Not a call: an interrupt is raised after those, and would keep the turn for ever.
            del turn[0]
        except IndexError:
            return None
        try:
            try:
                for name, buffer, kind, dtype, shape in into:
                    array = tensors[name]
                    if (
                        array.__class__ is not kind
                        or array.dtype != dtype
                        or array.shape != shape
                    ):
                        return None
                    buffer[...] = array
                if len(tensors) != n_inputs:
                    return None
            except (LookupError, TypeError, AttributeError):
                return None
            try:
                run_bound(binding, None)
                answer: dict[str, NDArray[Any]] = {}
                for name, buffer in out_of:
                    answer[name] = buffer.copy()
            except Exception as error:  # not all that escapes onnxruntime is its own
                raise failed(error) from error
            else:
                return answer
        finally:
            turn.append(None)

    return run


def _place(buffer: NDArray[Any]) -> tuple[str, int, type[np.generic], list[int], int]:
    return "cpu", 0, buffer.dtype.type, list(buffer.shape), buffer.ctypes.data


def _runs(session: Any, binding: Any) -> tuple[Any, Any]:
    """What runs a binding, and what it takes for that: beneath onnxruntime's Python, if it can be.

    ``run_with_iobinding`` of 1.32 asks for a GPU's captured graph before every run, which takes
    a tenth of the time of a small model.
    """
    try:
        return session._sess.run_with_iobinding, binding._iobinding  # noqa: SLF001
    except AttributeError:  # no part of its public names
        return session.run_with_iobinding, binding


class Lanes:
    """The lanes of a session: a tree, one level an input, in the order of the names.

    Args:
        names: Of the inputs.
    """

    __slots__ = ("_lock", "_n_lanes", "_n_names", "_names", "_once", "_tree")

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names, self._n_names = names, len(names)
        self._tree: dict[_Key, Any] = {}
        self._once: set[tuple[_Key, ...]] = set()
        self._n_lanes = 0
        self._lock = Lock()

    def find(self, tensors: Mapping[str, NDArray[Any]]) -> Lane | None:
        """The lane for what was kept before; None for all else, whatever it is."""
        # A plain loop: zip, comprehensions and nested keys cost 0.2 us each, and a run 4.
        node: Any = self._tree
        try:
            for name in self._names:
                array = tensors[name]
                node = node[array.__class__, array.dtype, array.shape]
            return node if len(tensors) == self._n_names else None
        except (KeyError, IndexError, TypeError, AttributeError):
            return None

    def came_before(self, tensors: Mapping[str, NDArray[Any]]) -> bool:
        """Whether such arrays were asked about before.

        A lane for those that come once each would cost more than it saves.
        """
        path = self._path(tensors)
        with self._lock:
            if path in self._once:
                return True
            if len(self._once) >= MAX_LANES:
                self._once.clear()
            self._once.add(path)
            return False

    def keep(self, tensors: Mapping[str, NDArray[Any]], lane: Lane) -> None:
        """Have arrays like these find a lane; when there are too many, forget those before."""
        path = self._path(tensors)
        with self._lock:
            if self._n_lanes >= MAX_LANES:
                self._tree, self._n_lanes = {}, 0
            node = self._tree
            for key in path[:-1]:
                node = node.setdefault(key, {})
            node[path[-1]] = lane
            self._n_lanes += 1

    def _path(self, tensors: Mapping[str, NDArray[Any]]) -> tuple[_Key, ...]:
        arrays = (tensors[name] for name in self._names)
        return tuple((type(array), array.dtype, array.shape) for array in arrays)
