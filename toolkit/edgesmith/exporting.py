"""What a model that was trained elsewhere does not say by itself: its task, answers and raw inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from edgesmith.drawn import drawn_samples
from edgesmith.foreign import ForeignModel
from edgesmith.lifted_samples import drawn_raw, raw_batches, through
from edgesmith.raw_kinds import check_one_by_one, raw_inputs_of
from edgesmith_runtime.batches import as_batch, split_inputs
from edgesmith_runtime.errors import ConfigError, InputError, SignatureError
from edgesmith_runtime.manifest import Decode, DecodeOp, Kind, Output, RawInput, Task
from edgesmith_runtime.runners.quantized import Quantization
from edgesmith_runtime.transforms import Transform

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from edgesmith.core import KerasModel
    from edgesmith.foreign import AnyReference
    from edgesmith.reference import Lifted, Reference
    from edgesmith_runtime.manifest import Step
    from edgesmith_runtime.spec import TensorSpec
    from edgesmith_runtime.transforms import Batch

__all__ = ["Sampled", "given_answers", "infer_task", "output_nouns", "trace_on", "true_answers"]

_ROUNDING = 1e-5


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """A traced model with the samples to verify it on.

    Args:
        reference: The traced model, or the model file.
        raw_inputs: What an app hands in.
        raw: A batch of each, by name.
        tensors: The model's input tensors of the same samples, ``(n, ...)``, ``n`` from 1.
        steps: From the raw inputs to the tensors: the user's, then the lifted ones.
        assets: Content of the files that steps name, by name.
        outputs: Where layers are lifted, the whole model's on the raw inputs, ``(n, ...)``;
            else the reference's on the tensors are all there is.
    """

    reference: AnyReference
    raw_inputs: tuple[RawInput, ...]
    raw: Mapping[str, Batch]
    tensors: Mapping[str, NDArray[Any]]
    steps: tuple[Step, ...] = ()
    assets: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    outputs: Mapping[str, NDArray[Any]] | None = None

    def __post_init__(self) -> None:
        if not len(self):
            raise InputError("samples: expected at least one, got none")

    def __len__(self) -> int:
        return len(next(iter(self.tensors.values())))

    def rows(self, rows: Sequence[int]) -> dict[str, Batch]:
        """The raw inputs of some samples."""
        return {name: _taken(batch, rows) for name, batch in self.raw.items()}


def _taken(batch: Batch, rows: Sequence[int]) -> Batch:
    if isinstance(batch, Mapping):
        columns = cast("Mapping[str, Batch]", batch)
        return {column: [cells[row] for row in rows] for column, cells in columns.items()}
    if isinstance(batch, np.ndarray):
        return cast("NDArray[Any]", batch)[list(rows)]
    return [batch[row] for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What the user wants of a trace; see ``trace_on``."""

    seed: int
    inputs: tuple[TensorSpec, ...] | None
    batch: int | None


def trace_on(
    model: KerasModel | ForeignModel,
    samples: Any,
    steps: tuple[Step, ...],
    *,
    seed: int,
    inputs: tuple[TensorSpec, ...] | None = None,
    batch: int | None = None,
) -> Sampled:
    """Trace a model, and bring the user's samples into the forms that verification needs.

    Args:
        model: A Keras model of any style, or a model file.
        samples: Raw inputs as ``predict_batch`` takes them; without steps the model's own
            inputs, one array or arrays by input name. None draws them, see ``drawn``.
        steps: From the raw inputs to the model's tensors.
        seed: Of drawn samples.
        inputs: What the model takes, where it does not say so.
        batch: How many samples one run shall take; None leaves it free.

    Raises:
        InputError: Samples are needed and absent, or are not what the steps take.
        ConfigError: The steps do not give what the model takes.
        TransformError: A step takes the samples together, and not one by one.
        ConversionError: The model cannot be traced.
        ParityError: Lifted steps give something else than Keras' layers.
    """
    asked = _Asked(seed=seed, inputs=inputs, batch=batch)
    if not steps:
        try:
            return _trace_on_tensors(model, samples, asked)
        except SignatureError as error:
            if "expected dtype float32, got uint8" not in str(error):
                raise
            raise SignatureError(
                f"{error}; if your training divided the pixels, give that as transform "
                "(--transform) and the samples as they are"
            ) from error
    raw_inputs = raw_inputs_of(steps)
    if samples is None:
        raise InputError(
            "samples: needed with a transform, there is nothing to draw raw inputs from"
        )
    batches = split_inputs(raw_inputs, samples)
    raw = {one.name: as_batch(one, batches[one.name]) for one in raw_inputs}
    values = Transform(steps, tuple(raw))(raw)
    check_one_by_one(steps, raw)
    used = {name for step in steps for name in step.inputs}
    final = {name: value for name, value in values.items() if name not in used}
    ends = final if len(final) > 1 else next(iter(final.values()))
    reference = _reference(model, ends, asked)
    lifted = _lifted(reference)
    names = [spec.name for spec in (lifted or reference.signature).inputs]
    if not set(names) <= set(values):
        raise ConfigError(f"transform: expected steps that give {names}, got {sorted(final)}")
    given = {name: values[name] for name in names}
    if lifted is None:
        return Sampled(
            reference=reference, raw_inputs=raw_inputs, raw=raw, tensors=given, steps=steps
        )
    whole = _sampled_whole(cast("Reference", reference), lifted, given)
    return replace(whole, raw_inputs=raw_inputs, raw=raw, steps=(*steps, *lifted.steps))


