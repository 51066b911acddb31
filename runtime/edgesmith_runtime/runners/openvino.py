"""Run ONNX artifacts with OpenVINO."""

from __future__ import annotations

import math
import time
from contextlib import suppress
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from edgesmith_runtime.errors import BackendError, DeadlineError, SignatureError
from edgesmith_runtime.runners import check_outputs
from edgesmith_runtime.runners.deadlines import MAX_WAIT_S, deadline_after, time_left
from edgesmith_runtime.runners.forking import leave_behind, tell_after_fork
from edgesmith_runtime.runners.openvino_engine import (
    check_shapes,
    compiled,
    failure,
    shared_tensor,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from edgesmith_runtime.bundle import Artifact
    from edgesmith_runtime.runners.openvino_engine import OpenvinoEngine
    from edgesmith_runtime.settings import EngineSettings

__all__ = ["OpenvinoRunner"]

# Computed in int32 by its CPU plugin, without a word where that overflows.
_WIDE = frozenset({"int64", "uint64", "uint32"})
_INT32 = np.iinfo(np.int32)

# An input as it was when it passed the checks, and the memory of its shape that OpenVINO reads:
# name, class, dtype, shape, memory. A plain tuple: it is taken apart in every run.
_Slot = tuple[str, Any, np.dtype[Any], tuple[int, ...], "NDArray[Any]"]


class OpenvinoRunner:
    """An ONNX artifact compiled by OpenVINO for the CPU; calls from several threads take turns.

    Numbers are computed in float32, whatever narrower type the CPU has. Whole numbers are
    computed in 32 bits: an input beyond is refused.

    Args:
        artifact: Its content is what the engine gets; nothing is read from the disk.
        settings: Threads of one run.

    Raises:
        BackendError: OpenVINO refuses the model, its data lies in other files, its inputs and
            outputs are not those of the artifact's signature, or one of them is float64, which
            OpenVINO computes in float32.
    """

    def __init__(self, artifact: Artifact, settings: EngineSettings) -> None:
        self.artifact = artifact
        self._settings = settings
        outputs = tuple(spec.name for spec in artifact.signature.outputs)
        self._wide = frozenset(
            spec.name for spec in artifact.signature.inputs if spec.dtype in _WIDE
        )
        self._lock = Lock()
        self._slots: tuple[_Slot, ...] = ()
        self._shapes: dict[str, tuple[int, ...]] = {}  # of the outputs, as they were checked
        engine = compiled(artifact, settings)
        self._engine: OpenvinoEngine | None = engine
        self._infer: Any = _infer(engine)
        self._given = engine.outputs  # and as the signature has them:
        self._wanted = None if self._given == outputs else outputs
        tell_after_fork(self)

    def after_fork(self) -> None:
        """In a forked child: leave the engine behind; the next run is refused."""
        leave_behind(self._engine, self._infer, self._slots)
        self._lock = Lock()
        self._slots = ()
        self._engine = self._infer = None

    def run(
        self, tensors: Mapping[str, NDArray[Any]], *, timeout: float | None = None
    ) -> dict[str, NDArray[Any]]:
        """Run the model once; see ``Runner.run``.

        Arrays of a class, dtype and shape that passed the signature in the last run are not
        checked again. A run is ended between two nodes of the model, and the next one compiles
        the model again; for a model with a loop, which OpenVINO does not leave, ``timeout`` is
        refused.
        """
        if timeout is not None:
            return self._run_until(tensors, deadline_after(timeout))
        with self._lock:
            if not self._fill(tensors):
                self._bind(tensors)
            try:
                arrays = self._infer().values()
            except Exception as error:  # RuntimeError, and what its bindings raise
                raise failure(self.artifact, error) from error
            outputs: dict[str, NDArray[Any]] = {}
            is_checked = True
            for array in arrays:  # zip takes 0.2 us more
                name = self._given[len(outputs)]
                outputs[name] = array
                if array.shape != self._shapes.get(name):
                    is_checked = False
            if not is_checked:
                self._check(outputs)
        return outputs if self._wanted is None else _in_order(outputs, self._wanted)

    def _run_until(
        self, tensors: Mapping[str, NDArray[Any]], deadline: float
    ) -> dict[str, NDArray[Any]]:
        file = self.artifact.file
        while not self._lock.acquire(
            timeout=min(time_left(deadline, where=file, done="other runs"), MAX_WAIT_S)
        ):
            pass
        try:
            engine = self._engine if self._fill(tensors) else None
            engine = engine or self._bind(tensors)
            if engine.body is not None:
                raise BackendError(
                    f"{file}: expected a model without a loop, whose run OpenVINO can end, got "
                    f"one with '{engine.body}'; leave timeout= away, or load the model with "
                    "engine='onnxruntime'"
                )
            self._await(engine.request, deadline)
            outputs = {
                name: np.array(engine.request.get_output_tensor(place).data)
                for place, name in enumerate(self._given)
            }
            self._check(outputs)
        finally:
            self._lock.release()
        return outputs if self._wanted is None else _in_order(outputs, self._wanted)

    def _await(self, request: Any, deadline: float) -> None:
        """Run, until it is done or the deadline comes."""
        left = time_left(deadline, where=self.artifact.file, done="the checks of the tensors")
        try:
            request.start_async({}, None)
            while left > 0:
                if request.wait_for(math.ceil(min(left, MAX_WAIT_S) * 1000)):
                    return
                left = deadline - time.monotonic()
            request.cancel()
            request.wait()  # raises if the run was ended, not if it was done just now
        except Exception as error:
            if left > 0:
                raise failure(self.artifact, error) from error
            self._forget_engine()
            raise DeadlineError(
                f"{self.artifact.file}: expected to be done within timeout=, the run was ended "
                f"{time.monotonic() - deadline:.3g} s after it; allow more time"
            ) from error
        except BaseException:  # an interrupt: nobody waits for the run, which reads our memory
            with suppress(Exception):
                request.cancel()
                request.wait()
            self._forget_engine()
            raise

    def _forget_engine(self) -> None:
        """Have the next run compile again.

        What was ended halfway may answer the next tensors with the shapes of these (seen with 2026.4).
        """
        self._slots, self._engine, self._infer = (), None, None

    def _fill(self, tensors: Mapping[str, NDArray[Any]]) -> bool:
        """Copy tensors like the last ones to where OpenVINO reads; False where they are others."""
        # Copied, not shared: OpenVINO takes 4 us to take other memory, in which 100 kB are copied,
        # and models that take a megabyte run for milliseconds.
        try:
            for name, kind, dtype, shape, memory in self._slots:
                array = tensors[name]
                if array.__class__ is not kind or array.dtype != dtype or array.shape != shape:
                    return False
                memory[...] = array
        except (KeyError, IndexError, TypeError, AttributeError):
            return False
        if self._wide:
            self._check_width(self._slots)
        return 0 < len(self._slots) == len(tensors)

    def _bind(self, tensors: Mapping[str, NDArray[Any]]) -> OpenvinoEngine:
        """Check in full, and give OpenVINO memory of the tensors' shapes."""
        self.artifact.signature.check_inputs(tensors)
        slots = tuple(
            _slot(spec.name, tensors[spec.name]) for spec in self.artifact.signature.inputs
        )
        self._check_width(slots)
        self._slots, self._shapes = (), {}
        if self._engine is None:
            self._engine = compiled(self.artifact, self._settings)
            self._infer = _infer(self._engine)
        check_shapes(self.artifact, self._engine, {name: m.shape for name, *_, m in slots})
        try:
            for name, *_, memory in slots:
                if name in self._engine.inputs:
                    place = self._engine.inputs[name]
                    self._engine.request.set_input_tensor(place, shared_tensor(memory))
        except Exception as error:
            raise failure(self.artifact, error) from error
        self._slots = slots
        return self._engine

    def _check_width(self, slots: tuple[_Slot, ...]) -> None:
        for name, *_, numbers in slots:
            if name not in self._wide or not numbers.size:
                continue
            low, high = numbers.min(), numbers.max()
            if low < _INT32.min or high > _INT32.max:
                raise SignatureError(
                    f"tensor '{name}': expected numbers from {_INT32.min} to {_INT32.max}, in "
                    f"which OpenVINO computes, got {low} to {high}; load the model with "
                    "engine='onnxruntime'"
                )

    def _check(self, outputs: Mapping[str, NDArray[Any]]) -> None:
        try:
            check_outputs(self.artifact, outputs)
            self._check_axes(outputs)
        except BackendError:
            self._slots = ()  # so that the next answer is checked as well
            raise
        self._shapes = {name: array.shape for name, array in outputs.items()}

    def _check_axes(self, outputs: Mapping[str, NDArray[Any]]) -> None:
        """Refuse lengths that are not those of the inputs: OpenVINO does not tell all faults."""
        given = {
            axis: length
            for spec, slot in zip(self.artifact.signature.inputs, self._slots, strict=True)
            for axis, length in zip(spec.shape, slot[-1].shape, strict=True)
        }
        for spec in self.artifact.signature.outputs:
            for axis, length in zip(spec.shape, outputs[spec.name].shape, strict=True):
                if isinstance(axis, str) and given.get(axis, length) != length:
                    raise BackendError(
                        f"{self.artifact.file}: output '{spec.name}': expected {given[axis]} on "
                        f"the axis '{axis}' as in the inputs, OpenVINO gives {length}; load the "
                        "model with engine='onnxruntime'"
                    )


def _infer(engine: OpenvinoEngine) -> Any:
    """A run on the bound memory that gives copies of the outputs."""
    return partial(engine.request.infer, {}, False, False)  # noqa: FBT003 - its own arguments


def _in_order(
    outputs: Mapping[str, NDArray[Any]], names: tuple[str, ...]
) -> dict[str, NDArray[Any]]:
    return {name: outputs[name] for name in names}


def _slot(name: str, given: Any) -> _Slot:
    array: Any = np.asarray(given)
    # What is no array (a list, a tensor of a framework) is made one and checked every time.
    kind = given.__class__ if isinstance(cast("object", given), np.ndarray) else None
    return name, kind, array.dtype, array.shape, np.array(array, order="C")
