# pyright: basic
"""The settings of a Keras 2 layer as Keras 3 takes them."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from edgesmith.quiet import quiet_start
from edgesmith.reference.legacy.layers import hard_sigmoid
from edgesmith_runtime.errors import ConversionError

with quiet_start():
    import keras

__all__ = ["of_custom", "of_keras"]

if TYPE_CHECKING:
    from collections.abc import Callable

Settings = dict[str, Any]

_CLASSES = {
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
    "CuDNNGRU": "GRU",
    "CuDNNLSTM": "LSTM",
    "GRUV2": "GRU",
    "LSTMV2": "LSTM",
    "SyncBatchNormalization": "BatchNormalization",
}
# Of every layer: they say how the layer was first called, or how fast it is to run.
_GONE = {
    "batch_input_shape",
    "consume_less",
    "fused",
    "implementation",
    "input_dim",
    "input_dtype",
    "input_length",
    "key_shape",
    "query_shape",
    "value_shape",
    "virtual_batch_size",
}
_ARGUMENTS = {("LeakyReLU", "alpha"): "negative_slope"}
_EVERYWHERE = {"activity_regularizer", "dtype", "name", "trainable"}
_OF_LAMBDA = {"function_type", "module", "output_shape_module", "output_shape_type"}
# Keras 2 wrote them for all convolutions; these have kernels of another kind, and no groups.
_OF_CONVOLUTIONS = {"filters", "groups", "kernel_constraint", "kernel_regularizer"}
_WITHOUT_GROUPS = (
    "Conv1DTranspose",
    "Conv2DTranspose",
    "Conv3DTranspose",
    "DepthwiseConv1D",
    "DepthwiseConv2D",
    "SeparableConv1D",
    "SeparableConv2D",
)


def of_custom(old: Settings) -> Settings:
    """Those of a class that is not Keras': only what its base class takes is adapted."""
    return {key: _value(key, value) for key, value in old.items() if key != "batch_input_shape"}


def of_keras(class_name: str, old: Settings) -> tuple[str, Settings]:
    """The class and the settings that Keras 3 has for those.

    Initializers are left out, since weights come from the file; so is a setting that Keras 3
    does not have where it is off. What is left is for Keras to take or refuse.

    Raises:
        ConversionError: The layer is set to what Keras 3 cannot do.
    """
    new = dict(old)
    for name in (class_name, *_FAMILIES.get(class_name, ())):
        new = _ADAPTED.get(name, dict)(new)
    class_name = _CLASSES.get(class_name, class_name)
    if class_name in _WITHOUT_GROUPS:
        accepted = _accepted(class_name)
        new = {k: v for k, v in new.items() if k in accepted or k not in _OF_CONVOLUTIONS}
    gone = _GONE - {"input_dim"} if class_name == "Embedding" else _GONE
    new = {
        _ARGUMENTS.get((class_name, key), key): _value(key, value)
        for key, value in new.items()
        if key not in gone and not key.endswith("_initializer")
    }
    return class_name, _without_what_is_off(class_name, new)


def _value(key: str, value: Any) -> Any:
    if key == "dtype":
        return _policy(value)
    if key.endswith("activation") and value == "hard_sigmoid":
        return keras.saving.serialize_keras_object(hard_sigmoid)
    return value


def _policy(dtype: Any) -> Any:
    """The name of a policy; Keras 2 wrote ``{"class_name": "Policy", "config": ...}``."""
    if not isinstance(dtype, dict):
        return dtype
    name = dtype.get("config", {}).get("name")
    return "float32" if name in (None, "infer", "_infer") else name


def _accepted(class_name: str) -> set[str]:
    kind = getattr(keras.layers, class_name, None)
    if kind is None:
        return set()
    return {*inspect.signature(kind.__init__).parameters, *_EVERYWHERE}


def _without_what_is_off(class_name: str, settings: Settings) -> Settings:
    accepted = _accepted(class_name)
    return {
        key: value
        for key, value in settings.items()
        if not accepted or key in accepted or value not in (None, False)
    }


def _input(settings: Settings) -> Settings:
    shape = settings.get("batch_input_shape", settings.get("batch_shape"))
    return {**settings, "batch_shape": shape}


def _batch_normalization(settings: Settings) -> Settings:
    axis = settings.get("axis", -1)
    if isinstance(axis, list):
        if len(axis) != 1:
            raise ConversionError(
                f"layer '{settings.get('name')}': BatchNormalization over the axes {axis}: "
                "Keras 3 has it over one axis only"
            )
        axis = axis[0]
    return {**settings, "axis": axis}


def _gru(settings: Settings) -> Settings:
    return {"reset_after": False, **settings}


def _cudnn(settings: Settings) -> Settings:
    return {"activation": "tanh", "recurrent_activation": "sigmoid", **settings}


def _cudnn_gru(settings: Settings) -> Settings:
    return {"reset_after": True, **_cudnn(settings)}


def _lambda(settings: Settings) -> Settings:
    new = {key: value for key, value in settings.items() if key not in _OF_LAMBDA}
    new["function"] = _function(settings["function"])
    if settings.get("output_shape_type", "raw") != "raw":
        new["output_shape"] = _function(settings.get("output_shape"))
    return new


def _function(kept: Any) -> Any:
    """Bytecode, defaults and closure, or a name; as Keras 3 keeps them."""
    if isinstance(kept, str):
        named = {"module": "builtins", "registered_name": "function"}
        return {"class_name": "function", "config": kept, **named}
    if not isinstance(kept, list):
        return kept
    code, defaults, closure = kept
    contents = {"code": code, "defaults": defaults, "closure": closure}
    return {"class_name": "__lambda__", "config": contents}


_FAMILIES = {
    "BatchNormalizationV1": ("BatchNormalization",),
    "BatchNormalizationV2": ("BatchNormalization",),
    "GRUCell": ("GRU",),
    "SyncBatchNormalization": ("BatchNormalization",),
}
_ADAPTED: dict[str, Callable[[Settings], Settings]] = {
    "BatchNormalization": _batch_normalization,
    "CuDNNGRU": _cudnn_gru,
    "CuDNNLSTM": _cudnn,
    "GRU": _gru,
    "InputLayer": _input,
    "Lambda": _lambda,
}
