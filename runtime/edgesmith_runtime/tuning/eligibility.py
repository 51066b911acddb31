"""Which artifacts of a bundle may take the place of its default one, by what the manifest says.

An app must not see another model because a host was tuned. So an artifact competes only if it
takes and gives the tensors that the default one does, and if the build left no doubt of its
answers: its precision is that of the default or float32, or it is the ``fastest`` of the
manifest, or its score lies in the interval of the default's. A score outside of that interval
keeps it out in any case, ``fastest`` excepted: that is the build's own judgement.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgesmith_runtime.spec import Precision

if TYPE_CHECKING:
    from edgesmith_runtime.manifest import ArtifactEntry, Manifest
    from edgesmith_runtime.spec import TensorSpec

__all__ = ["objections"]


def objections(manifest: Manifest) -> dict[str, str | None]:
    """Why each artifact must not stand in for the default one, None where it may; default first."""
    default = manifest.artifact(manifest.default_artifact.file)
    others = [entry for entry in manifest.artifacts if entry is not default]
    return {
        default.file: None,
        **{entry.file: _objection(manifest, entry, default) for entry in others},
    }


def _objection(manifest: Manifest, entry: ArtifactEntry, default: ArtifactEntry) -> str | None:
    if entry.starts_after != default.starts_after or _sides(entry) != _sides(default):
        return f"it takes or gives other tensors than {default.file}"
    if manifest.fastest is not None and manifest.fastest.file == entry.file:
        return None
    score, held_to = entry.score, default.score
    if score is not None and held_to is not None and score.metric == held_to.metric:
        if held_to.low <= score.value <= held_to.high:
            return None
        return (
            f"its {score.metric} of {score.value:.4g} is outside of the interval of "
            f"{default.file}, {held_to.low:.4g} to {held_to.high:.4g}"
        )
    if entry.precision in (default.precision, Precision.FLOAT32):
        return None
    return (
        f"it is {entry.precision}, and the manifest has no scores that show it to be as good as "
        f"{default.file}"
    )


def _sides(entry: ArtifactEntry) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    """Its tensors as an app sees them: in any order, without the batch, quantized ones as numbers."""
    signature = entry.signature
    return _seen(signature.inputs), _seen(signature.outputs)


def _seen(specs: tuple[TensorSpec, ...]) -> list[tuple[object, ...]]:
    return sorted(
        (spec.name, "float32" if spec.scale is not None else spec.dtype, str(spec.shape[1:]))
        for spec in specs
    )
