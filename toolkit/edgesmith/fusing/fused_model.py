# pyright: basic
"""A Keras model with the last steps of its transform in front: what it takes an app has earlier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith.fusing.graph_steps import GRAPH_STEPS
from edgesmith.fusing.hard_series import hard_values
from edgesmith.fusing.refusal import NotInGraphError
from edgesmith.quiet import quiet_start
from edgesmith.reference.face import face_of
from edgesmith_runtime.errors import ConversionError
from edgesmith_runtime.manifest import HostStep
from edgesmith_runtime.transforms import make_op
from edgesmith_runtime.transforms.vocabulary import FILLING

with quiet_start():
    import keras
    import tensorflow as tf

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from edgesmith.reference import Reference
    from edgesmith_runtime.manifest import Step
    from edgesmith_runtime.transforms import Batch, Transform

__all__ = ["FusedModel", "fused_model"]

# By op, the axes of a sample that an app may have in any length, though all examples agree.
_FREE_AXES = {"decode_image": (0, 1), "decode_audio": (0,), "read_series": (0,)}

# Why an op is the host's; another one's reason is the last.
_WHY = {
    "tensor": "a check that changes no number: give what `inputs` of the artifact says",
    "decode_image": "a graph decodes no files",
    "decode_audio": "a graph decodes no files",
    "read_series": "a graph reads no files",
    "text": "a graph here takes no strings",
    "numbers": "a graph takes no rows of cells",
    "categories": "a graph here takes no strings",
}
_MOST_OFF = 1e-4  # of the range of a step's numbers
_WHERE_HARD = ", of a series that stands still or lies far from 0"
_PASSES_MISSING = "it hands on missing numbers, which come in right before they are filled"
_NO_COUNTERPART = "it has no counterpart in a graph"


@dataclass(frozen=True, slots=True, kw_only=True)
class FusedModel:
    """A model that does the last steps of a transform itself.

    Args:
        model: Takes the values in ``takes``, a batch of each, and gives what the original gives,
            as a dict by the names of its reference.
        starts_after: Index of the last step that is not in it; None where all are.
        takes: Names of the values.
        host_part: The steps that are not in it, in order, each with its reason.
    """

    model: Any  # a keras.Model, which comes without types
    starts_after: int | None
    takes: tuple[str, ...]
    host_part: tuple[HostStep, ...]


def fused_model(
    model: keras.Model,
    reference: Reference,
    transform: Transform,
    examples: Mapping[str, Batch],
) -> FusedModel | str:
    """The model with as many of the last steps in front as a graph can do.

    Args:
        model: The original.
        reference: The same, traced; it says which values the model takes.
        transform: The whole program.
        examples: All values of the program for some raw inputs: they say which dtype and shape a
            value has, and where the lengths differ.

    Returns:
        The fused model, or in one sentence why no step can be put in.
    """
    ops = [
        make_op(step, f"transform step {index}", transform.assets)
        for index, step in enumerate(transform.steps)
    ]
    program = _Program(transform.steps, tuple(ops), reference, examples)
    why = dict.fromkeys(_passing_missing(transform.steps), _PASSES_MISSING)
    why |= {
        index: _why(step)
        for index, step in enumerate(transform.steps)
        if step.op not in GRAPH_STEPS
    }
    start = max(why, default=-1) + 1
    while start < len(transform.steps):
        try:
            fused = program.built(model, start)
        except _StepRefusedError as refused:
            why[refused.index] = refused.reason
            start = refused.index + 1
            continue
        return FusedModel(
            model=fused,
            starts_after=start - 1 if start else None,
            takes=program.crossing(start),
            host_part=tuple(
                HostStep(step=index, op=step.op, why=why.get(index) or _before(why, index))
                for index, step in enumerate(transform.steps[:start])
            ),
        )
    if not transform.steps:
        return "there is no transform to put into it"
    last = len(transform.steps) - 1
    return f"the last step, {transform.steps[last].op}, stays on the host: {why[last]}"


def _passing_missing(steps: Sequence[Step]) -> list[int]:
    """Steps before one that fills: engines differ in what they make of NaN, so it comes in first."""
    holey = {name for step in steps if step.op in FILLING for name in step.inputs}
    return [index for index, step in enumerate(steps) if holey & set(step.outputs)]


def _why(step: Step) -> str:
    """Why an op is the host's, and what it hands over where that is not to be seen in the artifact."""
    reason = _WHY.get(step.op, _NO_COUNTERPART)
    if step.op != "decode_audio":
        return reason
    return f"{reason}: it takes mono float32 at {step.params['sample_rate']} Hz"


def _before(why: Mapping[int, str], index: int) -> str:
    later = min(other for other in why if other > index)
    return f"step {later}, which stays on the host, comes after it"


class _StepRefusedError(Exception):
    """A step that cannot be in the graph."""

    def __init__(self, index: int, reason: str) -> None:
        super().__init__(reason)
        self.index = index
        self.reason = reason


class _GraphStep(keras.layers.Layer):
    """One step of the transform, as a layer without weights."""

    def __init__(self, step: Step, op: Any, index: int) -> None:
        super().__init__(name=f"step_{index}_{step.op}", dtype="float32", autocast=False)
        self.step_function = GRAPH_STEPS[step.op]
        self.op = op
        self.refused: str | None = None

    def call(self, tensors: list[Any]) -> Any:
        try:
            return self.step_function(self.op, *tensors)
        except NotInGraphError as error:  # Keras hands on what it makes of an error's text
            self.refused = str(error)
            raise


