# pyright: basic
"""String layers at the front of a model move out of its graph: found, and traced without them.

A call of such a layer is lifted when it takes raw inputs of the model, or what other lifted
calls give. The model is traced once as it is, while those calls are noted; what is live of
their results become inputs of the graph that is traced afterwards, in their place. The model
object is never changed, and any style of model works, since nothing is known of it but calls.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith.quiet import quiet_start
from edgesmith.reference.face import Face, TextSpec, apart, free_spec
from edgesmith.reference.faults import gist
from edgesmith.reference.lifted_calls import live, trace_whole
from edgesmith.reference.lifted_layers import Program, Value, add_layer, gives_texts, needs_host
from edgesmith.reference.lifted_trace import Playing
from edgesmith_runtime.errors import ConversionError
from edgesmith_runtime.manifest import Kind, RawInput, Step

with quiet_start():
    import tensorflow as tf

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import keras
    from numpy.typing import NDArray

    from edgesmith.reference.lifted_calls import Call, Found, Raw, Used
    from edgesmith.reference.patching import Patch
    from edgesmith_runtime.spec import TensorSpec

__all__ = ["Lifted", "lift"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifted:
    """What moved out of a model, and how the rest is called.

    Args:
        inputs: Those of the whole model, which an app hands in.
        steps: From there to the tensors of the rest.
        assets: Content of the files that steps name, by name.
        layers: The Keras layer that gives each lifted value, by the value's name, in order; some
            values are taken by other lifted layers alone.
        checked: By raw input, the value of the program that holds it as Keras takes it.
        face: Of the rest.
    """

    inputs: tuple[TensorSpec | TextSpec, ...]
    steps: tuple[Step, ...]
    assets: Mapping[str, bytes] = field(repr=False)
    layers: Mapping[str, str]
    checked: Mapping[str, str]
    face: Face
    _playing: Playing = field(repr=False, compare=False)
    _whole: _Whole = field(repr=False, compare=False)

    @property
    def raw_inputs(self) -> tuple[RawInput, ...]:
        """The inputs of the whole model as a bundle has them."""
        return tuple(_raw_input(spec) for spec in self.inputs)

    @property
    def tensors(self) -> tuple[TensorSpec, ...]:
        """What lifted layers give to the rest."""
        return tuple(
            spec
            for spec in self.face.inputs
            if spec.name in self.layers and not isinstance(spec, TextSpec)
        )

    def patch(self) -> Patch:
        """Give graph inputs for the lifted calls, in any trace through ``face``."""
        return self._playing.patch()

    def run(
        self, values: Mapping[str, Any]
    ) -> tuple[list[NDArray[Any]], dict[str, NDArray[Any]]]:
        """The whole model's inference on raw inputs, and what its lifted layers give.

        Args:
            values: Those of the program; taken are the ones that ``checked`` names.

        Returns:
            The outputs in order, and the lifted values by name.

        Raises:
            ConversionError: The model fails on these inputs.
        """
        raw = [values[self.checked[one.name]] for one in self.raw_inputs]
        return self._whole.run([np.asarray(batch) for batch in raw])


@dataclass(frozen=True, slots=True)
class _Whole:
    """TensorFlow's function of the raw inputs, as the model is."""

    name: str
    concrete: Any
    n_outputs: int
    lifted: tuple[tuple[str, int], ...]  # name, and place among the outputs

    def run(
        self, raw: Sequence[NDArray[Any]]
    ) -> tuple[list[NDArray[Any]], dict[str, NDArray[Any]]]:
        try:
            given = self.concrete(*(tf.constant(batch) for batch in raw))
        except tf.errors.OpError as error:
            raise ConversionError(
                f"{self.name}: fails on these inputs: {gist(error)}"
            ) from error
        arrays = [tensor.numpy() for tensor in given]
        return arrays[: self.n_outputs], {name: arrays[at] for name, at in self.lifted}


