"""A loaded bundle: raw input in, prediction out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from edgesmith_runtime.batches import as_batch, split_inputs
from edgesmith_runtime.decoding import decode
from edgesmith_runtime.errors import InputError, TransformError
from edgesmith_runtime.selftest import replay
from edgesmith_runtime.streaming import ModelStream
from edgesmith_runtime.transforms.numeric import Tensor
from edgesmith_runtime.transforms.vocabulary import FILLING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from edgesmith_runtime.bundle import Artifact, Bundle
    from edgesmith_runtime.decoding import Prediction
    from edgesmith_runtime.manifest import Manifest
    from edgesmith_runtime.runners import Runner
    from edgesmith_runtime.selftest import SelfTestResult
    from edgesmith_runtime.spec import Signature, TensorSpec
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
    """

    def __init__(self, bundle: Bundle, transform: Transform, runner: Runner) -> None:
        self._bundle = bundle
        self._transform = transform
        self._runner = runner
        self._may_be_missing = _may_be_missing(bundle.manifest, len(transform.steps))

    def __repr__(self) -> str:
        return f"<Model '{self.manifest.name}' from {self.artifact.file}>"

    @property
    def manifest(self) -> Manifest:
        """What the bundle says of itself."""
        return self._bundle.manifest

    @property
    def artifact(self) -> Artifact:
        """The model file that runs."""
        return self._runner.artifact

    @property
    def signature(self) -> Signature:
        """The tensors that ``run`` takes and gives; those with a scale as numbers in float32."""
        return self._runner.artifact.signature

    @property
    def transform(self) -> Transform:
        """The steps from raw inputs to the tensors that ``run`` takes."""
        return self._transform

    def predict(self, raw: object) -> Prediction:
        """The answer for one raw input.

        Raises:
            InputError: It cannot be read, lacks a column, or holds NaN or infinity.
            SignatureError: Its tensor has not the shape that the model takes.
            BackendError: A decoder is not installed, or the engine failed.
        """
        return self.predict_batch([raw])[0]

    def predict_batch(self, raws: object) -> list[Prediction]:
        """The answers for several raw inputs, in order, by one run of the model.

        Args:
            raws: A list of raw inputs. For images, sound and tensors also an array, its first axis the
                batch; for a table also a mapping of column to a list of cells; for several raw
                inputs also a mapping of each to such a batch.

        Raises:
            InputError: One cannot be read, lacks a column, or holds NaN or infinity.
            SignatureError: Their tensor has not the shape that the model takes.
            BackendError: A decoder is not installed, or the engine failed.
        """
        if _is_empty(raws):
            return []
        outputs = self._runner.run(self._prepare(self._split(raws)))
        return decode(self.manifest.task, self.manifest.outputs, outputs)

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
        names = [spec.name for spec in self.signature.inputs]
        if len(names) != 1:
            raise TransformError(f"expected a model of one tensor, got {names}")

        def answer(tensor: NDArray[Any]) -> list[Prediction]:
            name = names[0]
            _check_finite(name, tensor, may_be_missing=name in self._may_be_missing)
            outputs = self._runner.run({name: tensor})
            return decode(self.manifest.task, self.manifest.outputs, outputs)

        return ModelStream(self._transform, names[0], answer, hop_s=hop_s)

    def prepare(self, raw: object) -> dict[str, NDArray[Any]]:
        """The transform alone: the tensors of one raw input, for ``run``; a batch of one.

        Raises:
            InputError: It cannot be read, lacks a column, or holds NaN or infinity.
            BackendError: A decoder is not installed.
        """
        return self._prepare(self._split([raw]))

    def run(self, tensors: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Run the model on prepared tensors: the fast lane.

        Args:
            tensors: One array for each input of ``signature``, the first axis the batch. For one
                with a scale it is numbers of any float dtype, or codes in the dtype of the
                signature.

        Returns:
            One array for each output of ``signature``; the caller owns them. Of one with a scale
            it is numbers in float32.

        Raises:
            SignatureError: A tensor is missing, surplus, or of another dtype or shape, or NaN is
                among the numbers for an input with a scale.
            BackendError: The engine failed.
        """
        return self._runner.run(tensors)

    def selftest(self) -> SelfTestResult:
        """Replay the golden samples of the bundle: raw input to tensors to outputs.

        Raises:
            SelfTestError: The first difference beyond its tolerance.
            BundleError: The bundle has no golden samples.
        """
        return replay(self._bundle, self._runner, self._prepare)

    def _split(self, raws: object) -> dict[str, Batch]:
        return split_inputs(self.manifest.raw_inputs, raws)

    def _prepare(self, by_input: Mapping[str, Batch]) -> dict[str, NDArray[Any]]:
        batches = {
            raw.name: as_batch(raw, by_input[raw.name]) for raw in self.manifest.raw_inputs
        }
        with np.errstate(over="ignore"):  # an infinity is refused below, by place
            values = self._transform(batches)
        raw_names = self._transform.raw_inputs
        tensors = {
            spec.name: _array(
                spec.name,
                _with_dtype(spec, values[spec.name])
                if spec.name in raw_names
                else values[spec.name],
            )
            for spec in self.signature.inputs
        }
        for name, tensor in tensors.items():
            _check_finite(name, tensor, may_be_missing=name in self._may_be_missing)
        return tensors


def _may_be_missing(manifest: Manifest, n_steps: int) -> frozenset[str]:
    """Values that steps within a fused artifact fill: NaN may come in there."""
    return frozenset(
        name
        for step in manifest.transform[n_steps:]
        if step.op in FILLING
        for name in step.inputs
    )


def _is_empty(raws: object) -> bool:
    return isinstance(raws, list | tuple) and not cast("Sequence[object]", raws)


def _with_dtype(spec: TensorSpec, batch: Batch) -> Batch:
    """Plain numbers among raw tensors, which have no dtype of their own, in that of the model.

    Those of a quantized tensor are numbers, as for any other artifact of the bundle, not codes.
    """
    if isinstance(batch, np.ndarray):
        return cast("Batch", batch)
    shape = tuple(-1 if isinstance(axis, str) else axis for axis in spec.sample_shape)
    tensor = Tensor(spec.dtype if spec.scale is None else "float32", shape)
    return [
        sample if isinstance(sample, np.ndarray) else tensor([sample])[0] for sample in batch
    ]


def _array(name: str, value: Batch) -> NDArray[Any]:
    """A value of the transform as one array, ``(batch, ...)``."""
    if isinstance(value, np.ndarray):
        return cast("NDArray[Any]", value)
    try:
        return np.stack([np.asarray(sample) for sample in value])
    except ValueError as error:
        raise InputError(
            f"tensor '{name}': the samples do not stack, give them one by one: {error}"
        ) from error


def _check_finite(name: str, tensor: NDArray[Any], *, may_be_missing: bool) -> None:
    if tensor.dtype.kind != "f" or np.isfinite(tensor).all():
        return
    strange = np.isinf(tensor) if may_be_missing else ~np.isfinite(tensor)
    if not strange.any():
        return
    place = tuple(int(index) for index in np.argwhere(strange)[0])
    raise InputError(
        f"sample {place[0]}: tensor '{name}' is {tensor[place]} at {place[1:]} after the "
        "transform; fill what is missing, and look for values out of range"
    )
