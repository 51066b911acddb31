"""A bundle, or a model, to smaller and faster artifacts within a target."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgesmith.choosing import misses
from edgesmith.core import Original, Report
from edgesmith.delivery import BUILD_PLAN, DEFAULT_ROUNDS, prove
from edgesmith.evaluation import fastest_of
from edgesmith.foreign import is_foreign
from edgesmith.fused_artifacts import fused_in
from edgesmith.material import Given, material_of, record_of
from edgesmith.packing import leave_candidates
from edgesmith.pipeline import BuildResult, export
from edgesmith.recipe import Target
from edgesmith.reporting import report_path, write_report
from edgesmith.searching import searched
from edgesmith.silence import Silent
from edgesmith.steps import Steps
from edgesmith.workspace import workspace
from edgesmith_runtime.bench import compare
from edgesmith_runtime.bundle import read_bundle, write_bundle
from edgesmith_runtime.errors import BudgetError, ConfigError, InputError
from edgesmith_runtime.files import scratch
from edgesmith_runtime.manifest import Task
from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from edgesmith.core import KerasModel, Progress
    from edgesmith.found import Found
    from edgesmith.material import Material
    from edgesmith.packing import Record
    from edgesmith.workspace import Workspace
    from edgesmith_runtime.bench import Comparison

__all__ = ["optimize"]


def optimize(  # noqa: PLR0913 - the promised signature
    source: KerasModel | str | Path,
    *,
    target: Target | None = None,
    out: str | Path | None = None,
    original: str | Path | None = None,
    samples: Any = None,
    expected: ArrayLike | None = None,
    class_names: Sequence[str] | None = None,
    custom_objects: Sequence[str] = (),
    unsafe: bool = False,
    n_rounds: int = DEFAULT_ROUNDS,
    seed: int = 0,
    progress: Progress | None = None,
) -> BuildResult:
    """Find the best artifact of each format that keeps a target, with the evidence.

    A bundle gets the chosen artifacts in place of those that it had, an unpacked one as
    ``NAME.edge`` beside it; those that are fused with the transform stay as they are, whatever
    the target. What was tried is in ``optimization.html`` and, where the build is
    beside the bundle, in ``build/``. Samples to calibrate and to judge on are
    those that its build left in ``build/``, or else the given ones. Without either only recipes
    remain that need no calibration, judged on the bundle's golden samples.

    Args:
        source: A bundle, as a file or a directory; or a model as ``export`` takes it.
        target: What the device bears; None takes ``Target()``.
        out: The folder to write to; None writes beside the bundle. A model needs it.
        original: The model that a bundle was made of, where its build is not beside it; without
            it the float artifact stands in, which was proven to answer as it does.
        samples: Raw inputs as ``predict_batch`` takes them, in place of those of the build.
        expected: The true answers to them, see ``export``.
        class_names: Of a model; see ``export``.
        custom_objects: Where classes are that a file needs, ``package.module``.
        unsafe: Let a file run the Python code that it holds.
        n_rounds: Fresh processes by candidate, for its latency.
        seed: Of drawn samples, and of intervals.
        progress: Where to say how far it is; silent without.

    Raises:
        BudgetError: Nothing keeps the target; the message names the nearest candidate. A bundle
            stays as it was then, and the report says what was tried.
        ConfigError: There is no float artifact to start from, or ``out`` is missing.
        BundleError, InputError, DataError: Something cannot be read or learned from.
        WriteError: A file cannot be written.
    """
    progress, target = progress or Silent(), target or Target()
    if not _is_bundle(source):
        if out is None:
            raise ConfigError("out: missing; it says where the bundle of a model goes")
        return export(
            source,
            Path(out) / f"{_name_of(source)}.edge",
            samples=samples,
            expected=expected,
            class_names=class_names,
            formats=None if is_foreign(source) else _formats(target),
            opset=target.opset,
            custom_objects=custom_objects,
            unsafe=unsafe,
            n_rounds=n_rounds,
            seed=seed,
            target=target,
            progress=progress,
        )
    if expected is not None and samples is None:
        raise InputError(
            "expected: answers without the samples that they are for; give the samples too, or "
            "neither, for those of the build"
        )
    place = Path(source)
    bundle = read_bundle(place)
    record = record_of(place, bundle, needed=samples is None)
    given = Given(
        original=None if original is None else Path(original),
        samples=samples,
        expected=expected,
        custom_objects=tuple(custom_objects),
        unsafe=unsafe,
        seed=seed,
    )
    material = material_of(bundle, record, given, progress)
    for one in fused_in(bundle):
        missed = misses(one, target)
        if missed:
            progress.say(f"{one.artifact.file} stays as it is: {'; '.join(missed)}")
    if class_names is not None:
        raise ConfigError("class_names: a bundle has its own; leave them out")
    name = place.stem if place.is_file() else bundle.manifest.name
    with workspace(place.parent if out is None else out, name) as work:
        return _optimized(material, target, work, n_rounds=n_rounds, progress=progress)


def _is_bundle(source: object) -> bool:
    if not isinstance(source, str | Path):
        return False
    path = Path(source)
    return path.suffix == ".edge" or (path / "manifest.json").is_file()


def _formats(target: Target) -> tuple[Format, ...]:
    """Those of the target, and ONNX, which a bundle's default artifact is."""
    return tuple(dict.fromkeys([Format.ONNX, *target.formats]))