@dataclass(frozen=True, slots=True)
class _Program:
    """The steps with their ops, and what is known of their values."""

    steps: Sequence[Step]
    ops: tuple[Any, ...]
    reference: Reference
    examples: Mapping[str, Batch]

    def crossing(self, start: int) -> tuple[str, ...]:
        """Values from before a step that it, later ones or the model take, in their order."""
        made = {name for step in self.steps[start:] for name in step.outputs}
        taken = [name for step in self.steps[start:] for name in step.inputs]
        taken += [spec.name for spec in self.reference.signature.inputs]
        return tuple(dict.fromkeys(name for name in taken if name not in made))

    def built(self, model: keras.Model, start: int) -> keras.Model:
        """The model behind the steps from one on.

        Raises:
            _StepRefusedError: One of them cannot be in it.
        """
        for free in (True, False):
            given = [self._input(name, free=free) for name in self.crossing(start)]
            values = self._values(given, start)
            if all(
                _fits(values[spec.name], spec.shape) for spec in self.reference.signature.inputs
            ):
                self._check_values(start)
                return keras.Model(given, self._outputs(model, values), name="fused")
        raise _StepRefusedError(
            len(self.steps) - 1, "its result has another shape than the model's input"
        )

    def _input(self, name: str, *, free: bool) -> Any:
        batch = self.examples[name]
        shapes = np.array([np.shape(sample) for sample in batch])
        shape = [
            int(shapes[0, axis]) if (shapes[:, axis] == shapes[0, axis]).all() else None
            for axis in range(shapes.shape[1])
        ]
        for axis in self._free_axes(name) if free else ():
            shape[axis] = None
        return keras.Input(shape, dtype=str(np.asarray(batch[0]).dtype), name=name)

    def _free_axes(self, name: str) -> tuple[int, ...]:
        makers = [step.op for step in self.steps if name in step.outputs]
        return _FREE_AXES.get(makers[0], ()) if makers else ()

    def _values(self, given: Sequence[Any], start: int) -> dict[str, Any]:
        values = dict(zip(self.crossing(start), given, strict=True))
        for index in range(start, len(self.steps)):
            step = self.steps[index]
            layer = _GraphStep(step, self.ops[index], index)
            try:
                values[step.outputs[0]] = layer([values[name] for name in step.inputs])
            except Exception as error:
                if layer.refused is None:
                    raise
                raise _StepRefusedError(index, layer.refused) from error
        return values

    def _check_values(self, start: int) -> None:
        """Refuse the first step whose numbers are not those of the runtime.

        On the examples, and where series come in on hard ones too.
        """
        last = self.steps[-1].outputs[0]
        self._compare(start, self.examples, len(self.examples[last]), "")
        hard = hard_values(
            self.steps, self.ops, self.examples, start=start, crossing=self.crossing(start)
        )
        if hard:
            both = {name: [*batch, *self.examples[name]] for name, batch in hard.items()}
            self._compare(start, both, len(hard[last]), _WHERE_HARD)

    def _compare(
        self, start: int, expected: Mapping[str, Batch], n_samples: int, where: str
    ) -> None:
        """The first samples of some values; all of them are the range of a value."""
        for index in range(n_samples):
            values: dict[str, Any] = {
                name: tf.constant(np.asarray(expected[name][index])[None])
                for name in self.crossing(start)
            }
            for place in range(start, len(self.steps)):
                step, op = self.steps[place], self.ops[place]
                given = [values[name] for name in step.inputs]
                made = GRAPH_STEPS[step.op](op, *given)
                off = _share_off(made.numpy()[0], expected[step.outputs[0]], index)
                if off > _MOST_OFF:
                    raise _StepRefusedError(
                        place,
                        f"in 32 bits its numbers are off by {off:.1g} of their range{where}",
                    )
                values[step.outputs[0]] = made

    def _outputs(self, model: keras.Model, values: Mapping[str, Any]) -> dict[str, Any]:
        specs = self.reference.signature.inputs
        face = face_of(model, specs, None)
        tensors = [
            values[spec.name]
            if values[spec.name].dtype == spec.dtype
            else keras.ops.cast(values[spec.name], spec.dtype)
            for spec in face.inputs
        ]
        arguments, named = face.feed(tensors)
        leaves = keras.tree.flatten(model(*arguments, training=False, **named))
        names = [spec.name for spec in self.reference.signature.outputs]
        if len(leaves) != len(names):
            raise ConversionError(
                f"{model.name}: expected {len(names)} outputs, got {len(leaves)}"
            )
        return dict(zip(names, leaves, strict=True))


def _share_off(made: np.ndarray, examples: Batch, index: int) -> float:
    """The largest error of an example as a share of the range of all; 1 for other shapes or NaN."""
    expected = np.asarray(examples[index], np.float64)
    if made.shape != expected.shape or np.isnan(made).any():
        return 1.0
    if not expected.size:
        return 0.0
    low = min(float(np.min(one)) for one in examples)
    high = max(float(np.max(one)) for one in examples)
    error = float(np.abs(made - expected).max())
    return error / (high - low or max(abs(high), 1.0))


def _fits(value: Any, shape: Sequence[int | str]) -> bool:
    """Whether a value is known to have the lengths that the model asks for."""
    return len(value.shape) == len(shape) and all(
        isinstance(axis, str) or axis == length
        for axis, length in zip(shape, value.shape, strict=True)
    )
