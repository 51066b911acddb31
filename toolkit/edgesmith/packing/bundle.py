"""A bundle in memory: the manifest from what the stages found out, and the files it names."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, assert_never

from edgesmith_runtime.bundle import make_bundle
from edgesmith_runtime.errors import ConfigError
from edgesmith_runtime.golden import golden_files
from edgesmith_runtime.manifest import ArtifactEntry, Manifest, Selection
from edgesmith_runtime.spec import Format
from edgesmith_runtime.transforms import Transform

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from edgesmith.core import Candidate, Choice
    from edgesmith_runtime.bundle import Artifact, Bundle
    from edgesmith_runtime.golden import GoldenSamples
    from edgesmith_runtime.manifest import Output, RawInput, Step, Task

__all__ = ["Evidence", "Interface", "needs", "pack"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """What an app sees of a bundle, whichever artifact runs.

    Args:
        name: Of the bundle.
        task: What the outputs mean.
        raw_inputs: What an app hands in.
        transform: The steps from there to the model's tensors.
        outputs: What the model gives, and how it is decoded.
        assets: Content of the files that steps name, by name.
    """

    name: str
    task: Task
    raw_inputs: tuple[RawInput, ...]
    transform: tuple[Step, ...]
    outputs: tuple[Output, ...]
    assets: Mapping[str, bytes] = field(default_factory=dict[str, bytes])

    def program(self) -> Transform:
        """The transform, ready to run."""
        return Transform(
            self.transform, tuple(raw.name for raw in self.raw_inputs), self.assets
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a search found out that ships, as plain JSON values; see the bundle's format."""

    calibration: Mapping[str, Any] | None = None
    portability: Mapping[str, Any] | None = None
    layers: Mapping[str, Any] | None = None


def pack(  # noqa: PLR0913 - the parts of a bundle
    interface: Interface,
    candidates: Sequence[Candidate],
    *,
    choice: Choice,
    fastest: Selection | None,
    golden: GoldenSamples,
    provenance: Mapping[str, Any],
    evidence: Evidence | None = None,
) -> Bundle:
    """Put a bundle together; ``write_bundle`` writes it.

    Args:
        interface: What an app sees.
        candidates: The artifacts that ship, each with its score and parity.
        choice: The default artifact, and why it.
        fastest: The fastest measured, and why; what it needs is filled in here.
        golden: What a self-test replays.
        provenance: Plain JSON values; no time stamps.
        evidence: Of a search; None where nothing was searched.

    Raises:
        ConfigError: The default artifact needs more than the base install, and another does not.
        BundleError: The parts do not make a bundle; the message names the part.
    """
    by_file = {candidate.artifact.file: candidate.artifact for candidate in candidates}
    needed = needs(by_file[choice.file]) if choice.file in by_file else ()
    if needed and not all(needs(artifact) for artifact in by_file.values()):
        raise ConfigError(
            f"the default artifact runs on numpy and onnxruntime alone, {choice.file} needs "
            f"{', '.join(needed)}; add onnx to conversion.formats"
        )
    default = Selection(file=choice.file, reason=choice.reason, needs=needed)
    if fastest is not None and fastest.file in by_file:
        fastest = Selection(
            file=fastest.file, reason=fastest.reason, needs=needs(by_file[fastest.file])
        )
    manifest = Manifest(
        name=interface.name,
        task=interface.task,
        raw_inputs=interface.raw_inputs,
        transform=interface.transform,
        outputs=interface.outputs,
        artifacts=tuple(_entry(candidate, interface) for candidate in candidates),
        default_artifact=default,
        fastest=fastest,
        provenance=provenance,
        calibration=None if evidence is None else evidence.calibration,
        portability=None if evidence is None else evidence.portability,
        layers=None if evidence is None else evidence.layers,
        host_part={
            one.artifact.file: one.fused.host_part
            for one in candidates
            if one.fused is not None
        },
    )
    files = {file: bytes(artifact.content) for file, artifact in by_file.items()}
    return make_bundle(manifest, {**files, **interface.assets, **golden_files(golden)})


def needs(artifact: Artifact) -> tuple[str, ...]:
    """What an artifact needs from the host beyond the base install: names of distributions."""
    match artifact.format:
        case Format.ONNX:
            return ()
        case Format.TFLITE:
            return ("ai-edge-litert",)
        case _:
            assert_never(artifact.format)


def _entry(candidate: Candidate, interface: Interface) -> ArtifactEntry:
    artifact = candidate.artifact
    whole = len(interface.transform) - 1 if interface.transform else None
    return ArtifactEntry(
        file=artifact.file,
        format=artifact.format,
        precision=artifact.precision,
        version=artifact.version,
        signature=artifact.signature,
        starts_after=whole if candidate.fused is None else candidate.fused.starts_after,
        needs=needs(artifact),
        score=candidate.score,
        parity=candidate.parity,
    )
