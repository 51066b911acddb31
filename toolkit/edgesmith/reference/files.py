# pyright: basic
"""The original from a file of any Keras or a SavedModel; written as a ``.keras`` file, whole."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py

from edgesmith.quiet import quiet_start
from edgesmith.reference.custom_objects import custom_objects as objects_of
from edgesmith.reference.faults import gist
from edgesmith.reference.legacy.h5 import load_h5, read_config
from edgesmith.reference.legacy.layers import LEGACY_OBJECTS
from edgesmith.reference.needs import layers_with_code, missing_classes
from edgesmith.reference.saved_model import load_saved_model
from edgesmith_runtime.errors import ConversionError, InputError
from edgesmith_runtime.files import replacing

with quiet_start():
    import keras

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgesmith.reference.tracing import Reference

__all__ = ["load_original", "save"]

_FOREIGN = "it is not made of Keras layers; `edgesmith inspect` shows what it holds"
_CURES = {  # by suffix
    ".onnx": _FOREIGN,
    ".tflite": _FOREIGN,
    ".edge": "it is a bundle; `edgesmith optimize` and `edgesmith inspect` take it",
}


def load_original(
    model: keras.Model | str | Path,
    *,
    custom_objects: tuple[str, ...] = (),
    unsafe: bool = False,
) -> keras.Model:
    """The model itself, or the one that a file holds; not compiled.

    Args:
        model: A model; a ``.keras`` file; a ``.h5`` or ``.hdf5`` file of any Keras; the folder
            of a SavedModel.
        custom_objects: Where classes and functions are that the file needs and does not hold:
            ``package.module`` or ``package.module:Name``.
        unsafe: Let the file run the Python code that it holds, such as that of Lambda layers.

    Raises:
        InputError: The file is missing, damaged or of another kind.
        ConversionError: It holds code, or needs classes that are not there.
    """
    if isinstance(model, keras.Model):
        return model
    path = Path(model)
    objects = objects_of(custom_objects)
    try:
        loaded = _load(path, objects, unsafe=unsafe)
    except (ConversionError, InputError):
        raise
    except Exception as error:  # whatever a damaged file or a user's class raises
        raise InputError(f"{path}: cannot be loaded: {gist(error)}") from error
    if not isinstance(loaded, keras.Model):
        raise ConversionError(
            f"{path}: expected a Keras model, it holds a {type(loaded).__name__}"
        )
    return loaded


def _load(path: Path, objects: Mapping[str, Any], *, unsafe: bool) -> Any:
    if path.is_dir() and any(path.glob("saved_model.pb*")):
        return load_saved_model(path)
    if not path.is_file():
        raise InputError(
            f"{path}: expected a Keras model, a .keras, .h5 or .hdf5 file, or the folder of a "
            "SavedModel"
            + ("; this folder holds no saved_model.pb" if path.is_dir() else ", that exists")
        )
    if h5py.is_hdf5(path):
        _check(path, read_config(path, objects), {**LEGACY_OBJECTS, **objects}, unsafe=unsafe)
        return load_h5(path, objects, unsafe=unsafe)
    if path.suffix == ".keras":
        with zipfile.ZipFile(path) as archive:
            config = json.loads(archive.read("config.json"))
        _check(path, config, objects, unsafe=unsafe)
        return keras.saving.load_model(
            path, custom_objects=dict(objects), compile=False, safe_mode=not unsafe
        )
    cure = _CURES.get(path.suffix.lower(), "it must be one of these")
    raise InputError(f"{path}: is no .keras file, no HDF5 file and no SavedModel; {cure}")


def _check(path: Path, config: Any, objects: Mapping[str, Any], *, unsafe: bool) -> None:
    """What Keras refuses in the middle of loading, said before and by name."""
    missing = missing_classes(config, objects)
    if missing:
        raise ConversionError(
            f"{path}: needs {', '.join(repr(name) for name in missing)}, which neither Keras nor "
            "the file has; say which module has it: --custom-objects package.module on the "
            "command line, custom_objects=('package.module',) in Python"
        )
    code = layers_with_code(config)
    if code and not unsafe:
        raise ConversionError(
            f"{path}: the Lambda layers {', '.join(repr(name) for name in code)} hold Python code, "
            "which loading would run; if you trust the file, and it was written under this "
            "version of Python: --unsafe on the command line, unsafe=True in Python"
        )


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
