# pyright: basic
"""The original as a ``.keras`` file: read, or written whole."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from edgesmith.quiet import quiet_start
from edgesmith.reference.faults import gist
from edgesmith_runtime.errors import ConversionError
from edgesmith_runtime.files import replacing

with quiet_start():
    import keras

if TYPE_CHECKING:
    from edgesmith.reference.tracing import Reference

__all__ = ["load_original", "save"]


def load_original(model: keras.Model | str | Path) -> keras.Model:
    """The model itself, or the one that a ``.keras`` file holds.

    Raises:
        ConversionError: The file is missing, of another kind, or needs classes that it does not
            hold.
    """
    if isinstance(model, keras.Model):
        return model
    path = Path(model)
    if path.suffix != ".keras" or not path.is_file():
        raise ConversionError(f"{path}: expected a Keras model or a .keras file that exists")
    try:
        loaded = keras.saving.load_model(path, compile=False)
    except Exception as error:  # whatever a damaged file or a user's class raises
        raise ConversionError(f"{path}: cannot be loaded: {gist(error)}") from error
    if not isinstance(loaded, keras.Model):
        raise ConversionError(
            f"{path}: expected a Keras model, it holds a {type(loaded).__name__}"
        )
    return loaded


def save(model: keras.Model, reference: Reference, path: Path) -> None:
    """Write the original as a ``.keras`` file, whole or not at all.

    Raises:
        ConversionError: Keras cannot save it, or the file would lose variables.
        WriteError: The file cannot be written.
    """
    if reference.unsaved:
        raise ConversionError(
            f"{model.name}: a .keras file loses the variables {', '.join(reference.unsaved)}, "
            "which are plain attributes of the model; make them with self.add_weight(...)"
        )
    with replacing(path) as draft:
        try:
            model.save(draft)
        except (TypeError, ValueError, NotImplementedError) as error:
            raise ConversionError(f"{model.name}: cannot be saved: {gist(error)}") from error
