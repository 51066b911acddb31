"""Who takes part in a comparison: a process of each round, and the subjects that it measures."""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edgesmith_runtime.bench.measuring.exchange import Request
from edgesmith_runtime.bench.measuring.references import (
    Expected,
    References,
    elsewhere,
    fixed_batch,
    of_file,
    on_other_engine,
)
from edgesmith_runtime.bench.measuring.samples import write_tensors
from edgesmith_runtime.bench.phases import Phase, Setting
from edgesmith_runtime.bench.subject import CallStyle, SubjectKind
from edgesmith_runtime.errors import InputError
from edgesmith_runtime.settings import Engine, engines_for
from edgesmith_runtime.tuned import tuned_choice

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from edgesmith_runtime.bench.plan import Plan
    from edgesmith_runtime.bundle import Bundle
    from edgesmith_runtime.manifest import ArtifactEntry, Score
    from edgesmith_runtime.settings import EngineSettings

__all__ = ["Entrant", "Field", "checked_engines", "entrants_of", "rivals"]

_ENGINES = {".onnx": Engine.ONNXRUNTIME, ".tflite": Engine.LITERT}  # of a bare file


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrant:
    """One process of a round.

    Args:
        request: What it is asked.
        size_bytes: Of the model's file.
        score: Of the artifact, where the bundle has it.
        setup: Of what was tuned: how it runs.
        problem: Why it cannot be measured, where that is known before it is tried.
    """

    request: Request
    size_bytes: int
    score: Score | None = None
    setup: EngineSettings | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """What every entrant of a comparison is made from.

    Args:
        bundle: What is measured.
        path: Where it is.
        plan: What is measured of it.
        n_threads: Of each.
        references: What goes in and must come out.
        folder: Where the processes find their tensors.
        raws: Where they find their raw inputs; None where RAW is not measured.
    """

    bundle: Bundle
    path: Path
    plan: Plan
    n_threads: int
    references: References
    folder: Path
    raws: Path | None


def rivals(
    against: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | None,
) -> tuple[Path, ...]:
    """The files to compare with: at most one of Keras, and any number of ``.onnx`` and ``.tflite``.

    Raises:
        InputError: One is not there or there twice, or two are of Keras.
    """
    if against is None:
        return ()
    paths = (
        [Path(against)] if isinstance(against, str | os.PathLike) else list(map(Path, against))
    )
    for path in paths:
        if not path.exists():
            raise InputError(
                f"{path}: no such file; expected the Keras model to compare with, "
                "or a .onnx or .tflite file"
            )
        if paths.count(path) > 1:
            raise InputError(f"against: expected different files, got {path} twice")
    of_keras = [str(path) for path in paths if path.suffix not in _ENGINES]
    if len(of_keras) > 1:
        raise InputError(
            f"against: expected at most one Keras model, the others .onnx or .tflite files, got "
            f"{', '.join(of_keras)}"
        )
    return tuple(paths)


def checked_engines(engines: Sequence[str], bundle: Bundle) -> tuple[Engine, ...]:
    """Engines by name.

    Raises:
        InputError: There is no such engine, or it runs no artifact of the bundle.
    """
    runs = {
        engine for entry in bundle.manifest.artifacts for engine in engines_for(entry.format)
    }
    for name in engines:
        if name not in runs:
            raise InputError(
                f"engines: expected some that run an artifact of this bundle "
                f"({', '.join(sorted(runs))}), got '{name}'"
            )
    return tuple(dict.fromkeys(Engine(name) for name in engines))


def entrants_of(
    field: Field, files: Sequence[Path], engines: Sequence[Engine]
) -> tuple[Entrant, ...]:
    """Artifacts in the manifest's order, these on other engines, the tuned one, the twin, files, Keras.

    The tensors of each are written where its request says.
    """
    write_tensors(field.folder / "inputs.npz", field.references.inputs)
    manifest = field.bundle.manifest
    own = [_artifact(field, entry) for entry in manifest.artifacts]
    others = [
        _on_engine(field, entry, engine)
        for entry in manifest.artifacts
        for engine in engines_for(entry.format)[1:]
        if engine in engines
    ]
    twins = [
        _again(one)
        for one in own
        if one.request.name == manifest.default_artifact.file
        and one.problem is None
        and field.plan.n_rounds > 1
    ]
    bare = [path for path in files if path.suffix in _ENGINES]
    of_keras = [_keras(field, path) for path in files if path.suffix not in _ENGINES]
    named = zip(_names(bare), bare, strict=True)
    return (
        *own,
        *others,
        *_tuned(field),
        *twins,
        *(_file(field, name, path, index) for index, (name, path) in enumerate(named)),
        *of_keras,
    )


