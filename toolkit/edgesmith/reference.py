# pyright: basic
"""A Keras model as the reference: its frozen graph for the converters, its outputs to compare with.

This is the one place where Keras is the reference. The model is traced and run in the caller's
process, because only there its own classes exist: a copy that is reloaded from disk can have
other weights without an error.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from edgesmith.quiet import quiet_start
from edgesmith_runtime.errors import ConversionError, SignatureError
from edgesmith_runtime.files import replacing
from edgesmith_runtime.spec import Signature, TensorSpec

with quiet_start():
    import keras
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import (  # the one freezer there is
        convert_variables_to_constants_v2,
    )

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Reference", "load_original", "save", "trace"]

_Feed = Callable[[Sequence[Any]], tuple[tuple[Any, ...], dict[str, Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """The original model, as the converters take it and as everything is compared with it.

    Args:
        signature: Inputs and outputs under their Keras names; the first axis is "batch".
        graph: A serialized GraphDef of the inference, with the variables as constants.
        input_nodes: The graph's placeholder of each input, in the signature's order.
        output_nodes: The graph's node of each output, likewise; each gives its ``:0``.
        unsaved: Variables that a ``.keras`` file would lose without an error: those that the
            model holds as plain attributes. The graph has them.
    """

    signature: Signature
    graph: bytes = field(repr=False)
    input_nodes: tuple[str, ...]
    output_nodes: tuple[str, ...]
    unsaved: tuple[str, ...]
    _original: Callable[..., Any] = field(repr=False, compare=False)

    def run(
        self, tensors: Mapping[str, NDArray[Any]], *, batch_size: int = 256
    ) -> dict[str, NDArray[Any]]:
        """The original model's inference outputs, with the weights that it has now.

        Args:
            tensors: ``(n, ...)`` for each input, in its dtype; ``n`` from 1.
            batch_size: Samples at a time.

        Returns:
            ``(n, ...)`` for each output, in the signature's order.

        Raises:
            SignatureError: A tensor is missing, surplus, or of another dtype or shape.
        """
        self.signature.check_inputs(tensors)
        arrays = [tensors[spec.name] for spec in self.signature.inputs]
        parts = [
            self._original(
                *(tf.constant(array[start : start + batch_size]) for array in arrays)
            )
            for start in range(0, len(arrays[0]), batch_size)
        ]
        return {
            spec.name: np.concatenate([part[index].numpy() for part in parts])
            for index, spec in enumerate(self.signature.outputs)
        }


@dataclass(frozen=True, slots=True)
class _Face:
    """What a model takes, and how its call wants it: ``feed(tensors)`` is ``args, kwargs``."""

    inputs: tuple[TensorSpec, ...]
    feed: _Feed


def trace(
    model: keras.Model,
    *,
    inputs: tuple[TensorSpec, ...] | None = None,
    samples: Mapping[str, NDArray[Any]] | NDArray[Any] | None = None,
) -> Reference:
    """Trace a model's inference, ``training=False``, and freeze what was traced.

    Inputs are called as in Keras: by the keys of a dict, else by the name of the input tensor.
    A model without declared inputs (a subclassed one) is given one input alone, and several by
    the argument names of its ``call`` where they agree, else as a dict. Outputs are called by
    the keys of a dict, else by the layer that gives them; those of a subclassed model
    ``output``, or ``output_0`` onwards. An output that is called as an input is gets the suffix
    ``_output``, since an artifact cannot hold both.

    Nothing of the model changes, but that one that is not built yet is built.

    Args:
        model: Any style of Keras model.
        inputs: What it takes; needed where neither the model says it nor samples are there.
        samples: One array, or arrays by input name, ``(n, ...)``; only shapes and dtypes count.

    Raises:
        ConversionError: The model does not say what it takes, cannot be traced, or has an input
            or output that an artifact cannot have.
    """
    if keras.backend.backend() != "tensorflow":
        raise ConversionError(
            f"the model runs on the Keras backend '{keras.backend.backend()}'; conversion needs "
            "tensorflow: set KERAS_BACKEND=tensorflow before Keras is imported"
        )
    face = _face(model, inputs, samples)
    names: list[str] = []

    def call(*tensors: Any) -> list[Any]:
        arguments, named = face.feed(tensors)
        leaves = _named_outputs(model, model(*arguments, training=False, **named))
        names[:] = _apart([name for name, _ in leaves], {spec.name for spec in face.inputs})
        return [leaf for _, leaf in leaves]

    try:
        if not model.built:
            _build(model, face)
        concrete = tf.function(call).get_concrete_function(*_tf_specs(face.inputs))
        frozen = convert_variables_to_constants_v2(concrete, lower_control_flow=False)
        graph = frozen.graph.as_graph_def().SerializeToString(deterministic=True)
    except ConversionError:
        raise
    except Exception as error:  # whatever a user's model raises
        raise ConversionError(f"{model.name}: cannot be traced: {_gist(error)}") from error
    return Reference(
        signature=Signature(face.inputs, _output_specs(names, frozen.outputs)),
        graph=graph,
        input_nodes=tuple(tensor.op.name for tensor in frozen.inputs),
        output_nodes=tuple(tensor.op.name for tensor in frozen.outputs),
        unsaved=_unsaved(model, concrete.variables),
        _original=concrete,
    )


def load_original(model: keras.Model | str | Path) -> keras.Model:
    """The model itself, or the one that a ``.keras`` file holds.

    Raises:
        ConversionError: The file is missing, of another kind, or needs classes that it does not
            hold.
    """
    if isinstance(model, keras.Model):
        return model
    path = Path(model)
    if path.suffix != ".keras" or not path.is_file():
        raise ConversionError(f"{path}: expected a Keras model or a .keras file that exists")
    try:
        return keras.saving.load_model(path, compile=False)
    except Exception as error:  # whatever a damaged file or a user's class raises
        raise ConversionError(f"{path}: cannot be loaded: {_gist(error)}") from error


def save(model: keras.Model, reference: Reference, path: Path) -> None:
    """Write the original as a ``.keras`` file, whole or not at all.

    Raises:
        ConversionError: Keras cannot save it, or the file would lose variables.
        WriteError: The file cannot be written.
    """
    if reference.unsaved:
        raise ConversionError(
            f"{model.name}: a .keras file loses the variables {', '.join(reference.unsaved)}, "
            "which are plain attributes of the model; make them with self.add_weight(...)"
        )
    with replacing(path) as draft:
        try:
            model.save(draft)
        except (TypeError, ValueError, NotImplementedError) as error:
            raise ConversionError(f"{model.name}: cannot be saved: {_gist(error)}") from error


def _gist(error: Exception) -> str:
    """The part of a TensorFlow or Keras message that says what went wrong, in one line."""
    text = str(error)
    bold = re.search(r"\x1b\[1m(.+?)\x1b\[0m", text, re.DOTALL)  # Keras puts the fault in bold
    if bold:
        return " ".join(bold[1].split()).split("Error encountered: ")[-1]
    lines = [line.strip() for line in text.splitlines()]
    telling = [line for line in lines if re.match(r"\w*(Error|Exception): ", line)]
    spoken = telling or [line for line in lines if line]
    return spoken[0] if spoken else type(error).__name__


def _face(
    model: keras.Model,
    inputs: tuple[TensorSpec, ...] | None,
    samples: Mapping[str, NDArray[Any]] | NDArray[Any] | None,
) -> _Face:
    declared = _declared(model)
    if declared is not None:
        return declared if inputs is None else _Face(_matching(declared, inputs), declared.feed)
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
    return _Face(inputs, _feed_for([spec.name for spec in inputs], model))


def _declared(model: keras.Model) -> _Face | None:
    """The inputs of a functional or Sequential model; None where there are none yet."""
    tensors = getattr(model, "inputs", None)
    if not tensors:
        return None
    structure = tensors[0] if isinstance(model, keras.Sequential) else model.input
    leaves = keras.tree.flatten_with_path(structure)
    keyed = isinstance(structure, Mapping)
    inputs = tuple(
        _input_spec(_path_name(path) if keyed else tensor.name, tensor.dtype, tensor.shape)
        for path, tensor in leaves
    )

    def feed(given: Sequence[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (keras.tree.pack_sequence_as(structure, list(given)),), {}

    return _Face(inputs, feed)


def _matching(declared: _Face, inputs: tuple[TensorSpec, ...]) -> tuple[TensorSpec, ...]:
    by_name = {spec.name: spec for spec in inputs}
    names = [spec.name for spec in declared.inputs]
    if set(by_name) != set(names):
        raise ConversionError(f"the model's inputs are {names}, got {sorted(by_name)}")
    return tuple(by_name[name] for name in names)


def _sampled(
    model: keras.Model, samples: Mapping[str, NDArray[Any]] | NDArray[Any]
) -> tuple[TensorSpec, ...]:
    arrays = samples if isinstance(samples, Mapping) else {_parameters(model)[0]: samples}
    return tuple(_input_spec(name, str(a.dtype), a.shape) for name, a in arrays.items())


def _built(model: keras.Model) -> _Face | None:
    """What a subclassed model was called with before: its shapes are kept, its dtype is not.

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
    inputs = tuple(_input_spec(name, "float32", shape) for name, shape in shapes.items())
    return _Face(inputs, _feed_for(list(shapes), model))


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


