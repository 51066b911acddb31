"""The Keras model of a case: built the same every time, called by input names, and its answers."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

if TYPE_CHECKING:
    from conversion_cases.case import Case
    from numpy.typing import NDArray

__all__ = ["Answer", "answer", "build", "specs"]

_Feed = Mapping[str, "NDArray[Any]"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What Keras answers to a case.

    Args:
        names: Of the outputs; empty where they have none.
        alternatives: By feed, by output. One alone, or several of which either will do: under
            another policy, that of the same weights computed in float32 and that of the policy;
            where Keras answers a plain call with another dtype than it declares, as some
            preprocessing layers do for integers, that call and ``predict``.
    """

    names: list[str]
    alternatives: list[list[list[NDArray[Any]]]]


def build(case: Case, *, policy: str | None = None) -> keras.Model:
    """The case's model after a first call, without which some exports refuse it.

    Args:
        case: What to build.
        policy: Another dtype policy than its own.
    """
    keras.utils.clear_session()
    keras.config.set_dtype_policy(policy or case.policy)
    try:
        keras.utils.set_random_seed(0)
        model = case.build()
    finally:
        keras.config.set_dtype_policy("float32")
    _kept_state(model, next(case.feeds()))
    return model


def answer(case: Case) -> Answer:
    """What Keras says to the case's feeds."""
    model = build(case)
    own = [_kept_state(model, feed) for feed in case.feeds()]
    names = _output_names(model)
    if case.policy == "float32":
        as_declared = _declared(model) in (None, _dtypes(own))
        predicted = [] if as_declared else [[_predicted(model, feed) for feed in case.feeds()]]
        return Answer(names, [own, *predicted])
    twin = build(case, policy="float32")
    for to, of in zip(twin.weights, model.weights, strict=True):
        to.assign(keras.ops.cast(of.value, to.dtype))
    return Answer(names, [[_kept_state(twin, feed) for feed in case.feeds()], own])


def _dtypes(answers: list[list[NDArray[Any]]]) -> list[str]:
    return [array.dtype.name for array in answers[0]]


def _declared(model: keras.Model) -> list[str] | None:
    """Dtypes of the outputs as the model has them; None where it has none."""
    if not getattr(model, "inputs", None):
        return None
    return [keras.backend.standardize_dtype(output.dtype) for output in model.outputs]


def _predicted(model: keras.Model, feed: _Feed) -> list[NDArray[Any]]:
    arguments, _ = _as_called(model, feed)
    outputs = model.predict(*arguments, batch_size=1024, verbose=0)
    return [np.asarray(leaf) for leaf in keras.tree.flatten(outputs)]


def _output_names(model: keras.Model) -> list[str]:
    """As Keras calls the outputs, in their order; empty where they have no names."""
    outputs = getattr(model, "output", None) if getattr(model, "inputs", None) else None
    if isinstance(outputs, Mapping):
        return sorted(outputs)
    return list(getattr(model, "output_names", None) or [])


def specs(case: Case) -> list[tf.TensorSpec]:
    """Inputs by name; axes are free that differ between the case's feeds, and the batch."""
    feeds = list(case.feeds())
    return [
        tf.TensorSpec(
            [None, *_fixed([feed[name].shape[1:] for feed in feeds])],
            tf.string if array.dtype.kind == "O" else array.dtype,
            name=name,
        )
        for name, array in feeds[0].items()
    ]


def _fixed(shapes: list[tuple[int, ...]]) -> list[int | None]:
    return [sizes[0] if len(set(sizes)) == 1 else None for sizes in zip(*shapes, strict=True)]


def _kept_state(model: keras.Model, feed: _Feed) -> list[NDArray[Any]]:
    """Outputs for a feed; states of the model are afterwards what they were before."""
    before = [variable.numpy() for variable in model.variables]
    arguments, named = _as_called(model, feed)
    leaves = keras.tree.flatten(model(*arguments, training=False, **named))
    outputs = [
        leaf.numpy().astype("float32") if leaf.dtype == tf.bfloat16 else np.asarray(leaf)
        for leaf in leaves
    ]
    for variable, value in zip(model.variables, before, strict=False):
        variable.assign(value)
    return outputs


def _as_called(model: keras.Model, feed: _Feed) -> tuple[list[Any], dict[str, Any]]:
    tensors = {name: tf.constant(array) for name, array in feed.items()}
    if getattr(model, "inputs", None):
        structure = model.inputs[0] if isinstance(model, keras.Sequential) else model.input
        keyed = isinstance(structure, Mapping)
        given = (
            tensors
            if keyed
            else keras.tree.map_structure(lambda symbol: tensors[symbol.name], structure)
        )
        return [given], {}
    if len(tensors) == 1:
        return list(tensors.values()), {}
    if set(tensors) <= set(inspect.signature(model.call).parameters):
        first, *others = inspect.signature(model.call).parameters
        return [tensors[first]], {name: tensors[name] for name in others if name in tensors}
    return [tensors], {}
