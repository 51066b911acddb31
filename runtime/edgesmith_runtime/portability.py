"""Which artifacts answer otherwise on a CPU without VNNI, as the build found out."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from edgesmith_runtime.errors import PortabilityWarning
from edgesmith_runtime.fields import Fields
from edgesmith_runtime.host import lacks_vnni

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from edgesmith_runtime.manifest import Manifest

__all__ = ["portability_of", "warn_where_not_portable"]

_MAX_NAMES = 3


def portability_of(manifest: Manifest, file: str) -> str | None:
    """What the manifest says of one artifact, in words; None where it says nothing.

    Raises:
        BundleError: An entry under ``portability`` is ill-typed; the message gives its path.
    """
    fields = _entry(manifest, file)
    if fields is None:
        return None
    if fields.take("portable", bool):
        return f"{file}: answers the same on a CPU without VNNI"
    return f"{file}: answers otherwise on a CPU without VNNI: {_damage(fields)}"


def warn_where_not_portable(
    manifest: Manifest,
    file: str,
    *,
    lacks: Callable[[], bool | None] = lacks_vnni,
) -> None:
    """Warn if this host is one of those on which an artifact answers otherwise.

    Args:
        manifest: Of the bundle.
        file: The artifact that is about to run.
        lacks: Whether this host lacks VNNI; None where it is not known.

    Raises:
        BundleError: As ``portability_of``.
    """
    fields = _entry(manifest, file)
    if fields is None or fields.take("portable", bool) or not lacks():
        return
    warnings.warn(
        f"{file}: this CPU has no VNNI, so the artifact answers otherwise than where it was "
        f"built: {_damage(fields)}; {_cure(manifest, file)}",
        PortabilityWarning,
        stacklevel=3,  # the line that loads the bundle
    )


def _entry(manifest: Manifest, file: str) -> Fields | None:
    artifacts = manifest.portability or {}
    if file not in artifacts:
        return None
    return Fields(artifacts[file], f"manifest.json: portability.{file}", tolerant=True)


def _damage(fields: Fields) -> str:
    layers = fields.children("layers", lambda layer: layer.take("layer", str))
    n_samples, worst = fields.take("n_samples", int), fields.take("worst_error", float)
    n_changed = fields.maybe("n_changed", int)
    changed = "" if n_changed is None else f", {n_changed} decisions changed"
    return (
        f"sums of 8-bit products saturate in {_listed(layers)}; on {n_samples} samples an output "
        f"was off by up to {worst:.3g}{changed}"
    )


def _listed(layers: Sequence[str]) -> str:
    named = ", ".join(f"'{layer}'" for layer in layers[:_MAX_NAMES])
    n_more = len(layers) - _MAX_NAMES
    return f"{named} and {n_more} more layers" if n_more > 0 else named or "some layers"


def _cure(manifest: Manifest, file: str) -> str:
    others = [entry.file for entry in manifest.artifacts if entry.file != file]
    for other in others:
        fields = _entry(manifest, other)
        if fields is None or fields.take("portable", bool):
            return f"load another artifact, artifact='{other}', or run it on a CPU with VNNI"
    return "run it on a CPU with VNNI, or ship the float artifact"