def lift(model: keras.Model, face: Face) -> Lifted | None:
    """Find the string layers at the front of a model.

    Args:
        model: Built.
        face: What it takes.

    Returns:
        None for a model without any.

    Raises:
        ConversionError: A text reaches a layer that cannot be lifted, or one has a setting that
            no step has; the message names the layer.
    """
    texts = [spec for spec in face.inputs if isinstance(spec, TextSpec)]
    if not texts and not any(map(_is_odd, _layers_in(model))):
        return None
    found = trace_whole(model, face)
    if not texts and not found.calls:
        return None
    used = live(found)
    named = _names(found, used, {spec.name for spec in face.inputs})
    needed = _needed(found, used)
    program = _program(found, needed, face, named)
    results = [_spec(named[call], call.output) for call in found.calls]
    playing = Playing(face, results)
    taken = {*used.inputs, *(named[call] for call in used.calls)}
    inputs = tuple(spec for spec in (*face.inputs, *results) if spec.name in taken)
    if not inputs:
        raise ConversionError(f"{model.name}: its outputs do not depend on its inputs")
    return Lifted(
        inputs=face.inputs,
        steps=tuple(program.steps),
        assets=program.assets,
        layers={named[call]: call.layer.name for call in found.calls if call in needed},
        checked=_checked(program, face),
        face=Face(inputs, lambda given: playing.feed([one.name for one in inputs], given)),
        _playing=playing,
        _whole=_Whole(
            model.name,
            found.concrete,
            len(found.leaves),
            tuple(
                (named[call], len(found.leaves) + i)
                for i, call in enumerate(found.calls)
                if call in needed
            ),
        ),
    )


def _layers_in(layer: Any) -> list[Any]:
    inner = attrgetter("_layers")(layer)
    return [layer, *(one for each in inner for one in _layers_in(each))]


def _is_odd(layer: Any) -> bool:
    return needs_host(layer) or gives_texts(layer)


def _names(found: Found, used: Used, taken: set[str]) -> dict[Call, str]:
    """By call the name of its result: that of its layer, and apart from each other."""
    order = sorted(found.calls, key=lambda call: call not in used.calls)
    names = apart([call.layer.name for call in order], taken)
    return dict(zip(order, names, strict=True))


def _spec(name: str, tensor: Any) -> TensorSpec:
    return free_spec(name, tensor.dtype.name, ("batch", *tensor.shape.as_list()[1:]))


def _value(name: str, tensor: Any) -> Value:
    return Value(name, tensor.dtype.name, tuple(tensor.shape.as_list()))


def _program(found: Found, needed: set[Any], face: Face, named: Mapping[Call, str]) -> Program:
    program = Program({*(spec.name for spec in face.inputs), *named.values()})
    values: dict[Any, Value] = {}
    for raw in found.raw:
        if raw.output.dtype == tf.string or raw in needed:
            values[raw] = _value(program.between(raw.name, "given"), raw.output)
            program.add(_given(raw, values[raw]))
    for call in [one for one in found.calls if one in needed]:
        values[call] = _value(named[call], call.output)
        add_layer(program, call.layer, [values[one] for one in call.sources], values[call])
    return program


def _given(raw: Raw, value: Value) -> Step:
    """A raw input as Keras takes it, checked."""
    shape = [-1 if axis is None else axis for axis in value.shape[1:]]
    params = {"shape": shape} if value.is_text else {"dtype": value.dtype, "shape": shape}
    return Step(
        op="text" if value.is_text else "tensor",
        inputs=(raw.name,),
        outputs=(value.name,),
        params=params,
    )


def _needed(found: Found, used: Used) -> set[Any]:
    """The calls that the used ones depend on, and what they take."""
    needed: set[Any] = set(used.calls)
    for call in reversed(found.calls):
        if call in needed:
            needed.update(call.sources)
    return needed


def _checked(program: Program, face: Face) -> dict[str, str]:
    made = {step.inputs[0]: step.outputs[0] for step in reversed(program.steps)}
    return {spec.name: made.get(spec.name, spec.name) for spec in face.inputs}


def _raw_input(spec: TensorSpec | TextSpec) -> RawInput:
    if not isinstance(spec, TextSpec):
        accepts = f"an array of {spec.dtype} with the shape {list(spec.sample_shape)}"
        return RawInput(name=spec.name, kind=Kind.TENSOR, accepts=accepts)
    is_one = all(axis == 1 for axis in spec.sample_shape)
    accepts = "a text" if is_one else f"texts with the shape {list(spec.sample_shape)}"
    return RawInput(name=spec.name, kind=Kind.TEXT, accepts=accepts)
