# pyright: basic
"""Which calls of string layers can be lifted, found in a trace of the model as it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgesmith.quiet import quiet_start
from edgesmith.reference.face import tf_specs
from edgesmith.reference.faults import gist
from edgesmith.reference.lifted_layers import gives_texts, lifted_kind, needs_host
from edgesmith.reference.patching import Patch, patched
from edgesmith.reference.scopes import Scopes
from edgesmith_runtime.errors import ConversionError

with quiet_start():
    import keras
    import tensorflow as tf

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from edgesmith.reference.face import Face

__all__ = ["LAYER_CALL", "Call", "Found", "Noting", "Raw", "Used", "live", "trace_whole"]

LAYER_CALL = "keras.src.layers.layer:Layer.__call__"


@dataclass(frozen=True, eq=False)
class Call:
    """One call of a layer that is lifted."""

    layer: Any
    sources: tuple[Raw | Call, ...]
    output: Any


@dataclass(frozen=True, eq=False)
class Raw:
    """A raw input of the model."""

    name: str
    output: Any


class Noting:
    """Which calls are lifted, by what they take; the same order in every trace."""

    def __init__(self) -> None:
        self._known: dict[int, Raw | Call] = {}

    def know(self, source: Raw | Call) -> None:
        """A tensor that lifted calls may take."""
        self._known[id(source.output)] = source

    def sources(self, layer: Any, given: Any) -> tuple[Raw | Call, ...] | None:
        """What a layer is called with, where the call is lifted; None where it is not."""
        if lifted_kind(layer) is None:
            return None
        tensors = keras.tree.flatten(given)
        known = [self._known.get(id(tensor)) for tensor in tensors]
        sources = tuple(source for source in known if source is not None)
        is_text = any(tensor.dtype == tf.string for tensor in tensors if tf.is_tensor(tensor))
        if not is_text and not needs_host(layer):
            return None
        if not sources or len(sources) < len(known):
            raise ConversionError(
                f"layer '{layer.path or layer.name}' ({type(layer).__name__}) takes what other layers or "
                "functions made; a string layer moves into the bundle's transform from the "
                "front of a model alone: give it an input of the model as it is, or what "
                "another string layer gives"
            )
        return sources


@dataclass(frozen=True, kw_only=True)
class Found:
    """The model traced as it is."""

    concrete: Any
    raw: tuple[Raw, ...]
    calls: tuple[Call, ...]
    leaves: tuple[Any, ...]
    scopes: Mapping[str, str]


class _Finding:
    """A trace of a model, and the lifted calls in it."""

    def __init__(self, model: keras.Model, face: Face) -> None:
        self._model = model
        self._face = face
        self._noting = Noting()
        self.raw: list[Raw] = []
        self.calls: list[Call] = []
        self.leaves: list[Any] = []
        self.refused: list[ConversionError] = []  # AutoGraph writes its own words around one

    def whole(self, *tensors: Any) -> list[Any]:
        """The outputs of the model, then what the lifted calls give."""
        for spec, tensor in zip(self._face.inputs, tensors, strict=True):
            self.raw.append(Raw(spec.name, tensor))
            self._noting.know(self.raw[-1])
        arguments, named = self._face.feed(tensors)
        outputs = self._model(*arguments, training=False, **named)
        self.leaves.extend(keras.tree.flatten(outputs))
        return [*self.leaves, *(call.output for call in self.calls)]

    def wrap(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """A layer's call that is noted where it is lifted."""

        def noted(layer: Any, *args: Any, **named: Any) -> Any:
            try:
                _refuse_inverse(layer)
                sources = self._noting.sources(layer, args[:1] or [*named.values()][:1])
                output = call(layer, *args, **named)
                if sources is not None:
                    _refuse_composite(layer, output)
                    self.calls.append(Call(layer, sources, output))
                    self._noting.know(self.calls[-1])
            except ConversionError as error:
                self.refused.append(error)
                raise
            return output

        return noted


def trace_whole(model: keras.Model, face: Face) -> Found:
    """Trace a model with its string layers in it, and note their calls.

    Raises:
        ConversionError: It cannot be traced, or a string layer cannot be lifted.
    """
    finding, scopes = _Finding(model, face), Scopes()
    try:
        with (
            patched([scopes.patch(), Patch(LAYER_CALL, finding.wrap)]),
            keras.StatelessScope(),
        ):
            function = tf.function(finding.whole)
            concrete = function.get_concrete_function(*tf_specs(face.inputs))
    except Exception as error:  # whatever a user's model raises
        if finding.refused:
            raise finding.refused[0] from error
        raise ConversionError(f"{model.name}: cannot be traced: {gist(error)}") from error
    return Found(
        concrete=concrete,
        raw=tuple(finding.raw),
        calls=tuple(finding.calls),
        leaves=tuple(finding.leaves),
        scopes=scopes.paths,
    )


def _refuse_inverse(layer: Any) -> None:
    if gives_texts(layer):
        raise ConversionError(
            f"layer '{layer.path or layer.name}' ({type(layer).__name__}) with invert=True gives the entries "
            "of its vocabulary, which an artifact cannot; end the model before it and pass "
            "class_names=layer.get_vocabulary()"
        )


def _refuse_composite(layer: Any, output: Any) -> None:
    if not tf.is_tensor(output) or not isinstance(output, tf.Tensor):
        raise ConversionError(
            f"layer '{layer.path or layer.name}' ({type(layer).__name__}) gives a {type(output).__name__}, "
            "which an artifact cannot take; leave ragged=True or sparse=True out"
        )


@dataclass(frozen=True)
class Used:
    """What the model's outputs depend on when the lifted calls are cut off."""

    inputs: set[str]
    calls: set[Call]


def live(found: Found) -> Used:
    """Walk from the outputs to the raw inputs and the lifted calls.

    Raises:
        ConversionError: A text is met on the way.
    """
    ends = {id(one.output): one for one in (*found.raw, *found.calls)}
    used, seen = Used(set(), set()), set[int]()
    waiting: list[tuple[Any, Any]] = [(leaf, None) for leaf in found.leaves]
    while waiting:
        tensor, taker = waiting.pop()
        end = ends.get(id(tensor))
        if isinstance(end, Call):
            used.calls.add(end)
        elif isinstance(end, Raw) and tensor.dtype != tf.string:
            used.inputs.add(end.name)
        elif end is not None and not _asks_shape(taker, tensor):
            raise _text_fault(end, taker, found)
        elif end is None and tf.is_symbolic_tensor(tensor) and id(tensor.op) not in seen:
            seen.add(id(tensor.op))
            waiting.extend((source, tensor.op) for source in tensor.op.inputs)
    return used


def _asks_shape(taker: Any, tensor: Any) -> bool:
    """Whether only the batch size is taken of a tensor, which a dead stand-in has too."""
    return taker is not None and taker.type == "Shape" and None not in tensor.shape[1:]


def _text_fault(raw: Raw, taker: Any, found: Found) -> ConversionError:
    what = "the model's output"
    if taker is not None:
        scopes = [s for s in found.scopes if taker.name.startswith(f"{s}/")]
        layer = found.scopes[max(scopes, key=len)] if scopes else "the model's call"
        what = f"layer '{layer}' ({taker.type})"
    return ConversionError(
        f"input '{raw.name}': {what} takes its text, which an artifact cannot hold; give the text "
        "to TextVectorization, StringLookup, Hashing or HashedCrossing alone, which move into the "
        "bundle's transform, and do the rest to it before it is handed in"
    )
