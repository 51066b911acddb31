"""Names that Keras 1 had for classes and arguments, in those of Keras 2."""

from __future__ import annotations

from typing import Any, cast

from edgesmith_runtime.errors import ConversionError

__all__ = ["renamed"]

Config = dict[str, Any]

_CLASSES = {
    "AtrousConvolution1D": "Conv1D",
    "AtrousConvolution2D": "Conv2D",
    "Convolution1D": "Conv1D",
    "Convolution2D": "Conv2D",
    "Convolution3D": "Conv3D",
    "Deconvolution2D": "Conv2DTranspose",
    "SeparableConvolution2D": "SeparableConv2D",
    "TimeDistributedDense": "Dense",
}
_ARGUMENTS = {
    "atrous_rate": "dilation_rate",
    "bias": "use_bias",
    "border_mode": "padding",
    "dropout_U": "recurrent_dropout",
    "dropout_W": "dropout",
    "filter_length": "kernel_size",
    "inner_activation": "recurrent_activation",
    "length": "size",
    "nb_filter": "filters",
    "output_dim": "units",
    "p": "rate",
    "pool_length": "pool_size",
    "sigma": "stddev",
    "stride": "strides",
    "subsample": "strides",
    "subsample_length": "strides",
}
# How weights were started and held back in training: they come from the file, and stay.
_OF_TRAINING = ("init", "inner_init", "forget_bias_init", "beta_init", "gamma_init", "weights")
_KERNEL_SIZES = (("nb_row", "nb_col"), ("kernel_dim1", "kernel_dim2", "kernel_dim3"))
_MERGES = {
    "ave": "Average",
    "concat": "Concatenate",
    "cos": "Dot",
    "dot": "Dot",
    "max": "Maximum",
    "mul": "Multiply",
    "sum": "Add",
}


def renamed(config: Config) -> Config:
    """A serialized layer or model of Keras 1 as Keras 2 would write it.

    Args:
        config: ``class_name``, ``config`` and, in a functional model, ``name`` and
            ``inbound_nodes``.

    Raises:
        ConversionError: A layer works in a mode that came to an end with Keras 1.
    """
    class_name, settings = config["class_name"], config["config"]
    if isinstance(settings, list):
        return {
            **config,
            "config": [renamed(layer) for layer in cast("list[Config]", settings)],
        }
    if isinstance(settings.get("layers"), list) and class_name != "Merge":
        inner = [renamed(layer) for layer in settings["layers"]]
        return {**config, "config": {**settings, "layers": inner}}
    if class_name == "Merge":
        return {**config, **_merge(settings)}
    if isinstance(settings.get("layer"), dict):
        settings = {**settings, "layer": renamed(settings["layer"])}
    return {
        **config,
        "class_name": _CLASSES.get(class_name, class_name),
        "config": _settings(class_name, settings),
    }


def _settings(class_name: str, old: Config) -> Config:
    if class_name == "BatchNormalization" and old.get("mode", 0) == 1:
        raise ConversionError(
            f"layer '{old.get('name')}': BatchNormalization with mode=1 normalizes each sample by "
            "itself, which Keras gave up; use LayerNormalization and train again"
        )
    gone = {"mode"} if class_name == "BatchNormalization" else set[str]()
    gone |= {"dropout"} if class_name == "Embedding" else set()
    gone |= {"output_shape"} if class_name == "Deconvolution2D" else set()
    kept = {
        key: value
        for key, value in old.items()
        if key not in _OF_TRAINING and key not in gone and not _restrains(key)
    }
    names = dict(_ARGUMENTS)
    if class_name == "Embedding":
        del names["output_dim"]
    new = {names.get(key, key): value for key, value in kept.items()}
    return _kernel_size(_data_format(new))


def _restrains(key: str) -> bool:
    return key.endswith(("_regularizer", "_constraint"))


def _data_format(settings: Config) -> Config:
    ordering = settings.pop("dim_ordering", None)
    if ordering in ("th", "tf"):
        order = "channels_first" if ordering == "th" else "channels_last"
        settings["data_format"] = order
    return settings


def _kernel_size(settings: Config) -> Config:
    for keys in _KERNEL_SIZES:
        if keys[0] in settings:
            settings["kernel_size"] = [settings.pop(key) for key in keys]
    return settings


def _merge(settings: Config) -> Config:
    mode, name = settings.get("mode"), settings.get("name")
    if mode not in _MERGES or settings.get("layers"):
        raise ConversionError(
            f"layer '{name}': Merge with mode={mode!r} of layers that it holds itself has no "
            "equal in Keras 3; rebuild the model with functional layers and set its weights"
        )
    new: Config = {"name": name}
    if mode == "concat":
        new["axis"] = settings.get("concat_axis", -1)
    if mode in ("dot", "cos"):
        new |= {"axes": settings.get("dot_axes", -1), "normalize": mode == "cos"}
    return {"class_name": _MERGES[mode], "config": new}