def _name_of(model: KerasModel | str | Path) -> str:
    return Path(model).stem if isinstance(model, str | Path) else str(model.name)


def _optimized(
    material: Material,
    target: Target,
    work: Workspace,
    *,
    n_rounds: int,
    progress: Progress,
) -> BuildResult:
    found = searched(
        material.ground,
        target,
        packed=material.packed,
        n_rounds=n_rounds,
        tuned=None,
        progress=progress,
    )
    comparison = None
    if found.search.missed is None:
        comparison = _written(material, found, work, n_rounds=n_rounds, progress=progress)
    report = _report(material, found, comparison, work)
    write_report(report)
    if found.search.missed is not None:
        raise BudgetError(
            f"no artifact keeps the target; {found.search.missed}. {work.bundle} is as it was, "
            f"{report_path(report)} has all that was tried"
        )
    return BuildResult(bundle=work.bundle, report=report_path(report), summary=report)


def _written(
    material: Material, found: Found, work: Workspace, *, n_rounds: int, progress: Progress
) -> Comparison:
    record = material.record
    with scratch(work.build) as folder:
        draft = folder / "draft.edge"
        shipped = (*found.shipped, *fused_in(material.bundle))
        write_bundle(material.packed(shipped, choice=found.choice, found=found), draft)
        prove(draft, shipped, progress)
        steps = Steps(progress, "Measuring")
        try:
            keras = None if record is None or record.original is None else record.original
            against = keras if keras is not None and keras.suffix == ".keras" else None
            plan = replace(BUILD_PLAN, n_rounds=n_rounds)
            comparison = compare(draft, against=against, plan=plan, progress=steps)
        finally:
            steps.close()
        fastest = fastest_of(comparison, found.shipped)
        bundle = material.packed(shipped, choice=found.choice, fastest=fastest, found=found)
        if record is not None and _is_of(record, work):
            leave_candidates(work.build, found.every)
        write_bundle(bundle, work.bundle)
    return comparison


def _called(record: Record | None) -> str:
    if record is None:
        return "the float artifact"
    is_keras = record.original is None or record.original.suffix == ".keras"
    return "Keras" if is_keras else record.original.name if record.original else ""


def _is_of(record: Record, work: Workspace) -> bool:
    """Whether the build that was read is in the folder that is written to."""
    return any(path.is_relative_to(work.build) for path in record.candidates.values())


def _report(
    material: Material, found: Found, comparison: Comparison | None, work: Workspace
) -> Report:
    manifest, ground = material.bundle.manifest, material.ground
    answering = manifest.outputs[0]
    record = material.record
    floats = list(ground.floats.values())
    size_bytes = (
        record.original.stat().st_size
        if record is not None and record.original is not None
        else len(floats[0].artifact.content)
    )
    predicted = {**found.predicted, **material.predicted}
    search = replace(found.search, notes=(*material.notes, *found.search.notes))
    return Report(
        name=manifest.name,
        task=manifest.task,
        bundle=work.bundle,
        original=Original(
            score=floats[0].score,
            size_bytes=size_bytes,
            name=_called(record),
        ),
        candidates=(*found.shipped, *fused_in(material.bundle)),
        choice=found.choice,
        rejected=found.search.rejected,
        comparison=comparison,
        labels=answering.labels or (),
        expected=ground.evaluation.targets,
        predicted=predicted.get(found.choice.file),
        provenance=manifest.provenance,
        raw_inputs=manifest.raw_inputs,
        unit=answering.unit,
        threshold=answering.decode.threshold if manifest.task is Task.ANOMALY else None,
        search=search,
        page="optimization.html",
    )
