"""Whether an app and a bench are of the same: bundle, artifact, settings, host."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from edgesmith_runtime.settings import Engine

if TYPE_CHECKING:
    from edgesmith_runtime.bench.comparison import Comparison
    from edgesmith_runtime.bench.subject import Subject
    from edgesmith_runtime.host import Host
    from edgesmith_runtime.recorded import Recording

__all__ = ["host_differences", "other_bundle", "settings_differences"]


def other_bundle(
    recording: Recording, comparison: Comparison, subject: Subject | None
) -> str | None:
    """How the bundle or the artifact of the app is another than the bench's; None: it is not."""
    if recording.bundle != comparison.bundle:
        return f"the bundle '{comparison.bundle}', got '{recording.bundle}'"
    if subject is None:
        known = ", ".join(one.name for one in comparison.subjects if one.rounds)
        return f"an artifact that the bench measured ({known}), got {recording.artifact}"
    if subject.size_bytes != recording.artifact_bytes:
        return (
            f"{recording.artifact} of {subject.size_bytes} bytes, got one of "
            f"{recording.artifact_bytes}"
        )
    return None


def host_differences(recording: Recording, comparison: Comparison) -> list[str]:
    """What is unlike between the two hosts, ``name: app's against the bench's``."""
    ours, theirs = recording.host, comparison.host
    return [
        f"{field.name}: {_shown(ours, field.name)} against {_shown(theirs, field.name)}"
        for field in dataclasses.fields(ours)
        if getattr(ours, field.name) != getattr(theirs, field.name)
    ]


def _shown(host: Host, name: str) -> str:
    value = getattr(host, name)
    return "unknown" if value is None or value == "" else str(value)


def settings_differences(
    recording: Recording, comparison: Comparison, subject: Subject
) -> list[str]:
    """What of the engine's settings is unlike; the bench has the defaults but for its threads."""
    settings = recording.settings
    if settings is None:
        return []
    unlike: list[str] = []
    if subject.engine is not None and settings.engine is not subject.engine:
        unlike.append(f"the engine {settings.engine} against {subject.engine}")
    if settings.n_threads != comparison.n_threads:
        unlike.append(f"n_threads {settings.n_threads} against {comparison.n_threads}")
    if settings.engine is Engine.ONNXRUNTIME:
        if settings.is_pooled:
            unlike.append("threads of a shared pool against its own")
        if not settings.spins and settings.n_threads > 1:
            unlike.append("threads that sleep against ones that spin")
    return unlike