def _artifact(field: Field, entry: ArtifactEntry) -> Entrant:
    """An artifact on the engine of its format.

    A fused one is timed on other work than the rest, steps of the transform are in its call: it
    is comparable from raw inputs alone.
    """
    is_elsewhere = entry in elsewhere(field.bundle.manifest)
    fixed = fixed_batch(entry.signature)
    settings = tuple(
        setting
        for setting in field.plan.settings()
        if setting.phase is Phase.RAW or (not is_elsewhere and fixed in (None, setting.batch))
    )
    first = Setting(Phase.STEADY, float(fixed or field.plan.batches[0]))
    request = dataclasses.replace(
        _template(field, entry.file, field.references.artifacts[entry.file]),
        model=str(field.path),
        artifact=entry.file,
        engine=engines_for(entry.format)[0],
        raws=None if field.raws is None else str(field.raws),
        first=Setting(Phase.RAW) if is_elsewhere else first,
        settings=settings,
    )
    return Entrant(
        request=request,
        size_bytes=field.bundle.artifact(entry.file).size_bytes,
        score=entry.score,
        problem=None if settings else _why_not(field.plan, fixed, is_elsewhere=is_elsewhere),
    )


def _why_not(plan: Plan, fixed: int | None, *, is_elsewhere: bool) -> str:
    if is_elsewhere:
        return (
            "it takes other values than the default artifact, from before some steps of the "
            "transform; compare both from raw inputs"
        )
    sizes = dict.fromkeys(str(setting.batch) for setting in plan.settings())
    return f"it takes batches of {fixed} only, not of {', '.join(sizes)}"


def _tuned(field: Field) -> list[Entrant]:
    """What ``tune`` chose on this host; nothing where it was not tuned."""
    choice = tuned_choice(field.bundle)
    if choice is None:
        return []
    entry = field.bundle.manifest.artifact(choice.setup.file)
    own = _on_engine(field, entry, choice.setup.settings.engine)
    request = dataclasses.replace(
        own.request, name=f"{entry.file} as tuned", kind=SubjectKind.TUNED
    )
    return [dataclasses.replace(own, request=request, setup=choice.setup.settings)]


def _on_engine(field: Field, entry: ArtifactEntry, engine: Engine) -> Entrant:
    own = _artifact(field, entry)
    if own.request.engine is engine:
        return own
    name = f"{entry.file} on {engine}"
    expected = on_other_engine(field.references.artifacts[entry.file], entry)
    written = _template(field, name, expected)
    request = dataclasses.replace(
        own.request,
        name=name,
        engine=engine,
        expected=written.expected,
        tolerances=written.tolerances,
    )
    return dataclasses.replace(own, request=request)


def _again(entrant: Entrant) -> Entrant:
    name = f"{entrant.request.name} again"
    request = dataclasses.replace(entrant.request, name=name, kind=SubjectKind.AGAIN)
    return dataclasses.replace(entrant, request=request)


def _file(field: Field, name: str, path: Path, index: int) -> Entrant:
    engine = _ENGINES[path.suffix]
    expected = of_file(field.references)
    # An interpreter of LiteRT is for one thread at a time.
    left_out = {Phase.RAW, Phase.CONCURRENT} if engine is Engine.LITERT else {Phase.RAW}
    request = dataclasses.replace(
        _template(field, f"file_{index}", expected),
        name=f"{name} in {engine}",
        kind=SubjectKind.FILE,
        model=str(path),
        engine=engine,
        settings=_without(field.plan, left_out),
    )
    return Entrant(request=request, size_bytes=_size(path))


def _keras(field: Field, path: Path) -> Entrant:
    request = dataclasses.replace(
        _template(field, "keras", field.references.original),
        kind=SubjectKind.KERAS,
        model=str(path),
        styles=tuple(CallStyle),
        settings=_without(field.plan, {Phase.RAW}),
    )
    return Entrant(request=request, size_bytes=_size(path))


def _template(field: Field, name: str, expected: Expected) -> Request:
    """A request whose expected outputs are written."""
    path = field.folder / f"{name}.npz"
    write_tensors(path, expected.outputs)
    return Request(
        name=name,
        kind=SubjectKind.ARTIFACT,
        model="",
        inputs=str(field.folder / "inputs.npz"),
        expected=str(path),
        tolerances=dict(expected.tolerances),
        first=Setting(Phase.STEADY, float(field.plan.batches[0])),
        settings=(),
        n_threads=field.n_threads,
        effort=field.plan.effort,
    )


def _without(plan: Plan, phases: set[Phase]) -> tuple[Setting, ...]:
    return tuple(setting for setting in plan.settings() if setting.phase not in phases)


def _names(paths: Sequence[Path]) -> Iterator[str]:
    """The names of files; of those that share one, the paths."""
    names = [path.name for path in paths]
    for path in paths:
        yield path.name if names.count(path.name) == 1 else str(path)


def _size(path: Path) -> int:
    if path.is_dir():
        return sum(one.stat().st_size for one in path.rglob("*") if one.is_file())
    return path.stat().st_size