def _feed_for(names: list[str], model: keras.Model) -> _Feed:
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


def _build(model: keras.Model, face: _Face) -> None:
    """Call the model on symbols: its weights come to be, free axes stay free."""
    symbols = [
        keras.KerasTensor(tuple(spec.shape), dtype=str(spec.dtype.name), name=spec.name)
        for spec in _tf_specs(face.inputs)
    ]
    arguments, named = face.feed(symbols)
    model(*arguments, **named)


def _input_spec(name: str, dtype: str, shape: Sequence[int | None]) -> TensorSpec:
    """The spec of an input: the batch axis free, other free axes named after the input."""
    if dtype == "string" or np.dtype(dtype).kind in "OSU":
        raise ConversionError(
            f"input '{name}' takes text, which an artifact cannot; turn it into numbers in a "
            "step of the transform, and start the model there"
        )
    return _spec(name, dtype, ("batch", *tuple(shape)[1:]))


def _spec(name: str, dtype: str, shape: Sequence[int | str | None]) -> TensorSpec:
    axes = tuple(
        f"{name}_{index}" if length is None else length for index, length in enumerate(shape)
    )
    try:
        return TensorSpec(name, dtype, axes)
    except SignatureError as error:
        raise ConversionError(f"an artifact cannot have this tensor: {error}") from error


