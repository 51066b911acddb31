"""What is taken for a bundle and is none: a model, or the folder that a bundle lies in."""

from __future__ import annotations

import os
from itertools import islice

from edgesmith_runtime.checksums import SUMS
from edgesmith_runtime.errors import BundleError

__all__ = ["refuse_model_file", "refuse_other_folder"]

_N_LOOKED_AT = 1000  # a folder of millions is not listed to its end
_N_NAMED = 3  # of the bundles in a folder
_DIRECTORY_BYTES = 1024  # of the end of a Keras file, where it lists its few members
_MODELS = {
    ".keras": "a Keras model file",
    ".h5": "a Keras model file",
    ".hdf5": "a Keras model file",
    ".onnx": "an ONNX model file",
    ".tflite": "a TFLite model file",
}


def refuse_other_folder(path: str) -> None:
    """Say what a folder without SHA256SUMS is, where that can be told.

    Raises:
        BundleError: A SavedModel, or a folder with bundles in it, which are named.
        OSError: It cannot be listed.
    """
    with os.scandir(path) as entries:
        names = {entry.name for entry in islice(entries, _N_LOOKED_AT)}
    if os.path.lexists(os.path.join(path, SUMS)):  # noqa: PTH118 - pathlib takes 5 ms to import
        return
    if "saved_model.pb" in names:
        raise _not_a_bundle(path, "a SavedModel")
    bundles = sorted(name for name in names if name.endswith(".edge"))[:_N_NAMED]
    if bundles:
        given = " or ".join(os.path.join(path, name) for name in bundles)  # noqa: PTH118 - as above
        raise BundleError(f"{path}: a folder with a bundle in it, not a bundle; give {given}")


def refuse_model_file(path: str, content: bytes) -> None:
    """Say that a file is a model, where its members or its suffix tell it.

    Args:
        path: Of the file.
        content: All of it.

    Raises:
        BundleError: It is a model; the message has the command that makes a bundle of it.
    """
    suffix = os.path.splitext(path)[1].lower()  # noqa: PTH122 - pathlib takes 5 ms to import
    if content[:2] == b"PK" and b"model.weights.h5" in content[-_DIRECTORY_BYTES:]:
        suffix = ".keras"
    if suffix in _MODELS:
        raise _not_a_bundle(path, _MODELS[suffix])


def _not_a_bundle(path: str, what: str) -> BundleError:
    return BundleError(
        f"{path}: this is {what}, not a bundle; `edgesmith convert {path} --out out` makes one"
    )
