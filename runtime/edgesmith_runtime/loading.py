"""Load a bundle: checked to the last bit, then opened with the engine that runs it here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgesmith_runtime.bundle import read_bundle
from edgesmith_runtime.errors import BackendError, BundleError
from edgesmith_runtime.model import Model
from edgesmith_runtime.portability import warn_where_not_portable
from edgesmith_runtime.runners import open_runner
from edgesmith_runtime.settings import Engine, default_settings, engines_for
from edgesmith_runtime.transforms import Transform

if TYPE_CHECKING:
    import os

    from edgesmith_runtime.bundle import Bundle
    from edgesmith_runtime.manifest import ArtifactEntry, Manifest
    from edgesmith_runtime.settings import EngineSettings

__all__ = ["load"]


def load(
    path: str | os.PathLike[str],
    *,
    artifact: str | None = None,
    engine: str | None = None,
    n_threads: int | None = None,
) -> Model:
    """Load a bundle: every byte is checked before an engine sees one.

    Warns with ``PortabilityWarning`` where the build found that the artifact answers otherwise on
    a CPU like this one.

    Args:
        path: ``NAME.edge``, or its unpacked directory.
        artifact: A file name of the bundle, or a format ("onnx", "tflite"), of which the first
            that the manifest lists is taken; None takes the bundle's default.
        engine: "onnxruntime", "litert" or "openvino"; None takes the one of the artifact's
            format. OpenVINO runs .onnx and needs the extra ``[openvino]``.
        n_threads: For one run; None takes all that affinity and quota allow.

    Raises:
        BundleError: Not a bundle, damaged, incomplete, of another major format, or without such
            an artifact.
        TransformError: Its transform is not one that this runtime can run.
        BackendError: The engine of the artifact is not installed or refuses the model.
    """
    bundle = read_bundle(path)
    entry = _chosen(bundle.manifest, artifact)
    transform = _program(bundle, entry)
    warn_where_not_portable(bundle.manifest, entry.file)
    runner = open_runner(bundle.artifact(entry.file), _settings(entry, engine, n_threads))
    return Model(bundle, transform, runner)


def _settings(
    entry: ArtifactEntry, engine: str | None, n_threads: int | None
) -> EngineSettings:
    known = engines_for(entry.format)
    if engine is not None and engine not in known:
        raise BackendError(
            f"{entry.file}: expected an engine that runs {entry.format}, {[*known]}, "
            f"got '{engine}'"
        )
    chosen = None if engine is None else Engine(engine)
    return default_settings(entry.format, engine=chosen, n_threads=n_threads)


def _chosen(manifest: Manifest, artifact: str | None) -> ArtifactEntry:
    if artifact is None:
        return manifest.artifact(manifest.default_artifact.file)
    for entry in manifest.artifacts:
        if artifact in (entry.file, entry.format):
            return entry
    known = ", ".join(f"{entry.file} ({entry.format})" for entry in manifest.artifacts)
    raise BundleError(
        f"'{artifact}' is neither a file nor a format of this bundle; it has {known}"
    )


def _program(bundle: Bundle, entry: ArtifactEntry) -> Transform:
    """The steps up to where the artifact starts, checked to give all that it takes."""
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
