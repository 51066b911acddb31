# pyright: basic
"""What a Keras model takes, and how its call wants it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith.quiet import quiet_start
from edgesmith_runtime.errors import ConversionError, SignatureError
from edgesmith_runtime.spec import TensorSpec

with quiet_start():
    import keras
    import tensorflow as tf

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "Face",
    "TextSpec",
    "apart",
    "build",
    "face_of",
    "free_spec",
    "keeps_state",
    "named_axes",
    "numeric",
    "own_batch",
    "path_name",
    "tf_specs",
    "with_batch",
]

Feed = Callable[[Sequence[Any]], tuple[tuple[Any, ...], dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class TextSpec:
    """An input of texts, which no artifact has; the axes are as in ``TensorSpec``."""

    name: str
    shape: tuple[int | str, ...]

    @property
    def dtype(self) -> str:
        """As TensorFlow calls it."""
        return "string"

    @property
    def sample_shape(self) -> tuple[int | str, ...]:
        """The axes after the batch axis."""
        return self.shape[1:]


@dataclass(frozen=True, slots=True)
class Face:
    """What a model takes, and how its call wants it: ``feed(tensors)`` is ``args, kwargs``."""

    inputs: tuple[TensorSpec | TextSpec, ...]
    feed: Feed


def face_of(
    model: keras.Model,
    inputs: tuple[TensorSpec | TextSpec, ...] | None,
    samples: Mapping[str, NDArray[Any]] | NDArray[Any] | None,
) -> Face:
    """What the model declares, else what is given, else what it was called with before.

    Raises:
        ConversionError: None of these says what it takes, or an input cannot be that of an
            artifact.
    """
    declared = _declared(model)
    if declared is not None:
        return declared if inputs is None else Face(_matching(declared, inputs), declared.feed)
    if inputs is None and samples is not None:
        inputs = _sampled(model, samples)
    built = _built(model)
    if inputs is None and built is not None:
        return built
    if inputs is None:
        raise ConversionError(
            f"{model.name}: the model does not say what it takes: it has no declared inputs and "
            "is not built by a call; pass samples, or inputs such as "
            "(TensorSpec('x', 'float32', ('batch', 3)),)"
        )
    return Face(inputs, _feed_for([spec.name for spec in inputs], model))


def with_batch(face: Face, batch: int) -> Face:
    """The same with the batch axis of every input fixed."""
    inputs = tuple(
        TensorSpec(spec.name, spec.dtype, (batch, *spec.sample_shape)) for spec in face.inputs
    )
    return Face(inputs, face.feed)


def numeric(face: Face) -> tuple[TensorSpec, ...]:
    """The inputs of a face that takes no texts, as that of a lifted model's rest."""
    return tuple(spec for spec in face.inputs if not isinstance(spec, TextSpec))


def own_batch(model: keras.Model) -> int | None:
    """The batch that a model's declared inputs are fixed to; None where they have a free one."""
    firsts = {
        tensor.shape[0] for tensor in getattr(model, "inputs", None) or [] if tensor.shape
    }
    return firsts.pop() if len(firsts) == 1 else None


def keeps_state(layer: keras.Layer) -> bool:
    """Whether a layer goes on from the last call's state, whose shape has the batch in it."""
    inner = getattr(layer, "layers", [])
    return getattr(layer, "stateful", False) or any(keeps_state(one) for one in inner)


