# pyright: basic
"""Trace a model's inference; the original stays at hand to be run and to be traced again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from edgesmith.quiet import quiet_start
from edgesmith.reference.face import (
    Face,
    apart,
    build,
    face_of,
    free_spec,
    keeps_state,
    numeric,
    own_batch,
    path_name,
    tf_specs,
    with_batch,
)
from edgesmith.reference.faults import gist
from edgesmith.reference.graph import FrozenGraph, frozen
from edgesmith.reference.inner import InnerOutputs
from edgesmith.reference.lifting import Lifted, lift
from edgesmith.reference.patching import Patch, patched
from edgesmith.reference.precision import (
    in_float32,
    precision_patches,
    refuse_float8,
    replaced_dtypes,
)
from edgesmith.reference.repairs import REPAIRS
from edgesmith.reference.scopes import Scopes
from edgesmith_runtime.errors import ConversionError
from edgesmith_runtime.runners.fixed_batch import run_in_batches
from edgesmith_runtime.spec import Signature, TensorSpec

with quiet_start():
    import keras
    import tensorflow as tf

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Reference", "trace"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """The original model: run to be compared with, and traced for whatever takes its graph.

    Args:
        signature: Inputs and outputs under their Keras names; the first axis is "batch".
        output_ops: The op that makes each output, e.g. ``Softmax`` or ``BiasAdd``.
        unsaved: Variables that a ``.keras`` file would lose without an error: those that the
            model holds as plain attributes. The graph has them.
        size_bytes: Of all its variables.
        lifted: The string layers at the front of the model, which are not in this reference:
            its inputs are what they give. None for a model without any.
    """

    signature: Signature
    output_ops: tuple[str, ...]
    unsaved: tuple[str, ...]
    size_bytes: int
    lifted: Lifted | None = field(default=None, repr=False, compare=False)
    _traced: Traced = field(repr=False, compare=False)
    _tracing: Tracing = field(repr=False, compare=False)

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
            ConversionError: The model fails on these inputs, e.g. on their lengths.
        """
        fixed = self.signature.batch_size
        if fixed is not None:
            return run_in_batches(self._run, tensors, fixed)
        n_samples = len(next(iter(tensors.values())))
        parts = [
            self._run({name: a[start : start + batch_size] for name, a in tensors.items()})
            for start in range(0, n_samples, batch_size)
        ]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def _run(self, tensors: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        self.signature.check_inputs(tensors)
        given = [tf.constant(tensors[spec.name]) for spec in self.signature.inputs]
        try:
            outputs = self._traced.concrete(*given)
        except tf.errors.OpError as error:
            name = self._tracing.model.name
            raise ConversionError(f"{name}: fails on these inputs: {gist(error)}") from error
        names = [spec.name for spec in self.signature.outputs]
        return {name: o.numpy() for name, o in zip(names, outputs, strict=True)}

    @property
    def layers(self) -> Mapping[str, str]:
        """Class names of the layers by their path, in the order of their calls."""
        return self._traced.kinds

    def inner(self, patches: Iterable[Patch] = ()) -> Reference:
        """The same model with what its layers give as outputs, in the order of their calls.

        Args:
            patches: What the graph will be traced with; a layer that is not called then is left
                out.

        Raises:
            ConversionError: The model cannot be traced so.
        """
        batch = self.signature.batch_size
        every = replace(self._tracing, inner=())
        traced = every.traced(())
        kept = set(every.traced(tuple(patches)).names)
        specs = {
            name: spec
            for name, tensor in zip(traced.names, traced.concrete.outputs, strict=True)
            if name in kept and (spec := _inner_spec(name, tensor, batch)) is not None
        }
        tracing = replace(self._tracing, inner=tuple(specs))
        return replace(
            self,
            signature=Signature(self.signature.inputs, tuple(specs.values())),
            _traced=tracing.traced(()),
            _tracing=tracing,
        )

    def freeze(self, patches: Iterable[Patch] = ()) -> FrozenGraph:
        """The inference as a frozen graph, with the weights that the model has now.

        Args:
            patches: What stands in for functions of Keras while the model is traced for the
                graph. None takes the graph that ``run`` runs.

        Raises:
            ConversionError: The model cannot be traced so.
        """
        patches = tuple(patches)
        traced = self._tracing.traced(patches) if patches else self._traced
        return frozen(traced.concrete, traced.scopes)


@dataclass(frozen=True, slots=True)
class Traced:
    """One trace of a model.

    Args:
        concrete: TensorFlow's function of the model's input tensors, in order.
        names: Of its outputs.
        scopes: Keras layer paths by name scope of its graph.
        kinds: Class names of the layers by path, in the order of their calls.
    """

    concrete: Any
    names: tuple[str, ...]
    scopes: Mapping[str, str]
    kinds: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Tracing:
    """A model and how it is called: all that a trace takes.

    Args:
        model: Of any style.
        face: What it takes.
        inner: Names of inner outputs to give, empty for all; None gives the model's own.
        lifted: The calls of layers that are inputs of the graph instead; the face is of the
            rest then.
    """

    model: Any
    face: Face
    inner: tuple[str, ...] | None = None
    lifted: Lifted | None = None

    def traced(self, patches: Iterable[Patch]) -> Traced:
        """Trace the inference; no variable of the model changes, states and seeds included.

        Raises:
            ConversionError: It cannot be traced.
        """
        given: dict[str, Any] = {}
        scopes, inner = Scopes(), InnerOutputs()
        noting = [scopes.patch()] if self.inner is None else [scopes.patch(), inner.patch()]
        lifting = [] if self.lifted is None else [self.lifted.patch()]
        precision = precision_patches(replaced_dtypes(self.model))

        def call(*tensors: Any) -> list[Any]:
            inner.begin()
            arguments, named = self.face.feed(tensors)
            # Keras calls a model of a class `_Mine` "__mine", which no graph begins a scope with.
            with tf.name_scope("model") if self.model.name.startswith("_") else nullcontext():
                outputs = self.model(*arguments, training=False, **named)
            given.clear()
            given.update(self._own(outputs) if self.inner is None else self._of(inner))
            return list(given.values())

        try:
            with (
                patched([*noting, *REPAIRS, *precision, *patches, *lifting]),
                keras.StatelessScope(),
            ):
                concrete = tf.function(call).get_concrete_function(*tf_specs(self.face.inputs))
        except Exception as error:  # whatever a user's model raises
            refused = _refused_in(error)
            if refused is not None:
                raise refused from None
            raise ConversionError(
                f"{self.model.name}: cannot be traced: {gist(error)}"
            ) from error
        return Traced(concrete, tuple(given), scopes.paths, scopes.kinds)

    def _own(self, outputs: Any) -> dict[str, Any]:
        leaves = _named_outputs(self.model, outputs)
        names = apart([name for name, _ in leaves], {spec.name for spec in self.face.inputs})
        return {name: leaf for name, (_, leaf) in zip(names, leaves, strict=True)}

    def _of(self, inner: InnerOutputs) -> dict[str, Any]:
        return {name: inner.tensors[name] for name in self.inner or inner.tensors}


def _refused_in(error: BaseException | None) -> ConversionError | None:
    """What was refused in the trace; TensorFlow hands on what it makes of an error's text."""
    refused: ConversionError | None = None
    while error is not None:
        if isinstance(error, ConversionError):
            refused = error
            if error.__cause__ is not None:
                break
        error = error.__cause__ or error.__context__
    return refused


def trace(
    model: keras.Model,
    *,
    inputs: tuple[TensorSpec, ...] | None = None,
    samples: Mapping[str, NDArray[Any]] | NDArray[Any] | None = None,
    batch: int | None = None,
) -> Reference:
    """Trace a model's inference, ``training=False``.

    Inputs are called as in Keras: by the keys of a dict, else by the name of the input tensor.
    A model without declared inputs (a subclassed one) is given one input alone, and several by
    the argument names of its ``call`` where they agree, else as a dict. Outputs are called by
    the keys of a dict, else by the layer that gives them; those of a subclassed model
    ``output``, or ``output_0`` onwards. An output that is called as an input is gets the suffix
    ``_output``, since an artifact cannot hold both.

    String layers at the front are lifted: what they give are inputs of the reference, called
    after the layers, and ``lifted`` says how they come from the model's own inputs.

    Nothing of the model changes, but that one that is not built yet is built.

    Args:
        model: Any style of Keras model.
        inputs: What it takes; needed where neither the model says it nor samples are there.
        samples: One array, or arrays by input name, ``(n, ...)``; only shapes and dtypes count.
        batch: How many samples one run shall take. None leaves it free where the model can have
            it so: one that keeps state, or works with its own batch alone, has that.

    Raises:
        ConversionError: The model does not say what it takes, cannot be traced, or has an input
            or output that an artifact cannot have.
    """
    if keras.backend.backend() != "tensorflow":
        raise ConversionError(
            f"the model runs on the Keras backend '{keras.backend.backend()}'; conversion needs "
            "tensorflow: set KERAS_BACKEND=tensorflow before Keras is imported"
        )
    refuse_float8(model)
    face = in_float32(face_of(model, inputs, samples), replaced_dtypes(model))
    if not model.built:
        _build(model, face)
    lifted = lift(model, face)
    whole = Tracing(model, face if lifted is None else lifted.face, lifted=lifted)
    tracing, traced, signature = _traced(whole, batch)
    outputs = traced.concrete.outputs
    return Reference(
        signature=signature,
        output_ops=tuple(_maker(tensor.op) for tensor in outputs),
        unsaved=_unsaved(model, traced.concrete.variables),
        size_bytes=sum(_size_bytes(variable) for variable in traced.concrete.variables),
        lifted=lifted,
        _traced=traced,
        _tracing=tracing,
    )


def _traced(whole: Tracing, batch: int | None) -> tuple[Tracing, Traced, Signature]:
    own = own_batch(whole.model)
    if batch is None and own is not None and keeps_state(whole.model):
        batch = own
    tracing = whole if batch is None else replace(whole, face=with_batch(whole.face, batch))
    try:
        traced = tracing.traced(())
        specs = _output_specs(traced.names, traced.concrete.outputs, batch)
    except ConversionError:
        if batch is not None or own is None:
            raise
        return _traced(whole, own)
    return tracing, traced, Signature(numeric(tracing.face), specs)


def _build(model: keras.Model, face: Face) -> None:
    try:
        build(model, face)
    except Exception as error:  # whatever a user's model raises
        raise ConversionError(f"{model.name}: cannot be traced: {gist(error)}") from error


def _size_bytes(variable: Any) -> int:
    return variable.shape.num_elements() * variable.dtype.size


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


def _output_specs(
    names: Sequence[str], tensors: Sequence[Any], batch: int | None
) -> tuple[TensorSpec, ...]:
    return tuple(_output_spec(name, t, batch) for name, t in zip(names, tensors, strict=True))


def _inner_spec(name: str, tensor: Any, batch: int | None) -> TensorSpec | None:
    try:
        return _output_spec(name, tensor, batch)
    except ConversionError:  # of no batch axis, or of a dtype that an artifact cannot have
        return None


def _output_spec(name: str, tensor: Any, batch: int | None) -> TensorSpec:
    if not isinstance(tensor, tf.Tensor) or tensor.shape.rank is None:
        raise ConversionError(f"output '{name}': expected a tensor of known rank, got {tensor}")
    shape = tensor.shape.as_list()
    if not shape or shape[0] not in (None, batch):
        wanted = "free" if batch is None else f"{batch}"
        raise ConversionError(
            f"output '{name}' has shape {tuple(shape)}: its first axis must be the batch, {wanted} "
            "as that of the inputs"
        )
    first = "batch" if batch is None else batch
    return free_spec(name, tensor.dtype.name, (first, *shape[1:]))


def _maker(op: Any) -> str:
    """The type of the op that makes a tensor, behind those that only hand it on."""
    while op.type in ("Identity", "Cast", "Reshape"):
        op = op.inputs[0].op
    return op.type


def _unsaved(model: keras.Model, variables: Sequence[Any]) -> tuple[str, ...]:
    kept = {id(variable.value) for variable in model.variables}
    return tuple(sorted(v.name.split(":")[0] for v in variables if id(v) not in kept))