def _lifted(reference: AnyReference) -> Lifted | None:
    return None if isinstance(reference, ForeignModel) else reference.lifted


def _sampled_whole(reference: Reference, lifted: Lifted, raw: Mapping[str, Batch]) -> Sampled:
    whole = through(reference, lifted, raw)
    return Sampled(
        reference=reference,
        raw_inputs=lifted.raw_inputs,
        raw=raw,
        tensors=whole.tensors,
        steps=lifted.steps,
        assets=lifted.assets,
        outputs=whole.outputs,
    )


def _reference(
    model: KerasModel | ForeignModel,
    tensors: NDArray[Any] | Mapping[str, NDArray[Any]] | None,
    asked: _Asked,
) -> AnyReference:
    if not isinstance(model, ForeignModel):
        from edgesmith.reference import trace  # and TensorFlow

        return trace(model, inputs=asked.inputs, samples=tensors, batch=asked.batch)
    if asked.batch is not None:
        raise ConfigError(
            f"{model.path}: a model file keeps its batch axis, got batch {asked.batch}; leave "
            "batch out, or export the original model with it"
        )
    if tensors is None:
        tensors = drawn_samples(model.signature.inputs, asked.seed)
    elif not isinstance(tensors, Mapping):
        tensors = _named(model.signature.inputs, tensors)
    return model.tried_on(tensors)


def _trace_on_tensors(
    model: KerasModel | ForeignModel,
    samples: Any,
    asked: _Asked,
) -> Sampled:
    given = None if samples is None else _arrays(samples)
    reference = _reference(model, given, asked)
    if (lifted := _lifted(reference)) is not None:
        raw = drawn_raw(lifted, asked.seed) if given is None else raw_batches(lifted, given)
        return _sampled_whole(cast("Reference", reference), lifted, raw)
    specs = reference.signature.inputs
    if given is None:
        tensors = drawn_samples(specs, asked.seed)
    else:
        tensors = given if isinstance(given, dict) else _named(specs, given)
    codes = Quantization(reference.signature).codes(tensors)
    reference.signature.with_free_batch().check_inputs(codes)
    raw_inputs = tuple(
        RawInput(name=spec.name, kind=Kind.TENSOR, accepts=_accepted(spec)) for spec in specs
    )
    return Sampled(reference=reference, raw_inputs=raw_inputs, raw=tensors, tensors=tensors)


def _named(specs: Sequence[TensorSpec], array: NDArray[Any]) -> dict[str, NDArray[Any]]:
    if len(specs) > 1:
        raise InputError(
            f"samples: expected an array for each of the inputs {[spec.name for spec in specs]}, "
            "got one without a name; give arrays by input name, in a file as .npz"
        )
    return {specs[0].name: array}


def _accepted(spec: TensorSpec) -> str:
    what = spec.dtype if spec.scale is None else f"float32, or its codes in {spec.dtype},"
    return f"an array of {what} with the shape {list(spec.sample_shape)}"


def _arrays(samples: Any) -> NDArray[Any] | dict[str, NDArray[Any]]:
    if isinstance(samples, Mapping):
        named = cast("Mapping[str, Any]", samples)
        return {name: _inputs(one, f"samples['{name}']") for name, one in named.items()}
    return _inputs(samples, "samples")


def _inputs(values: Any, what: str) -> NDArray[Any]:
    array = _array(values, what)
    # Texts of a fixed width lose the NUL at their end.
    return np.asarray(values, object) if array.dtype.kind in "SU" else array


def _array(values: Any, what: str) -> NDArray[Any]:
    try:
        return np.asarray(values)
    except ValueError as error:
        raise InputError(
            f"{what}: expected one array, or arrays by input name where there are several "
            f"inputs: {error}"
        ) from error


def given_answers(expected: Any, n_samples: int, *, drawn: bool = False) -> NDArray[Any] | None:
    """The user's true answers as an array, ``(n, ...)``; a column ``(n, 1)`` becomes ``(n,)``.

    Raises:
        InputError: Not one answer a sample, or the samples were ``drawn``, not the user's.
    """
    if expected is None:
        return None
    if drawn:
        raise InputError(
            "expected: answers without the samples that they are for; give the samples too"
        )
    answers = _array(expected, "expected")
    n_answers = len(answers) if answers.ndim else 1
    if n_answers != n_samples:
        raise InputError(f"expected: one answer a sample, {n_samples}, got {n_answers}")
    return answers[:, 0] if answers.shape[1:] == (1,) else answers


