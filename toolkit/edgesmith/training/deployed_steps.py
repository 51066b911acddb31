# pyright: basic
"""What the deployed model computes in one go, and which of its tensors have 8 bits.

Converters fold a batch normalization into the kernel before it, and quantizers round after a
ReLU rather than before it, as nothing lies between the two in the fused operation (Jacob et al.
2018, arXiv:1712.05877, section 3.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from keras import activations, layers

from edgesmith.training.kernels import KERNEL_LAYERS, SEPARABLE, channels_last
from edgesmith.training.layer_graph import place
from edgesmith.training.rounding import Range
from edgesmith_runtime.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgesmith.training.layer_graph import Call, LayerGraph

__all__ = ["Step", "input_ranges", "steps"]

CUT_OFF = ("relu", "relu6")
# They hand values on, and a rounded one stays on its grid.
HANDING_ON = (
    layers.Cropping1D,
    layers.Cropping2D,
    layers.Cropping3D,
    layers.Dropout,
    layers.Flatten,
    layers.GlobalMaxPooling1D,
    layers.GlobalMaxPooling2D,
    layers.GlobalMaxPooling3D,
    layers.Identity,
    layers.MaxPooling1D,
    layers.MaxPooling2D,
    layers.MaxPooling3D,
    layers.Permute,
    layers.RepeatVector,
    layers.Reshape,
    layers.SpatialDropout1D,
    layers.SpatialDropout2D,
    layers.SpatialDropout3D,
    layers.ZeroPadding1D,
    layers.ZeroPadding2D,
    layers.ZeroPadding3D,
)


@dataclass(frozen=True, slots=True)
class Step:
    """One operation of the deployed model, or the part of it before a ReLU.

    Args:
        call: The layer's use.
        norm: The batch normalization folded into its kernel.
        outputs: The numbers of the values that it gives; the normalized one where it folds.
        rounds_weights: Whether its kernel has 8 bits.
        between: Range of what a separable convolution has between its kernels.
        before: Range of what goes into the layer's own activation.
        after: Range of each output that has 8 bits, by its number.
    """

    call: Call
    norm: Any | None
    outputs: tuple[int, ...]
    rounds_weights: bool
    between: Range | None
    before: Range | None
    after: Mapping[int, Range]

    @property
    def ranges(self) -> tuple[Range, ...]:
        """All ranges of the step."""
        inner = (self.between, self.before)
        return (*(one for one in inner if one is not None), *self.after.values())


def steps(graph: LayerGraph, float_layers: frozenset[str]) -> tuple[Step, ...]:
    """The steps in order.

    Raises:
        ConfigError: ``float_layers`` names a layer that the model does not have, no kernel is
            left to round, or one is inside a layer where it cannot be reached.
    """
    _check(graph, float_layers)
    planned: list[Step] = []
    folded: set[int] = set()
    for call in graph.calls:
        if id(call) in folded:
            continue
        norm = _folded(graph, call)
        if norm is not None:
            folded.add(id(norm))
        planned.append(_step(graph, call, norm, float_layers))
    return tuple(planned)


def input_ranges(graph: LayerGraph, float_layers: frozenset[str]) -> dict[int, Range]:
    """A range for each of the model's inputs that has 8 bits, by its number."""
    return {
        number: Range()
        for number in graph.inputs
        if _is_float(graph, number) and _is_taken(graph, number, float_layers)
    }


def _check(graph: LayerGraph, float_layers: frozenset[str]) -> None:
    names = {call.operation.name for call in graph.calls}
    with_kernel = [c.operation for c in graph.calls if isinstance(c.operation, KERNEL_LAYERS)]
    for name in sorted(float_layers - names):
        known = ", ".join(dict.fromkeys(layer.name for layer in with_kernel))
        raise ConfigError(
            f"quantization-aware: float_layers: the model has no layer '{name}'; "
            f"its layers with kernels: {known}"
        )
    for call in graph.calls:
        hidden = _hidden_kernel(call.operation)
        if hidden is not None and call.operation.name not in float_layers:
            raise ConfigError(
                f"quantization-aware: '{hidden.name}' ({type(hidden).__name__}) is inside the "
                f"layer {place(call.operation)}, where it cannot be rounded; build that part as "
                f"keras.Model(inputs, outputs), or name '{call.operation.name}' in float_layers"
            )
    if all(layer.name in float_layers for layer in with_kernel):
        raise ConfigError(
            "quantization-aware: no layer is left to round; the model needs a convolution or "
            "a dense layer that float_layers does not name"
        )


def _hidden_kernel(operation: Any) -> Any | None:
    if not isinstance(operation, layers.Layer):
        return None
    inner = operation._flatten_layers(include_self=False)  # noqa: SLF001 - it has no public name
    return next((layer for layer in inner if isinstance(layer, KERNEL_LAYERS)), None)


def _step(
    graph: LayerGraph, call: Call, norm: Call | None, float_layers: frozenset[str]
) -> Step:
    layer = call.operation
    outputs = call.outputs if norm is None else norm.outputs
    rounds = layer.name not in float_layers
    has_kernel = isinstance(layer, KERNEL_LAYERS)
    is_curved = has_kernel and _name(layer.activation) not in (*CUT_OFF, "linear")
    ends_linear = has_kernel and not is_curved
    return Step(
        call=call,
        norm=None if norm is None else norm.operation,
        outputs=outputs,
        rounds_weights=rounds and has_kernel,
        between=Range() if rounds and isinstance(layer, SEPARABLE) else None,
        before=Range() if rounds and is_curved else None,
        after={
            number: Range()
            for number in outputs
            if _is_float(graph, number)
            and not isinstance(layer, HANDING_ON)
            and not _is_before_cut_off(graph, number)
            and (rounds or _is_taken(graph, number, float_layers))
            and (ends_linear or number not in graph.outputs)
        },
    )


def _folded(graph: LayerGraph, call: Call) -> Call | None:
    """The call of the batch normalization that a converter folds into this layer."""
    layer = call.operation
    if not isinstance(layer, KERNEL_LAYERS) or _name(layer.activation) != "linear":
        return None
    taker = graph.sole_taker(call.outputs[0])
    if taker is None or not isinstance(taker.operation, layers.BatchNormalization):
        return None
    last = len(graph.tensors[call.outputs[0]].shape) - 1
    is_by_channel = channels_last(layer) and taker.operation.axis in (-1, last)
    return taker if is_by_channel else None


def _is_before_cut_off(graph: LayerGraph, number: int) -> bool:
    taker = graph.sole_taker(number)
    return taker is not None and _cuts_off(taker.operation)


def _cuts_off(operation: Any) -> bool:
    """Whether it is a ReLU, whose lower end a quantizer makes the end of the range."""
    if isinstance(operation, layers.ReLU):
        return not operation.negative_slope and not operation.threshold
    if isinstance(operation, layers.Activation):
        return _name(operation.activation) in CUT_OFF
    return type(operation).__name__ in ("Relu", "Relu6")  # keras.ops on a symbolic tensor


def _is_taken(graph: LayerGraph, number: int, float_layers: frozenset[str]) -> bool:
    """Whether a layer that is not float takes it."""
    return any(taker.operation.name not in float_layers for taker in graph.takers(number))


def _is_float(graph: LayerGraph, number: int) -> bool:
    return "float" in str(graph.tensors[number].dtype)


def _name(activation: Any) -> str:
    return getattr(activation or activations.linear, "__name__", "")
