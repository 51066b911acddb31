# pyright: basic
"""Trace a model's inference and freeze it; the original stays at hand to be run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from edgesmith.quiet import quiet_start
from edgesmith.reference.face import apart, build, face_of, free_spec, path_name, tf_specs
from edgesmith.reference.faults import gist
from edgesmith_runtime.errors import ConversionError
from edgesmith_runtime.spec import Signature, TensorSpec

with quiet_start():
    import keras
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import (  # the one freezer there is
        convert_variables_to_constants_v2,
    )

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Reference", "trace"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """The original model, as the converters take it and as everything is compared with it.

    Args:
        signature: Inputs and outputs under their Keras names; the first axis is "batch".
        graph: A serialized GraphDef of the inference, with the variables as constants.
        input_nodes: The graph's placeholder of each input, in the signature's order.
        output_nodes: The graph's node of each output, likewise; each gives its ``:0``.
        output_ops: The op that makes each output, e.g. ``Softmax`` or ``BiasAdd``.
        unsaved: Variables that a ``.keras`` file would lose without an error: those that the
            model holds as plain attributes. The graph has them.
    """

    signature: Signature
    graph: bytes = field(repr=False)
    input_nodes: tuple[str, ...]
    output_nodes: tuple[str, ...]
    output_ops: tuple[str, ...]
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
    face = face_of(model, inputs, samples)
    names: list[str] = []

    def call(*tensors: Any) -> list[Any]:
        arguments, named = face.feed(tensors)
        leaves = _named_outputs(model, model(*arguments, training=False, **named))
        names[:] = apart([name for name, _ in leaves], {spec.name for spec in face.inputs})
        return [leaf for _, leaf in leaves]

    try:
        if not model.built:
            build(model, face)
        concrete = tf.function(call).get_concrete_function(*tf_specs(face.inputs))
        frozen = convert_variables_to_constants_v2(concrete, lower_control_flow=False)
        graph = frozen.graph.as_graph_def().SerializeToString(deterministic=True)
    except ConversionError:
        raise
    except Exception as error:  # whatever a user's model raises
        raise ConversionError(f"{model.name}: cannot be traced: {gist(error)}") from error
    return Reference(
        signature=Signature(face.inputs, _output_specs(names, frozen.outputs)),
        graph=graph,
        input_nodes=tuple(tensor.op.name for tensor in frozen.inputs),
        output_nodes=tuple(tensor.op.name for tensor in frozen.outputs),
        output_ops=tuple(_maker(tensor.op) for tensor in frozen.outputs),
        unsaved=_unsaved(model, concrete.variables),
        _original=concrete,
    )


def _named_outputs(model: keras.Model, outputs: Any) -> list[tuple[str, Any]]:
    leaves = cast("list[tuple[tuple[Any, ...], Any]]", keras.tree.flatten_with_path(outputs))
    layers = [] if isinstance(outputs, Mapping) else _output_layers(model)
    if len(layers) == len(leaves):
        return [(layer, leaf) for layer, (_, leaf) in zip(layers, leaves, strict=True)]
    return [(path_name(path), leaf) for path, leaf in leaves]


def _output_layers(model: keras.Model) -> list[str]:
    """By output, the layer that gives it; empty for a subclassed model."""
    if isinstance(model, keras.Sequential):
        return [model.layers[-1].name]
    return list(getattr(model, "output_names", None) or [])


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
    return free_spec(name, tensor.dtype.name, ("batch", *shape[1:]))


def _maker(op: Any) -> str:
    """The type of the op that makes a tensor, behind those that only hand it on."""
    while op.type in ("Identity", "Cast", "Reshape"):
        op = op.inputs[0].op
    return op.type


def _unsaved(model: keras.Model, variables: Sequence[Any]) -> tuple[str, ...]:
    kept = {id(variable.value) for variable in model.variables}
    return tuple(sorted(v.name.split(":")[0] for v in variables if id(v) not in kept))