def infer_task(
    expected: NDArray[Any] | None, class_names: Sequence[str] | None, width: int | None
) -> Task:
    """Classification with class names or whole-number answers to a wide output, else as given.

    Args:
        expected: The true answers, ``(n,)`` or ``(n, k)``, or None.
        class_names: In the order of the output, or None.
        width: Length of the first output's last axis; None where it is free.
    """
    if class_names is not None:
        return Task.CLASSIFICATION
    if expected is None:
        return Task.TENSOR
    wide = width is None or width > 1
    if expected.dtype.kind in "iu" and expected.ndim == 1 and wide:
        return Task.CLASSIFICATION
    return Task.REGRESSION


def output_nouns(
    reference: AnyReference,
    task: Task,
    class_names: Sequence[str] | None,
    first: NDArray[Any],
) -> tuple[Output, ...]:
    """The outputs with their labels and decode; the first one answers.

    Args:
        reference: The traced model.
        task: What the first output means.
        class_names: In the order of the output; "0", "1", ... where None.
        first: The first output on the samples, ``(n, ...)``. Whether it holds probabilities or
            logits is read off the op that makes it, or else off these values.

    Raises:
        ConfigError: Another number of class names than the output has.
    """
    nouns = [
        Output(name=spec.name, shape=spec.sample_shape) for spec in reference.signature.outputs
    ]
    labels, decode = None, Decode()
    if task is Task.CLASSIFICATION:
        labels, decode = _classes(nouns[0], class_names, first, reference.output_ops[0])
    elif task is Task.REGRESSION:
        decode = Decode(op=DecodeOp.INVERSE_SCALE)
    nouns[0] = replace(nouns[0], labels=labels, decode=decode)
    return tuple(nouns)


def _classes(
    output: Output, class_names: Sequence[str] | None, first: NDArray[Any], made_by: str
) -> tuple[tuple[str, ...], Decode]:
    width = first.shape[-1] if first.ndim > 1 else 1
    n_classes = max(width, 2)
    labels = tuple(class_names or (str(index) for index in range(n_classes)))
    if len(labels) != n_classes:
        raise ConfigError(
            f"class names: the output '{output.name}' tells {n_classes} classes apart, "
            f"got {len(labels)} names"
        )
    if _is_logit(made_by, first, width):
        return labels, Decode(op=DecodeOp.SIGMOID if width == 1 else DecodeOp.SOFTMAX)
    return labels, Decode(op=DecodeOp.THRESHOLD if width == 1 else DecodeOp.ARGMAX)


def _is_logit(made_by: str, first: NDArray[Any], width: int) -> bool:
    """By the op that makes the output; where that does not tell, by the values on the samples."""
    if made_by in ("Sigmoid", "Softmax"):
        return False
    if made_by in ("MatMul", "BiasAdd", "AddV2"):
        return True
    # A forest's float32 shares add up to 1.0000001.
    in_unit = bool(np.all(first >= -_ROUNDING) and np.all(first <= 1 + _ROUNDING))
    sums_to_one = width == 1 or bool(np.allclose(first.sum(axis=-1), 1, atol=1e-3))
    return not (in_unit and sums_to_one)


def true_answers(
    given: NDArray[Any] | None, task: Task, output: Output, first: NDArray[Any]
) -> NDArray[Any] | None:
    """The given answers in the form that ``verification.answers`` has, to be compared with it.

    Args:
        given: As ``given_answers`` gives them.
        task: What the output means.
        output: The output that answers.
        first: That output on the samples, ``(n, ...)``.

    Returns:
        ``(n,)`` int64 class indices, or ``(n,)`` or ``(n, k)`` float64 values.

    Raises:
        InputError: Not class indices, or not as many finite values as the output gives.
    """
    if given is None:
        return None
    if given.dtype.kind not in "biuf":
        raise InputError(
            f"expected: class indices or values, got {given.dtype}; a class is given by its place "
            "in class_names"
        )
    if task is Task.CLASSIFICATION:
        return _class_indices(given, len(output.labels or ()))
    flat, n_values = given.reshape(len(given), -1), first[0].size
    if flat.shape[1] != n_values:
        raise InputError(
            f"expected: {n_values} values a sample as the output '{output.name}' gives, got the "
            f"shape {given.shape}"
        )
    if not np.isfinite(flat).all():
        row = int(np.flatnonzero(~np.isfinite(flat).all(axis=1))[0])
        raise InputError(f"expected: finite values, got {flat[row].tolist()} for sample {row}")
    return (flat[:, 0] if n_values == 1 else flat).astype(np.float64)


def _class_indices(given: NDArray[Any], n_classes: int) -> NDArray[np.int64]:
    if given.ndim != 1:
        raise InputError(
            f"expected: one class index a sample, got the shape {given.shape}; of one-hot rows "
            "give expected.argmax(axis=1)"
        )
    strange = np.flatnonzero(~np.isin(given, np.arange(n_classes)))
    if strange.size:
        raise InputError(
            f"expected: class indices from 0 to {n_classes - 1}, got {given[strange[0]]} for "
            f"sample {strange[0]}"
        )
    return given.astype(np.int64)
