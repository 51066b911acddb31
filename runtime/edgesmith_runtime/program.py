"""The transform that stands before one artifact of a bundle, checked to give all that it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgesmith_runtime.errors import BundleError
from edgesmith_runtime.transforms import Transform

if TYPE_CHECKING:
    from edgesmith_runtime.bundle import Bundle
    from edgesmith_runtime.manifest import ArtifactEntry

__all__ = ["program_before"]


def program_before(bundle: Bundle, entry: ArtifactEntry) -> Transform:
    """The steps up to where an artifact starts.

    Args:
        bundle: Has the manifest and the assets of the steps.
        entry: One of its artifacts.

    Raises:
        BundleError: The artifact takes what no step gives, or lacks an output of the manifest.
        TransformError: The steps are no transform that this runtime can run.
    """
    manifest = bundle.manifest
    n_steps = 0 if entry.starts_after is None else entry.starts_after + 1
    raw_inputs = tuple(raw.name for raw in manifest.raw_inputs)
    transform = Transform(manifest.transform[:n_steps], raw_inputs, bundle.files)
    made = {*raw_inputs, *(name for step in transform.steps for name in step.outputs)}
    for spec in entry.signature.inputs:
        if spec.name not in made:
            raise BundleError(
                f"manifest.json: {entry.file}: takes '{spec.name}', which neither a raw input "
                f"nor a step up to starts_after is called; there are {sorted(made)}"
            )
    outputs = {spec.name for spec in entry.signature.outputs}
    for output in manifest.outputs:
        if output.name not in outputs:
            raise BundleError(
                f"manifest.json: {entry.file}: expected an output '{output.name}', "
                f"got {sorted(outputs)}"
            )
    return transform
