# pyright: basic
"""Layers and functions that Keras 1 and 2 had, and Keras 3 has not or has otherwise."""

from __future__ import annotations

import functools
from typing import Any

from edgesmith.quiet import quiet_start
from edgesmith_runtime.errors import ConversionError

with quiet_start():
    import keras
    import tensorflow as tf

__all__ = ["LEGACY_OBJECTS", "TensorFlowOp", "ThresholdedReLU", "hard_sigmoid"]

# Parts of TensorFlow's namespace that compute only: no files, no code, no state.
_COMPUTING = {"__operators__", "bitwise", "image", "linalg", "math", "nn", "signal", "strings"}
_AT_TOP = frozenset(
    [
        "abs",
        "add",
        "argmax",
        "argmin",
        "argsort",
        "boolean_mask",
        "broadcast_to",
        "cast",
        "clip_by_value",
        "concat",
        "cos",
        "cumsum",
        "divide",
        "einsum",
        "equal",
        "exp",
        "expand_dims",
        "eye",
        "fill",
        "floor",
        "gather",
        "gather_nd",
        "greater",
        "greater_equal",
        "identity",
        "less",
        "less_equal",
        "logical_and",
        "logical_not",
        "logical_or",
        "matmul",
        "maximum",
        "minimum",
        "multiply",
        "negative",
        "norm",
        "not_equal",
        "one_hot",
        "ones",
        "ones_like",
        "pad",
        "pow",
        "range",
        "rank",
        "reduce_all",
        "reduce_any",
        "reduce_logsumexp",
        "reduce_max",
        "reduce_mean",
        "reduce_min",
        "reduce_prod",
        "reduce_sum",
        "repeat",
        "reshape",
        "reverse",
        "roll",
        "round",
        "shape",
        "sigmoid",
        "sign",
        "sin",
        "size",
        "slice",
        "sort",
        "split",
        "sqrt",
        "square",
        "squeeze",
        "stack",
        "stop_gradient",
        "strided_slice",
        "subtract",
        "tanh",
        "tensordot",
        "tile",
        "transpose",
        "truediv",
        "unstack",
        "where",
        "zeros",
        "zeros_like",
    ]
)


@keras.saving.register_keras_serializable("edgesmith")
def hard_sigmoid(x: Any) -> Any:
    """``min(max(0.2 x + 0.5, 0), 1)``, as up to Keras 2; in Keras 3 the slope is 1 / 6."""
    return keras.ops.clip(0.2 * x + 0.5, 0.0, 1.0)


@keras.saving.register_keras_serializable("edgesmith")
class ThresholdedReLU(keras.layers.Layer):
    """``x`` where it is above theta, else 0; not in Keras 3."""

    def __init__(
        self,
        theta: float = 1.0,
        *,
        name: str | None = None,
        dtype: Any = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(name=name, dtype=dtype, trainable=trainable)
        self.theta = theta
        self.supports_masking = True

    def call(self, x: Any) -> Any:
        """The same shape."""
        return keras.ops.where(x > self.theta, x, 0)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The same shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """What it was made with."""
        return {**super().get_config(), "theta": self.theta}


@keras.saving.register_keras_serializable("edgesmith")
class TensorFlowOp(keras.Operation):
    """A TensorFlow function that was called on the tensors of a functional model.

    Keras 2 kept it as a ``TFOpLambda`` or ``SlicingOpLambda`` with the function's path. It is no
    layer, since one takes no numbers where it takes tensors.

    Args:
        function: Its path below ``tf``: ``math.add``, ``__operators__.getitem``.
        name: As of a layer.

    Raises:
        ConversionError: It is no function that only computes.
    """

    def __init__(self, function: str, *, name: str | None = None) -> None:
        super().__init__(name=name)
        self.function = function
        self._compute = _tensorflow_function(function)

    def call(self, *args: Any, **arguments: Any) -> Any:
        """The function of the same arguments; slices come as dicts."""
        if "slice_spec" in arguments:
            arguments["slice_spec"] = _slices(arguments["slice_spec"])
        return self._compute(*args, **arguments)

    def get_config(self) -> dict[str, Any]:
        """What it was made with."""
        return {"name": self.name, "function": self.function}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> TensorFlowOp:
        """Made again; what only a layer has is left out."""
        return cls(config["function"], name=config.get("name"))


def _tensorflow_function(path: str) -> Any:
    *places, name = path.removeprefix("compat.v1.").split(".")
    if places[:1] == ["keras"] and places[1:2] != ["activations"]:
        places = []
    allowed = places[0] in _COMPUTING if places else name in _AT_TOP
    # Modules of TensorFlow hold others, such as `math._sys`, from which all of Python is reached.
    if any(part.startswith("_") for part in [*places[1:], name]):
        allowed = False
    if places == ["keras", "activations"]:
        allowed = allowed and name not in ("get", "serialize", "deserialize")
        function = _ACTIVATIONS.get(name)
    else:
        function = functools.reduce(
            lambda at, part: getattr(at, part, None), [*places, name], tf
        )
    if not allowed or not callable(function):
        raise ConversionError(
            f"the file calls the TensorFlow function '{path}', which is not among those that only "
            "compute; rebuild this part of the model with layers or keras.ops"
        )
    return function


# By the names of Keras 2, with its own meaning where Keras 3 has another.
_ACTIVATIONS = {**vars(keras.activations), "hard_sigmoid": hard_sigmoid}


def _slices(spec: Any) -> Any:
    if isinstance(spec, dict) and "start" in spec:
        return slice(spec["start"], spec["stop"], spec["step"])
    return tuple(_slices(part) for part in spec) if isinstance(spec, list | tuple) else spec


LEGACY_OBJECTS = {
    "SlicingOpLambda": TensorFlowOp,
    "TFOpLambda": TensorFlowOp,
    "ThresholdedReLU": ThresholdedReLU,
}