def _tf_specs(inputs: tuple[TensorSpec, ...]) -> list[tf.TensorSpec]:
    names = _apart(
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


def _named_outputs(model: keras.Model, outputs: Any) -> list[tuple[str, Any]]:
    leaves = cast("list[tuple[tuple[Any, ...], Any]]", keras.tree.flatten_with_path(outputs))
    layers = [] if isinstance(outputs, Mapping) else _output_layers(model)
    if len(layers) == len(leaves):
        return [(layer, leaf) for layer, (_, leaf) in zip(layers, leaves, strict=True)]
    return [(_path_name(path), leaf) for path, leaf in leaves]


def _output_layers(model: keras.Model) -> list[str]:
    """By output, the layer that gives it; empty for a subclassed model."""
    if isinstance(model, keras.Sequential):
        return [model.layers[-1].name]
    return list(getattr(model, "output_names", None) or [])


def _path_name(path: tuple[Any, ...]) -> str:
    """Where a tensor is in a nested structure, in one word."""
    first = f"output_{path[0]}" if path and isinstance(path[0], int) else None
    return ".".join([first or str(path[0]), *map(str, path[1:])]) if path else "output"


def _apart(names: list[str], taken: set[str]) -> list[str]:
    """Names that differ from each other and from those taken."""
    result: list[str] = []
    for name in names:
        free = f"{name}_output" if name in taken else name
        count = 1
        while free in result or free in taken:
            free, count = f"{name}_{count}", count + 1
        result.append(free)
    return result


def _output_specs(names: list[str], tensors: Sequence[Any]) -> tuple[TensorSpec, ...]:
    return tuple(_output_spec(name, t) for name, t in zip(names, tensors, strict=True))


def _output_spec(name: str, tensor: Any) -> TensorSpec:
    if not isinstance(tensor, tf.Tensor) or tensor.shape.rank is None:
        raise ConversionError(f"output '{name}': expected a tensor of known rank, got {tensor}")
    shape = tensor.shape.as_list()
    if not shape or shape[0] is not None:
        raise ConversionError(
            f"output '{name}' has shape {tuple(shape)}: its first axis must be the batch, free as "
            "that of the inputs"
        )
    return _spec(name, tensor.dtype.name, ("batch", *shape[1:]))


def _unsaved(model: keras.Model, variables: Sequence[Any]) -> tuple[str, ...]:
    kept = {id(variable.value) for variable in model.variables}
    return tuple(sorted(v.name.split(":")[0] for v in variables if id(v) not in kept))
