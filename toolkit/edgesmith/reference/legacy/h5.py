# pyright: basic
"""Load a model from the HDF5 file of any Keras."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from edgesmith.quiet import quiet_start
from edgesmith.reference.legacy.keras1 import renamed
from edgesmith.reference.legacy.keras2 import modernized
from edgesmith.reference.legacy.layers import LEGACY_OBJECTS
from edgesmith.reference.legacy.weights import Layout, variables
from edgesmith_runtime.errors import ConversionError

with quiet_start():
    import keras
    from keras.src.legacy.saving import json_utils, legacy_h5_format

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["load_h5", "read_config"]


def read_config(path: Path, objects: Mapping[str, Any]) -> Any:
    """The model's configuration as Keras 3 takes it, its old names and settings repaired.

    Args:
        path: An HDF5 file.
        objects: Custom classes and functions by name.

    Raises:
        ConversionError: The file holds weights alone or no model at all, or a layer came to an
            end with its Keras.
    """
    with h5py.File(path) as file:
        text = _config_text(path, file)
        major = _keras_version(file)
    config = json_utils.decode(text)
    if major >= 3:
        return config
    return modernized(renamed(config) if major < 2 else config, {**LEGACY_OBJECTS, **objects})


def load_h5(path: Path, objects: Mapping[str, Any], *, unsafe: bool) -> keras.Model:
    """The model, not compiled: optimizer and loss are not read.

    Args:
        path: An HDF5 file with ``model_config`` and ``model_weights``.
        objects: Custom classes and functions by name.
        unsafe: Let the file run the Python code that it holds.

    Raises:
        ConversionError: The file holds no model, a layer came to an end with its Keras, or the
            weights are those of another model.
    """
    offered = {**LEGACY_OBJECTS, **objects}
    with h5py.File(path) as file:
        major = _keras_version(file)
        if major >= 3:
            kept: Any = legacy_h5_format.load_model_from_hdf5(
                file, dict(objects), compile=False, safe_mode=not unsafe
            )
            return kept
        with keras.saving.custom_object_scope(offered):
            model: Any = keras.saving.deserialize_keras_object(
                read_config(path, objects), safe_mode=not unsafe
            )
        group = _weights(file)
        layout = Layout(keras_1=major < 2, convolves=_text(group, "backend") == "theano")
        _load_weights(path, model, group, layout)
    return model


def _weights(file: Any) -> Any:
    return file.get("model_weights", file)


def _config_text(path: Path, file: h5py.File) -> str:
    text = _text(file, "model_config")
    if text is None:
        held = (
            "weights alone" if "layer_names" in file.attrs or "layers" in file else "no model"
        )
        raise ConversionError(
            f"{path}: holds {held}; build the model in Python, model.load_weights(...) it, and "
            "convert that"
        )
    return text


def _text(group: Any, name: str) -> str | None:
    value = group.attrs.get(name)
    return value.decode() if isinstance(value, bytes) else value


def _keras_version(file: Any) -> int:
    """Its first number; files from before versions were kept are of Keras 1."""
    version = _text(file, "keras_version") or _text(_weights(file), "keras_version") or "1"
    return int(version.partition(".")[0])


def _load_weights(path: Path, model: Any, group: Any, layout: Layout) -> None:
    """By order, as Keras does: names of layers may differ."""
    read = legacy_h5_format.load_attributes_from_hdf5_group
    groups = [group[name] for name in read(group, "layer_names")]
    kept = [part for part in groups if read(part, "weight_names")]
    layers = [layer for layer in model.layers if variables(layer)]
    if not model.built:
        raise ConversionError(
            f"{path}: does not say what the model takes, so that it has no weights yet; build it "
            "in Python with an input, model.load_weights(...) it, and convert that"
        )
    if len(kept) != len(layers):
        raise ConversionError(
            f"{path}: has weights of {len(kept)} layers, and the model {len(layers)} with weights"
        )
    for layer, part in zip(layers, kept, strict=True):
        _assign(path, layer, part, layout)


def _assign(path: Path, layer: Any, group: Any, layout: Layout) -> None:
    targets = variables(layer)
    arrays = legacy_h5_format.load_subset_weights_from_hdf5_group(group)
    arrays = layout.modern(layer, arrays)
    expected = [tuple(target.shape) for target in targets]
    got = [np.shape(array) for array in arrays]
    if expected != got:
        raise ConversionError(
            f"{path}: layer '{layer.name}': expected weights of shapes {expected}, got {got}"
        )
    for target, array in zip(targets, arrays, strict=True):
        target.assign(array)
    for part in getattr(layer, "layers", [layer]):
        if hasattr(part, "finalize_state"):
            part.finalize_state()
