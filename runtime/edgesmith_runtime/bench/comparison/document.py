"""A comparison as one JSON document, and the parts of such a document read back."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, cast

from edgesmith_runtime.bench.comparison.members import check_members
from edgesmith_runtime.bench.conditions import Conditions
from edgesmith_runtime.bench.phases import Phase
from edgesmith_runtime.bench.plan import Plan
from edgesmith_runtime.bench.subject import CallStyle, Round, Subject, SubjectKind
from edgesmith_runtime.errors import InputError
from edgesmith_runtime.host import Host
from edgesmith_runtime.manifest import Score
from edgesmith_runtime.settings import Engine, EngineSettings, settings_from

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from edgesmith_runtime.bench.comparison.comparison import Comparison
    from edgesmith_runtime.bench.comparison.figures import Figures
    from edgesmith_runtime.bench.phases import Setting
    from edgesmith_runtime.latency import Estimate

__all__ = [
    "BENCH_FORMAT",
    "check_format",
    "conditions_from",
    "document_of",
    "host_from",
    "plan_from",
    "read_json",
    "subject_from",
    "unreadable",
]

# Grows when a reader of the format before would misread a document; keys may be added without.
BENCH_FORMAT = 1


def document_of(comparison: Comparison) -> dict[str, Any]:
    """All figures and every sample as plain JSON values; what was not measured is null."""
    return {
        "bench": BENCH_FORMAT,
        "bundle": comparison.bundle,
        "identity": comparison.identity,
        "baseline": comparison.baseline,
        "host": dataclasses.asdict(comparison.host),
        "versions": dict(comparison.versions),
        "plan": dataclasses.asdict(comparison.plan),
        "n_threads": comparison.n_threads,
        "n_available_threads": comparison.n_available_threads,
        "load": dataclasses.asdict(comparison.load),
        "conditions": {
            "start": comparison.conditions_start.to_json(),
            "end": comparison.conditions_end.to_json(),
        },
        "noise": list(comparison.noise),
        "noise_floor": {
            setting.key: _estimate(comparison.noise_floor(setting))
            for setting in comparison.settings(comparison.baseline)
        },
        "subjects": [_subject(subject, comparison) for subject in comparison.subjects],
    }


def _subject(subject: Subject, comparison: Comparison) -> dict[str, Any]:
    name = subject.name
    return {
        "name": name,
        "kind": subject.kind,
        "style": subject.style,
        "engine": subject.engine,
        "setup": None if subject.setup is None else dataclasses.asdict(subject.setup),
        "problem": subject.problem,
        "size_bytes": subject.size_bytes,
        "score": None if subject.score is None else dataclasses.asdict(subject.score),
        "import_ms": _scaled(subject.import_ns, 1e6),
        "load_ms": _scaled(subject.load_ns, 1e6),
        "first_call_ms": _scaled(subject.first_call_ns, 1e6),
        "peak_memory_bytes": subject.peak_memory_bytes,
        "batches": {
            str(batch): _steady(comparison.figures(name, batch), subject.drift(batch))
            for batch in comparison.plan.batches
        },
        "settings": {
            setting.key: _setting(subject, setting, comparison)
            for setting in comparison.settings(name)
        },
        "rounds": [item.to_json() for item in subject.rounds],
    }


def _steady(figures: Figures | None, drift: float | None) -> dict[str, Any] | None:
    if figures is None:
        return None
    return {
        **_latencies(figures),
        "drift": drift,
        "times_faster": {
            style.value: dataclasses.asdict(ratio)
            for style, ratio in figures.times_faster.items()
        },
    }


def _setting(subject: Subject, setting: Setting, comparison: Comparison) -> dict[str, Any]:
    figures = comparison.figures(subject.name, setting)
    if figures is None:
        raise KeyError(f"{subject.name} was not measured at {setting}")
    course = comparison.course(subject.name) if setting.phase is Phase.SUSTAINED else None
    return {
        **_latencies(figures),
        "latency_us_p95": _scaled(figures.percentiles.p95, 1e3),
        "latency_us_p99": _scaled(figures.percentiles.p99, 1e3),
        "n_calls": figures.n_calls,
        "ratio": _estimate(comparison.ratio(subject.name, setting)),
        "drift": subject.drift_at(setting),
        "cpu_us": _scaled(figures.cpu_ns, 1e3),
        "energy_uj": figures.energy_uj,
        "memory_bytes": figures.memory_bytes,
        "stages_us": {stage: ns / 1e3 for stage, ns in figures.stages_ns.items()},
        "is_stable": figures.is_stable,
        "course": None
        if course is None
        else {**dataclasses.asdict(course), "text": str(course)},
    }


def _latencies(figures: Figures) -> dict[str, Any]:
    return {
        "latency_us_p50": figures.median_ns.value / 1e3,
        "latency_us_p50_low": figures.median_ns.low / 1e3,
        "latency_us_p50_high": figures.median_ns.high / 1e3,
        "latency_us_p90": _scaled(figures.p90_ns, 1e3),
        "throughput_per_s": figures.throughput_per_s,
    }


def _estimate(estimate: Estimate | None) -> dict[str, float] | None:
    return None if estimate is None else dataclasses.asdict(estimate)


def _scaled(value: float | None, divisor: float) -> float | None:
    return None if value is None else value / divisor


def read_json(path: str | os.PathLike[str]) -> object:
    """The JSON of a file.

    Raises:
        InputError: There is no such file, or it holds no JSON; one line that names it.
    """
    try:
        return json.loads(Path(path).read_bytes(), parse_constant=_refuse_constant)
    except OSError as error:
        raise InputError(
            f"{path}: {error.strerror}; expected what 'edgesmith bench BUNDLE --json FILE' wrote"
        ) from error
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{path}: not JSON, or only a part of it: {error}; "
            "expected what 'edgesmith bench BUNDLE --json FILE' wrote"
        ) from error


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number of JSON")


def check_format(document: object) -> dict[str, Any]:
    """The members of a bench document in the format that this version reads.

    Raises:
        InputError: It is something else, of another version, or damaged as ``check_members``
            says.
    """
    if not isinstance(document, dict) or "bench" not in document:
        raise InputError(
            "not a bench document: expected an object with the key 'bench', as "
            "'edgesmith bench BUNDLE --json FILE' writes it"
        )
    members = cast("dict[str, Any]", document)
    if type(members["bench"]) is not int or members["bench"] != BENCH_FORMAT:
        raise InputError(
            f"bench: expected format {BENCH_FORMAT}, got {ascii(members['bench'])[:40]}; read it "
            "with the version of edgesmith that wrote it"
        )
    check_members(members)
    return members


def unreadable(error: Exception) -> InputError:
    """What to say of a document in the right format that cannot be read.

    Args:
        error: That reading it raised; a KeyError is a key that is not there.
    """
    if type(error) is KeyError:
        return InputError(
            f"a bench document without {error.args[0]!r}: another version of edgesmith wrote it, "
            "or a part was lost; measure again with 'edgesmith bench BUNDLE --json FILE'"
        )
    said = " ".join(str(error).split())
    return InputError(f"a bench document that is damaged: {said}")


def host_from(members: Mapping[str, Any]) -> Host:
    """The machine; members that this version does not know are left out."""
    return Host(**_known(Host, members))


def plan_from(members: Mapping[str, Any]) -> Plan:
    """The plan; members that this version does not know are left out."""
    values: dict[str, Any] = {
        name: tuple(cast("list[object]", value)) if isinstance(value, list) else value
        for name, value in _known(Plan, members).items()
    }
    if "phases" in values:
        values["phases"] = tuple(Phase(phase) for phase in values["phases"])
    return Plan(**values)


def _known(kind: type[Any], members: Mapping[str, Any]) -> dict[str, Any]:
    """The members that a noun has.

    Raises:
        KeyError: One without a default is not there.
    """
    known: dict[str, Any] = {}
    for field in dataclasses.fields(kind):
        if field.name in members:
            known[field.name] = members[field.name]
        elif field.default is field.default_factory is dataclasses.MISSING:
            raise KeyError(field.name)
    return known


def conditions_from(members: Mapping[str, Any]) -> tuple[Conditions, Conditions]:
    """The states of the machine at start and end."""
    return Conditions.from_json(members["start"]), Conditions.from_json(members["end"])


def subject_from(members: Mapping[str, Any], host: Host) -> Subject:
    """One subject with all that its processes said; ``host`` is the machine they ran on."""
    style, engine, score = members["style"], members["engine"], members["score"]
    setup = members["setup"]
    return Subject(
        name=members["name"],
        kind=SubjectKind(members["kind"]),
        style=None if style is None else CallStyle(style),
        engine=None if engine is None else Engine(engine),
        setup=None if setup is None else settings_from(_known(EngineSettings, setup)),
        size_bytes=members["size_bytes"],
        score=None if score is None else Score(**_known(Score, score)),
        rounds=tuple(Round.from_json(item, host) for item in members["rounds"]),
        problem=members["problem"],
    )
