"""A loaded bundle: raw input in, prediction out."""

from __future__ import annotations

from functools import cache
from threading import Lock
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from edgesmith_runtime.batches import as_batch, split_inputs, stacked, with_dtype
from edgesmith_runtime.errors import TransformError
from edgesmith_runtime.finiteness import Finiteness
from edgesmith_runtime.transforms.vocabulary import FILLING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from edgesmith_runtime.bundle import Artifact, Bundle
    from edgesmith_runtime.decoding import Prediction
    from edgesmith_runtime.manifest import Manifest
    from edgesmith_runtime.recording import Recorder
    from edgesmith_runtime.runners import Runner
    from edgesmith_runtime.selftest import SelfTestResult
    from edgesmith_runtime.settings import EngineSettings
    from edgesmith_runtime.spec import Signature
    from edgesmith_runtime.streaming import ModelStream
    from edgesmith_runtime.transforms import Batch, Transform

__all__ = ["Model"]


class Model:
    """A loaded bundle: raw input in, prediction out. It may be called from any thread.

    What a raw input is, its kind in ``manifest.raw_inputs`` says: an image is a path, the bytes
    of a file or an array; sound the same, or ``(rate, array)``; a table is a row, ``{column: cell}``; a text is a string; a tensor is
    an array, or plain numbers. A bundle with several raw inputs takes ``{name: raw input}``.

    Args:
        bundle: As ``read_bundle`` gives it.
        transform: From raw inputs to the tensors of the runner's artifact.
        runner: Of one artifact of the bundle.
        settings: Those that the runner was opened with, where they are known.
        non_finite: What ``predict``, its other forms, ``stream`` and ``prepare`` do about NaN and
            infinity: "error", "warn" or "pass"; see ``load``.
    """

    def __init__(
        self,
        bundle: Bundle,
        transform: Transform,
        runner: Runner,
        settings: EngineSettings | None = None,
        *,
        non_finite: str = "error",
    ) -> None:
        self._bundle = bundle
        self._transform = transform
        self._runner = runner
        self._settings = settings
        self._recorder: Recorder | None = None
        self._recording = Lock()  # held while a recorder is there; nobody waits for it
        missing = _may_be_missing(bundle.manifest, len(transform.steps))
        self._finiteness = Finiteness(non_finite, missing)

    def __repr__(self) -> str:
        return f"<Model '{self.manifest.name}' from {self.artifact.file}>"

    @property
    def manifest(self) -> Manifest:
        """What the bundle says of itself."""
        return self._bundle.manifest

    @property
    def bundle(self) -> Bundle:
        """What it was loaded from, in memory, as it was checked."""
        return self._bundle

    @property
    def artifact(self) -> Artifact:
        """The model file that runs."""
        return self._runner.artifact

    @property
    def settings(self) -> EngineSettings | None:
        """The engine that runs it, and how: as asked for, as tuned on this host, or by default."""
        return self._settings

    @property
    def signature(self) -> Signature:
        """The tensors that ``run`` takes and gives; those with a scale as numbers in float32."""
        return self._runner.artifact.signature

    @property
    def transform(self) -> Transform:
        """The steps from raw inputs to the tensors that ``run`` takes."""
        return self._transform

    def predict(self, raw: object, *, timeout: float | None = None) -> Prediction:
        """The answer for one raw input.

        Args:
            raw: One of the kind that the class describes.
            timeout: In seconds from the call, above 0; the transform's time is part of it. A run
                of onnxruntime or OpenVINO is ended soon after; LiteRT takes no timeout. None sets
                no limit.

        Raises:
            DeadlineError: The answer took longer than ``timeout``.
            ValueError: ``timeout`` is not a number of seconds.
            InputError: It cannot be read, lacks a column, or holds NaN or infinity.
            SignatureError: Its tensor has not the shape that the model takes.
            BackendError: A decoder is not installed, the engine failed, or the model answers
                with NaN or infinity.
        """
        return self.predict_batch([raw], timeout=timeout)[0]

    def predict_batch(self, raws: object, *, timeout: float | None = None) -> list[Prediction]:
        """The answers for several raw inputs, in order, by one run of the model.

        Args:
            raws: A list of raw inputs. For images, sound and tensors also an array, its first axis the
                batch; for a table also a mapping of column to a list of cells; for several raw
                inputs also a mapping of each to such a batch.
            timeout: As that of ``predict``, for all together.

        Raises:
            DeadlineError: The answers took longer than ``timeout``.
            ValueError: ``timeout`` is not a number of seconds.
            InputError: One cannot be read, lacks a column, or holds NaN or infinity.
            SignatureError: Their tensor has not the shape that the model takes.
            BackendError: A decoder is not installed, the engine failed, or the model answers
                with NaN or infinity.
        """
        if timeout is None:
            if _is_empty(raws):
                return []
            if (recorder := self._recorder) is not None and not next(recorder.turns):
                return recorder.predict_batch(raws, None)
            tensors = self._prepare(self._split(raws))
            outputs = self._runner.run(tensors)
        else:
            from edgesmith_runtime.runners.deadlines import check_ending, deadline_after

            deadline = deadline_after(timeout)
            check_ending(self.artifact, timeout)
            if _is_empty(raws):
                return []
            if (recorder := self._recorder) is not None and not next(recorder.turns):
                return recorder.predict_batch(raws, deadline)
            tensors = self._prepare(self._split(raws))
            left = self._left(deadline)
            outputs = self._runner.run(tensors, timeout=left)
        return self._answers(tensors, outputs)

    async def predict_async(self, raw: object, *, timeout: float | None = None) -> Prediction:
        """``predict`` for event loops: the loop goes on meanwhile; answer and errors are the same.

        When the task is cancelled the wait ends at once; a run that has begun goes on in its
        thread to its end, or to ``timeout``, and its answer is dropped.
        """
        from edgesmith_runtime.off_loop import off_loop

        return await off_loop(self.predict, raw, timeout=timeout)

    async def predict_batch_async(
        self, raws: object, *, timeout: float | None = None
    ) -> list[Prediction]:
        """``predict_batch`` for event loops, as ``predict_async``."""
        from edgesmith_runtime.off_loop import off_loop

        return await off_loop(self.predict_batch, raws, timeout=timeout)

    async def run_async(
        self, tensors: Mapping[str, NDArray[Any]], *, timeout: float | None = None
    ) -> dict[str, NDArray[Any]]:
        """``run`` for event loops, as ``predict_async``."""
        from edgesmith_runtime.off_loop import off_loop

        return await off_loop(self.run, tensors, timeout=timeout)

    def stream(self, *, hop_s: float | None = None) -> ModelStream:
        """Answers for a recording that comes in chunks, one for each window.

        Args:
            hop_s: From the start of a window to that of the next, in seconds; None: the length
                of a window, which the model has.

        Raises:
            TransformError: The model takes no sound, has no fixed window, or a step needs the
                whole recording; the message names it.
            InputError: ``hop_s`` is no number, or less than a sample.
        """
        from edgesmith_runtime.streaming import ModelStream

        names = [spec.name for spec in self.signature.inputs]
        if len(names) != 1:
            raise TransformError(f"expected a model of one tensor, got {names}")

        def answer(tensor: NDArray[Any]) -> list[Prediction]:
            tensors = {names[0]: tensor}
            self._finiteness.check_tensors(tensors)
            return self._answers(tensors, self._runner.run(tensors))

        return ModelStream(self._transform, names[0], answer, hop_s=hop_s)

    def prepare(self, raw: object) -> dict[str, NDArray[Any]]:
        """The transform alone: the tensors of one raw input, for ``run``; a batch of one.

        Raises:
            InputError: It cannot be read, lacks a column, or holds NaN or infinity.
            BackendError: A decoder is not installed.
        """
        return self._prepare(self._split([raw]))

    def run(
        self, tensors: Mapping[str, NDArray[Any]], *, timeout: float | None = None
    ) -> dict[str, NDArray[Any]]:
        """Run the model on prepared tensors: the fast lane.

        NaN and infinity pass as they are, whatever ``non_finite`` says.

        Args:
            tensors: One array for each input of ``signature``, the first axis the batch. For one
                with a scale it is numbers of any float dtype, or codes in the dtype of the
                signature.
            timeout: As that of ``predict``.

        Returns:
            One array for each output of ``signature``; the caller owns them. Of one with a scale
            it is numbers in float32.

        Raises:
            SignatureError: A tensor is missing, surplus, or of another dtype or shape, or NaN is
                among the numbers for an input with a scale.
            DeadlineError: The run took longer than ``timeout``.
            BackendError: The engine failed.
            ValueError: ``timeout`` is not a number of seconds.
        """
        if (recorder := self._recorder) is not None and not next(recorder.turns):
            return recorder.run(tensors, timeout)
        return self._runner.run(tensors, timeout=timeout)

    def record(self, capacity: int = 10_000, *, every: int = 1) -> Recorder:
        """Keep where each call spends its time, from now until ``stop``, for ``explain``.

        ``with model.record() as recorder:`` stops at its end. A recorded call takes 2 us (``run``)
        to 9 us (``predict``) longer: below 1 % of calls from a millisecond on. Of quicker ones
        ``every`` lowers it: 16 makes it 0.6 us on average, below 1 % of a ``predict`` of 100 us.
        Without a recorder nothing is kept and nothing is timed.

        Args:
            capacity: Calls that are kept, the newest, from 1; each takes 120 bytes.
            every: One call in so many is recorded, 32 in a row each time, from 1 to 1000; the
                others take 0.05 us longer.

        Raises:
            ValueError: One is no such number, or the model is recorded already.
        """
        from edgesmith_runtime.recording import MOST_EVERY, Recorder, Stages

        if type(capacity) is not int or capacity < 1:
            raise ValueError(f"capacity: expected calls from 1, got {capacity!r}")
        if type(every) is not int or not 1 <= every <= MOST_EVERY:
            raise ValueError(
                f"every: expected one call in so many, 1 to {MOST_EVERY}, got {every!r}"
            )
        if not self._recording.acquire(blocking=False):
            raise ValueError(
                f"{self.manifest.name}: expected a model that is not recorded, it is already; "
                "stop that recorder first"
            )
        try:
            recorder = self._recorder = Recorder(
                self._bundle,
                self._runner,
                self._settings,
                Stages(self._timed_tensors, self._runner.run, self._left, self._answers),
                capacity=capacity,
                every=every,
                on_stop=self._end_recording,
            )
        except BaseException:  # no memory for so many calls
            self._recording.release()
            raise
        return recorder

    def _end_recording(self) -> None:
        self._recorder = None
        self._recording.release()

    def selftest(self) -> SelfTestResult:
        """Replay the golden samples of the bundle: raw input to tensors to outputs.

        Raises:
            SelfTestError: The first difference beyond its tolerance.
            BundleError: The bundle has no golden samples.
        """
        from edgesmith_runtime.selftest import replay

        return replay(self._bundle, self._runner, self._prepare)

    def _answers(
        self, tensors: Mapping[str, NDArray[Any]], outputs: Mapping[str, NDArray[Any]]
    ) -> list[Prediction]:
        check_rows, decode = _decoding()
        n_samples = len(next(iter(tensors.values())))
        check_rows(outputs, n_samples, where=self.artifact.file)
        self._finiteness.check_outputs(outputs, tensors)
        return decode(self.manifest.task, self.manifest.outputs, outputs)

    def _split(self, raws: object) -> dict[str, Batch]:
        return split_inputs(self.manifest.raw_inputs, raws)

    def _left(self, deadline: float) -> float:
        from edgesmith_runtime.runners.deadlines import time_left

        return time_left(deadline, where=self.artifact.file, done="the transform")

    def _prepare(self, by_input: Mapping[str, Batch]) -> dict[str, NDArray[Any]]:
        batches = self._batches(by_input)
        if not self._transform.steps:
            return self._tensors(batches)
        with np.errstate(over="ignore"):  # an infinity is refused below, by place
            values = self._transform(batches)
        return self._tensors(values)

    def _timed_tensors(self, raws: object) -> tuple[int, dict[str, NDArray[Any]]]:
        """When the raw inputs were read, by ``time.perf_counter_ns``, and the tensors."""
        batches = self._batches(self._split(raws))
        if not self._transform.steps:
            return perf_counter_ns(), self._tensors(batches)
        with np.errstate(over="ignore"):  # as above
            values = self._transform.read(batches)
            read_ns = perf_counter_ns()
            values = self._transform.finish(values)
        return read_ns, self._tensors(values)

    def _batches(self, by_input: Mapping[str, Batch]) -> dict[str, Batch]:
        return {raw.name: as_batch(raw, by_input[raw.name]) for raw in self.manifest.raw_inputs}

    def _tensors(self, values: Mapping[str, Batch]) -> dict[str, NDArray[Any]]:
        raw_names = self._transform.raw_inputs
        tensors = {
            spec.name: stacked(
                spec.name,
                with_dtype(spec, values[spec.name])
                if spec.name in raw_names
                else values[spec.name],
            )
            for spec in self.signature.inputs
        }
        self._finiteness.check_tensors(tensors)
        return tensors


@cache  # an import statement takes 0.7 us, in every call
def _decoding() -> tuple[Callable[..., None], Callable[..., list[Prediction]]]:
    from edgesmith_runtime.decoding import (
        check_rows,
        decode,
    )  # not for apps that call run alone

    return check_rows, decode


def _may_be_missing(manifest: Manifest, n_steps: int) -> frozenset[str]:
    """Values that steps within a fused artifact fill, some steps later too: NaN may come in there."""
    names: set[str] = set()
    for step in reversed(manifest.transform[n_steps:]):
        if step.op in FILLING or names.intersection(step.outputs):
            names.update(step.inputs)
    return frozenset(names)


def _is_empty(raws: object) -> bool:
    return isinstance(raws, list | tuple) and not cast("Sequence[object]", raws)
