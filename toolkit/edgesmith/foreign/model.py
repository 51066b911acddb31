"""A model file as the reference of its own artifact."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith_runtime.bundle import Artifact
from edgesmith_runtime.errors import BackendError, ConversionError, InputError
from edgesmith_runtime.runners import open_runner
from edgesmith_runtime.runners.fixed_batch import run_in_batches
from edgesmith_runtime.runners.quantized import Quantization
from edgesmith_runtime.spec import Signature

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from edgesmith_runtime.spec import Format, Precision

__all__ = ["Engine", "ForeignModel", "Inscribe"]

Tensors = dict[str, "NDArray[Any]"]
Engine = Callable[[Tensors], Tensors]
Inscribe = Callable[[Signature, Mapping[str, tuple[str, ...]]], bytes]

_N_ROWS = 3  # beside each other and alone: batches of two sizes
_RANGE_SHARE = 1e-4  # as in the parity of an artifact
_MAGNITUDE_SHARE = 1e-5
_FLOOR = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignModel:
    """A model file, run on its own bytes by the bare engine of its format.

    Args:
        path: Of the file, for messages.
        format: Of the file, and of the one artifact that it can become.
        precision: What its numbers are.
        version: The opset (ONNX) or the schema version (TFLite).
        signature: Of the artifact: names as in the file; the first axis is "batch", or the one
            batch size that the model works with.
        output_ops: The op that makes each output, under the names that ``Reference`` uses where
            there is such an op.
        content: The file.
        producer: What wrote it, as the file says; empty where it does not.
    """

    path: Path
    format: Format
    precision: Precision
    version: int
    signature: Signature
    output_ops: tuple[str, ...]
    content: bytes = field(repr=False)
    producer: str
    _batch_size: int | None = field(repr=False)
    _engine: Engine = field(repr=False, compare=False)
    _inscribe: Inscribe = field(repr=False, compare=False)

    @property
    def size_bytes(self) -> int:
        """Of the file."""
        return len(self.content)

    @property
    def provenance(self) -> dict[str, str]:
        """File name without its folder, digest, and what wrote it, as plain JSON values."""
        digest = hashlib.sha256(self.content).hexdigest()
        told = {"producer": self.producer} if self.producer else {}
        return {"file": self.path.name, "sha256": digest, **told}

    def run(
        self, tensors: Mapping[str, NDArray[Any]], *, batch_size: int = 256
    ) -> dict[str, NDArray[Any]]:
        """What the file answers, as a runner of its artifact gives it.

        Args:
            tensors: ``(n, ...)`` for each input, in its dtype, or of floats for a quantized one;
                ``n`` from 1.
            batch_size: Samples at a time, where the file takes any number.

        Returns:
            ``(n, ...)`` for each output, in the signature's order; of a quantized one the numbers
            that it stands for.

        Raises:
            SignatureError: A tensor is missing, surplus, or of another dtype or shape.
            ConversionError: The engine fails on them.
        """
        codes = self._checked(tensors)
        if self._batch_size is not None:
            return run_in_batches(self._answers, codes, self._batch_size)
        n_samples = len(next(iter(codes.values())))
        parts = [
            self._answers({name: a[start : start + batch_size] for name, a in codes.items()})
            for start in range(0, n_samples, batch_size)
        ]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def _checked(self, tensors: Mapping[str, NDArray[Any]]) -> Tensors:
        """The tensors as the engine takes them."""
        codes = Quantization(self.signature).codes(tensors)
        self.signature.with_free_batch().check_inputs(codes)
        return {name: np.asarray(array) for name, array in codes.items()}

    def _answers(self, tensors: Tensors) -> Tensors:
        try:
            outputs = self._engine(tensors)
        except Exception as error:  # engines raise all kinds
            raise ConversionError(
                f"{self.path}: the engine cannot run it on the samples: {error}"
            ) from error
        n_samples = len(next(iter(tensors.values())))
        for spec in self.signature.outputs:
            shape = outputs[spec.name].shape
            if shape[:1] != (n_samples,):
                raise ConversionError(
                    f"{self.path}: output '{spec.name}' has shape {shape} for {n_samples} "
                    "samples; its first axis must be the batch, as that of every input: export "
                    "the model so"
                )
        return Quantization(self.signature).numbers(
            {spec.name: outputs[spec.name] for spec in self.signature.outputs}
        )

    def tried_on(self, tensors: Mapping[str, NDArray[Any]]) -> ForeignModel:
        """The same after a trial: a sample's answer is its own, whatever is beside it.

        A fixed batch becomes free where the model works with other numbers of samples too, and
        answers the same then; else it stays, and a runner brings any number of samples through.

        Args:
            tensors: ``(n, ...)`` for each input, as ``run`` takes them; ``n`` from 1.

        Raises:
            InputError: There are none.
            SignatureError: A tensor is missing, surplus, or of another dtype or shape.
            ConversionError: The engine fails on them, or the first axis is not the batch.
        """
        codes = self._checked(tensors)
        n_rows = (self._batch_size or 1) + _N_ROWS - 1
        n_samples = len(next(iter(codes.values())))
        if not n_samples:
            raise InputError("samples: expected at least one, got none")
        rows = {name: a[np.arange(n_rows) % n_samples] for name, a in codes.items()}
        answers = run_in_batches(self._answers, rows, self._batch_size or 1)
        if self._batch_size is None:
            self._check_alone(answers, self._answers(rows))
            return self
        turned = {name: array[::-1] for name, array in rows.items()}
        other = run_in_batches(self._answers, turned, self._batch_size)
        self._check_alone(answers, {name: array[::-1] for name, array in other.items()})
        free = dataclasses.replace(self, signature=self.signature.with_free_batch())
        return free if _answers_so(free.artifact({}), rows, answers) else self

    def _check_alone(self, answers: Tensors, beside_others: Tensors) -> None:
        for name, array in answers.items():
            if not _equal(array, beside_others[name]):
                raise ConversionError(
                    f"{self.path}: output '{name}' of a sample changes with the samples beside "
                    "it, so an app would get another answer than was verified; export the model "
                    "in inference mode, with the batch as the first axis of every input"
                )

    def answered_by(self, output: str) -> ForeignModel:
        """The same with one of its outputs as the first, the one that answers."""
        order = sorted(
            range(len(self.signature.outputs)),
            key=lambda place: self.signature.outputs[place].name != output,
        )
        return dataclasses.replace(
            self,
            signature=Signature(
                self.signature.inputs, tuple(self.signature.outputs[place] for place in order)
            ),
            output_ops=tuple(self.output_ops[place] for place in order),
        )

    def artifact(self, labels: Mapping[str, tuple[str, ...]]) -> Artifact:
        """The same model with the signature's axes and with our metadata.

        Args:
            labels: Class names by output, for the metadata.
        """
        return Artifact(
            file=f"model.{self.format}",
            format=self.format,
            precision=self.precision,
            version=self.version,
            signature=self.signature,
            content=self._inscribe(self.signature, labels),
        )


def _answers_so(artifact: Artifact, rows: Tensors, answers: Tensors) -> bool:
    """Whether an artifact takes all rows at once, and one alone, and answers as is known."""
    first = {name: array[:1] for name, array in rows.items()}
    try:
        runner = open_runner(artifact)
        together, alone = runner.run(rows), runner.run(first)
    except BackendError:  # the batch is written into the graph, e.g. in the shape of a Reshape
        return False
    return all(
        _equal(array, together[name]) and _equal(array[:1], alone[name])
        for name, array in answers.items()
    )


def _equal(one: NDArray[Any], other: NDArray[Any]) -> bool:
    if one.shape != other.shape or one.dtype.kind not in "f":
        return np.array_equal(one, other)
    numbers = one[np.isfinite(one)].astype(np.float64)
    if not numbers.size:
        return np.array_equal(one, other, equal_nan=True)
    bound = (
        _RANGE_SHARE * float(np.ptp(numbers))
        + _MAGNITUDE_SHARE * float(np.abs(numbers).max())
        + _FLOOR
    )
    return np.allclose(one, other, rtol=0.0, atol=bound, equal_nan=True)
