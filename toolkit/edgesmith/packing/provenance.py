"""What a bundle was made from and by: data, seed, and the versions of all that took part."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgesmith.core import Provenance, Split

__all__ = ["provenance"]

_OF_KERAS = {"keras", "tensorflow", "tf2onnx"}  # that a model file does without

_PACKAGES = (
    "ai-edge-litert",
    "edgesmith",
    "edgesmith-runtime",
    "keras",
    "numpy",
    "onnx",
    "onnxruntime",
    "tensorflow",
    "tf2onnx",
)


def provenance(
    *,
    data: Provenance | None = None,
    n_by_split: Mapping[Split, int] | None = None,
    seed: int | None = None,
    config: Mapping[str, Any] | None = None,
    threshold: Mapping[str, Any] | None = None,
    original: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The manifest's provenance, as plain JSON values.

    No time, host or path is in it: the same configuration gives the same bytes.

    Args:
        data: Of the data set; None where the model came without one.
        n_by_split: Samples by split.
        seed: Of every random choice.
        config: The configuration as it was read, as plain JSON values.
        threshold: Of an anomaly detection, which scores it comes from.
        original: What a bundle that was made of a model file says of that file.
    """
    without = set[str]() if original is None else _OF_KERAS
    members: dict[str, Any] = {
        "versions": {one: v for one, v in _versions().items() if one not in without}
    }
    if original is not None:
        members["original"] = dict(original)
    if data is not None:
        members["data"] = {
            "source": data.source,
            "licence": data.licence,
            "sha256": data.sha256,
            "n_by_split": {str(split): n for split, n in (n_by_split or {}).items()},
        }
    if seed is not None:
        members["seed"] = seed
    if threshold is not None:
        members["threshold"] = dict(threshold)
    if config is not None:
        members["config"] = dict(config)
    return members


def _versions() -> dict[str, str]:
    found: dict[str, str] = {}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # e.g. TensorFlow under another distribution's name
            continue
    return found
