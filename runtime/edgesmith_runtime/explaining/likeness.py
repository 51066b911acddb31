"""Whether an app and a bench are of the same: bundle, artifact, settings, host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgesmith_runtime.settings import Engine, EngineSettings

if TYPE_CHECKING:
    from edgesmith_runtime.bench.comparison import Comparison
    from edgesmith_runtime.bench.subject import Subject
    from edgesmith_runtime.host import Host
    from edgesmith_runtime.recorded import Recording

__all__ = ["host_differences", "other_bundle", "settings_differences"]

# Members of a host that times depend on, and what people call them.
_TELLING = {
    "cpu": "CPU",
    "n_cpus": "processors",
    "n_cpus_affinity": "processors that may be used",
    "cpu_quota": "quota of processors",
}
_VERSIONS = {Engine.ONNXRUNTIME: "onnxruntime", Engine.LITERT: "ai_edge_litert"}

_N_DIGITS = 12  # of an identity: enough for people to tell two apart


def other_bundle(
    recording: Recording, comparison: Comparison, subject: Subject | None
) -> str | None:
    """How the bundle or the artifact of the app is another than the bench's; None: it is not."""
    if recording.identity != comparison.identity:
        if recording.bundle == comparison.bundle:
            digits = (one.identity[:_N_DIGITS] for one in (comparison, recording))
            return "the bundle '{}' {}, got one of that name {}".format(
                comparison.bundle, *digits
            )
        return f"the bundle '{comparison.bundle}', got '{recording.bundle}'"
    if subject is None:
        known = ", ".join(one.name for one in comparison.subjects if one.rounds)
        return f"an artifact that the bench measured ({known}), got {recording.artifact}"
    return None


def host_differences(recording: Recording, comparison: Comparison) -> list[str]:
    """What is unlike between the two hosts that times depend on, ``name: app's against the bench's``.

    That is the CPU, processors, affinity, quota, and the version of the engine that ran. What is
    not known on one side is no difference, but for the quota, which is none then.
    """
    ours, theirs = recording.host, comparison.host
    names = {name: said for name, said in _TELLING.items() if _is_known(ours, theirs, name)}
    if recording.settings is not None:
        engine = recording.settings.engine
        version = _VERSIONS.get(engine)
        if version is not None and _is_known(ours, theirs, version):
            names[version] = str(engine)
    return [
        f"{said}: {_shown(ours, name)} against {_shown(theirs, name)}"
        for name, said in names.items()
        if getattr(ours, name) != getattr(theirs, name)
    ]


def _is_known(ours: Host, theirs: Host, name: str) -> bool:
    values = (getattr(ours, name), getattr(theirs, name))
    return name == "cpu_quota" or not any(value in (None, "", "unknown") for value in values)


def _shown(host: Host, name: str) -> str:
    value = getattr(host, name)
    return "none" if value is None else str(value)


def settings_differences(
    recording: Recording, comparison: Comparison, subject: Subject
) -> list[str]:
    """What of the engine's settings is unlike, the app's first.

    The bench has the defaults but for its threads, or what ``tune`` chose.
    """
    ours = recording.settings
    if ours is None:
        return []
    theirs = subject.setup or EngineSettings(
        engine=subject.engine or ours.engine, n_threads=comparison.n_threads
    )
    unlike: list[str] = []
    if ours.engine is not theirs.engine:
        unlike.append(f"the engine {ours.engine} against {theirs.engine}")
    if ours.n_threads != theirs.n_threads:
        unlike.append(f"n_threads {ours.n_threads} against {theirs.n_threads}")
    if ours.engine is theirs.engine is Engine.ONNXRUNTIME:  # which alone heeds the rest
        if ours.is_pooled != theirs.is_pooled:
            unlike.append(
                "threads of a shared pool against its own"
                if ours.is_pooled
                else "threads of its own against those of a shared pool"
            )
        if ours.spins != theirs.spins and max(ours.n_threads, theirs.n_threads) > 1:
            unlike.append(
                "threads that spin against ones that sleep"
                if ours.spins
                else "threads that sleep against ones that spin"
            )
        if ours.layout is not theirs.layout:
            unlike.append(f"the {ours.layout} layout against the {theirs.layout} one")
    return unlike
