# pyright: basic
"""A TensorFlow SavedModel as a Keras model: its signature for serving, on inputs by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edgesmith.quiet import quiet_start
from edgesmith_runtime.errors import ConversionError

with quiet_start():
    import keras
    import tensorflow as tf

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["load_saved_model"]

_SERVING = ("serving_default", "serve")


class _Served(keras.layers.Layer):
    """Calls a signature; holds on to what owns the signature's variables."""

    def __init__(self, owner: Any, function: Any) -> None:
        super().__init__(name="served", autocast=False)
        self._owner, self._function = owner, function

    def call(self, tensors: Mapping[str, Any]) -> dict[str, Any]:
        return dict(self._function(**tensors))


def load_saved_model(path: Path) -> keras.Model:
    """A functional model with the inputs and outputs of the signature, by their names there.

    Args:
        path: The folder that ``model.export``, Keras 2's ``model.save`` or
            ``tf.saved_model.save`` wrote.

    Raises:
        ConversionError: It has no signature for serving, or one without shapes.
    """
    owner = tf.saved_model.load(str(path))
    function = _serving(path, dict(owner.signatures))
    specs = function.structured_input_signature[1]
    inputs = {name: _input(path, name, spec) for name, spec in specs.items()}
    return keras.Model(inputs, _Served(owner, function)(inputs), name=_name(path))


def _serving(path: Path, signatures: Mapping[str, Any]) -> Any:
    for name in _SERVING:
        if name in signatures:
            return signatures[name]
    if len(signatures) == 1:
        return next(iter(signatures.values()))
    raise ConversionError(
        f"{path}: expected a signature 'serving_default' or a single one, it has "
        f"{sorted(signatures) or 'none'}; save it with signatures={{'serving_default': ...}}"
    )


def _input(path: Path, name: str, spec: tf.TensorSpec) -> Any:
    if spec.shape.rank is None:
        raise ConversionError(
            f"{path}: input '{name}' has no shape; save it with a tf.TensorSpec that has one"
        )
    return keras.Input(batch_shape=tuple(spec.shape), dtype=spec.dtype.name, name=name)


def _name(path: Path) -> str:
    return path.resolve().name.replace("/", "_") or "saved_model"