def _declared(model: keras.Model) -> Face | None:
    """The inputs of a functional or Sequential model; None where there are none yet."""
    tensors = getattr(model, "inputs", None)
    if not tensors:
        return None
    structure = tensors[0] if isinstance(model, keras.Sequential) else model.input
    leaves = keras.tree.flatten_with_path(structure)
    keyed = isinstance(structure, Mapping)
    inputs = tuple(
        _input_spec(path_name(path) if keyed else tensor.name, tensor.dtype, tensor.shape)
        for path, tensor in leaves
    )

    def feed(given: Sequence[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (keras.tree.pack_sequence_as(structure, list(given)),), {}

    return Face(inputs, feed)


def _matching(
    declared: Face, inputs: tuple[TensorSpec | TextSpec, ...]
) -> tuple[TensorSpec | TextSpec, ...]:
    by_name = {spec.name: spec for spec in inputs}
    names = [spec.name for spec in declared.inputs]
    if set(by_name) != set(names):
        raise ConversionError(f"the model's inputs are {names}, got {sorted(by_name)}")
    return tuple(by_name[name] for name in names)


def _sampled(
    model: keras.Model, samples: Mapping[str, NDArray[Any]] | NDArray[Any]
) -> tuple[TensorSpec | TextSpec, ...]:
    arrays = samples if isinstance(samples, Mapping) else {_parameters(model)[0]: samples}
    return tuple(_input_spec(name, str(a.dtype), a.shape) for name, a in arrays.items())


def _built(model: keras.Model) -> Face | None:
    """What a model was called with before: its shapes are kept, its dtype by an Input alone.

    None where Keras kept less than the call needs.
    """
    shapes = _built_shapes(model)
    required = _parameters(model, only_required=True)
    lacks = len(required) > 1 and not set(required) <= set(shapes)
    if (
        not shapes
        or lacks
        or not all(isinstance(s, tuple | list) and s for s in shapes.values())
    ):
        return None
    dtype = _first_dtype(model)
    inputs = tuple(_input_spec(name, dtype, shape) for name, shape in shapes.items())
    return Face(inputs, _feed_for(list(shapes), model))


def _first_dtype(model: keras.Model) -> str:
    """Of the Input of a Sequential model that Keras could not make a functional one."""
    first = next(iter(attrgetter("_layers")(model)), None)
    return first.dtype if isinstance(first, keras.layers.InputLayer) else "float32"


def _built_shapes(model: keras.Model) -> dict[str, Any]:
    config = (model.get_build_config() if model.built else None) or {}
    if "shapes_dict" in config:
        return {key.removesuffix("_shape"): s for key, s in config["shapes_dict"].items()}
    shape = config.get("input_shape")
    if isinstance(shape, Mapping):
        return dict(shape)
    return {} if shape is None else {_parameters(model)[0]: shape}


def _parameters(model: keras.Model, *, only_required: bool = False) -> list[str]:
    """Names of what the model's call takes, without ``training`` and ``mask``."""
    return [
        parameter.name
        for parameter in inspect.signature(model.call).parameters.values()
        if parameter.name not in ("training", "mask")
        and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
        and not (only_required and parameter.default is not parameter.empty)
    ]


def _feed_for(names: list[str], model: keras.Model) -> Feed:
    if set(names) <= set(_parameters(model)):
        return partial(_feed_named, names)
    if len(names) > 1 or set(_built_shapes(model)) == set(names):
        return partial(_feed_dict, names)
    return _feed_alone


def _feed_named(
    names: list[str], given: Sequence[Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    return (given[0],), dict(zip(names[1:], given[1:], strict=True))


def _feed_dict(
    names: list[str], given: Sequence[Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    return (dict(zip(names, given, strict=True)),), {}


def _feed_alone(given: Sequence[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    return (given[0],), {}


def build(model: keras.Model, face: Face) -> None:
    """Call the model on symbols: its weights come to be, free axes stay free."""
    symbols = [
        keras.KerasTensor(tuple(spec.shape), dtype=str(spec.dtype.name), name=spec.name)
        for spec in tf_specs(face.inputs)
    ]
    arguments, named = face.feed(symbols)
    model(*arguments, **named)


def _input_spec(name: str, dtype: str, shape: Sequence[int | None]) -> TensorSpec | TextSpec:
    """The spec of an input: the batch axis free, other free axes named after the input."""
    sample_shape = tuple(shape)[1:]
    dtype = "float32" if dtype == "bfloat16" else dtype  # which numpy lacks
    if dtype == "string" or np.dtype(dtype).kind in "OSU":
        return TextSpec(name, named_axes(name, ("batch", *sample_shape)))
    return free_spec(name, dtype, ("batch", *sample_shape))


def named_axes(name: str, shape: Sequence[int | str | None]) -> tuple[int | str, ...]:
    """Axes of which the free ones, None, are named after the tensor and their place."""
    return tuple(
        f"{name}_{index}" if length is None else length for index, length in enumerate(shape)
    )


def free_spec(name: str, dtype: str, shape: Sequence[int | str | None]) -> TensorSpec:
    """A spec whose free axes are named after the tensor and their place; None is a free one."""
    try:
        return TensorSpec(name, dtype, named_axes(name, shape))
    except SignatureError as error:
        raise ConversionError(f"an artifact cannot have this tensor: {error}") from error


def tf_specs(inputs: tuple[TensorSpec | TextSpec, ...]) -> list[tf.TensorSpec]:
    """The same for TensorFlow, under names that a graph's nodes can have."""
    names = apart(
        [re.sub(r"\W", "_", f"{spec.name}", flags=re.ASCII) for spec in inputs], set()
    )
    return [
        tf.TensorSpec(
            [None if isinstance(axis, str) else axis for axis in spec.shape],
            spec.dtype,
            name=name
            if name[0].isalpha()
            else f"input_{name}",  # what a graph node can be called
        )
        for name, spec in zip(names, inputs, strict=True)
    ]


def path_name(path: tuple[Any, ...]) -> str:
    """Where a tensor is in a nested structure, in one word."""
    first = f"output_{path[0]}" if path and isinstance(path[0], int) else None
    return ".".join([first or str(path[0]), *map(str, path[1:])]) if path else "output"


def apart(names: list[str], taken: set[str]) -> list[str]:
    """Names that differ from each other and from those taken."""
    result: list[str] = []
    for name in names:
        free = f"{name}_output" if name in taken else name
        count = 1
        while free in result or free in taken:
            free, count = f"{name}_{count}", count + 1
        result.append(free)
    return result
