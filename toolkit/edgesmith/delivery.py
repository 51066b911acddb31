"""From a traced model to what ships: evaluated, packed, self-tested, measured, reported."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from edgesmith.core import Candidate, Choice, Original, Report
from edgesmith.evaluation import choose, evaluate, fastest_of
from edgesmith.foreign import ForeignModel
from edgesmith.fused_artifacts import FusingGround, fused_candidates, fused_within
from edgesmith.packing import (
    DRAWN,
    SampleSet,
    golden_rows,
    golden_samples,
    leave,
    original_place,
    pack,
)
from edgesmith.reporting import report_path, write_report
from edgesmith.scopes import layer_of
from edgesmith.searching import evidence_of, searched
from edgesmith.steps import Steps
from edgesmith.trials import Ground, with_own_answers
from edgesmith.verification import tolerance
from edgesmith.workspace import Drafts
from edgesmith_runtime.bench import Plan, compare
from edgesmith_runtime.bundle import write_bundle
from edgesmith_runtime.errors import BudgetError, ConversionError
from edgesmith_runtime.files import replacing, scratch
from edgesmith_runtime.loading import load
from edgesmith_runtime.manifest import Task

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from edgesmith.config import ConversionConfig
    from edgesmith.core import Account, Curve, KerasModel, Progress, Rejected
    from edgesmith.evaluation import Evaluation, Verdict
    from edgesmith.evidence import Search
    from edgesmith.foreign import AnyReference
    from edgesmith.found import Found
    from edgesmith.packing import Evidence, Interface
    from edgesmith.recipe import Target
    from edgesmith.search import Tuned
    from edgesmith.trials import CalibrationSamples
    from edgesmith.workspace import Workspace
    from edgesmith_runtime.bench import Comparison
    from edgesmith_runtime.bundle import Bundle
    from edgesmith_runtime.golden import GoldenSamples
    from edgesmith_runtime.manifest import Selection
    from edgesmith_runtime.transforms import Batch

__all__ = ["BUILD_PLAN", "DEFAULT_ROUNDS", "Order", "deliver", "prove"]

DEFAULT_ROUNDS = 3  # of a search's latencies where a comparison is not asked for
# Less than `edgesmith bench`: the calls of Keras and their warm-up are most of what it takes.
BUILD_PLAN = Plan(n_rounds=DEFAULT_ROUNDS, max_seconds=0.35, min_calls=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be delivered.

    Args:
        model: The Keras model, or the model file.
        reference: The same, traced; a model file as it is.
        interface: What an app shall see.
        evaluation: The samples to verify on.
        raw_samples: Raw inputs of some of them, as batches by raw input name.
        conversion: Formats, opset and limits.
        n_rounds: Of the latency comparison; None measures nothing.
        provenance: For the manifest.
        calibration: Training samples for later steps, or None.
        account: What preparation did, where it was done here.
        curve: How training went, where it was done here.
        target: What the device bears; None searches nothing.
        tuned: Other weights for the search, of a model that was trained here.
    """

    model: KerasModel
    reference: AnyReference
    interface: Interface
    evaluation: Evaluation
    raw_samples: Callable[[list[int]], Mapping[str, Batch]]
    conversion: ConversionConfig
    n_rounds: int | None
    provenance: Mapping[str, Any] = field(default_factory=dict[str, Any])
    calibration: CalibrationSamples | None = None
    account: Account | None = None
    curve: Curve | None = None
    target: Target | None = None
    tuned: Tuned | None = None


def deliver(order: Order, work: Workspace, progress: Progress) -> Report:
    """Write the bundle, the report, and what later steps need.

    The bundle is packed, loaded and self-tested beside its place before it takes it: a fault on
    the way leaves an old bundle as it was.

    Raises:
        ConversionError: A converter fails.
        ParityError: An artifact answers differently from the original.
        SelfTestError: The finished bundle does not reproduce its golden samples.
        WriteError: A file cannot be written.
        BudgetError: Nothing keeps the target. The bundle has the float artifacts then, and the
            report what was tried.
    """
    with scratch(work.build) as folder:
        drafts = Drafts(folder, _suffix(order))
        original = _save_original(order, drafts.original, progress)
        verdict = evaluate(
            order.reference,
            order.evaluation,
            order.conversion,
            directory=work.build,
            progress=progress,
        )
        found = (
            None if order.target is None else _searched(order, order.target, verdict, progress)
        )
        made = _fused(order, verdict, work, progress) if order.conversion.fuse else ()
        fused, unfit = fused_within(made, order.target, progress)
        shipment = _shipment(order, verdict, found, fused, unfit)
        bundle = shipment.bundle(fastest=None)
        write_bundle(bundle, drafts.bundle)
        prove(drafts.bundle, shipment.candidates, progress)
        comparison = _measured(order, drafts.bundle, original, progress)
        size_bytes = order.reference.size_bytes if original is None else original.stat().st_size
        fastest = None if comparison is None else fastest_of(comparison, shipment.candidates)
        if fastest is not None:
            bundle = shipment.bundle(fastest=fastest)
        _leave(order, work, verdict, shipment.tried, original)
        write_bundle(bundle, work.bundle)
    report = _report(order, work, verdict, shipment, comparison, size_bytes)
    write_report(report)
    if found is not None and found.search.missed is not None:
        raise BudgetError(
            f"no artifact keeps the target; {found.search.missed}. {work.bundle} has the float "
            f"artifacts, {report_path(report)} all that was tried"
        )
    return report


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shipment:
    """What goes into the bundle, and the candidates that stay."""

    order: Order
    candidates: tuple[Candidate, ...]
    choice: Choice
    golden: GoldenSamples
    predicted: Mapping[str, NDArray[Any] | None]
    tried: tuple[Candidate, ...]
    search: Search | None
    rejected: tuple[Rejected, ...]
    evidence: Evidence | None

    def bundle(self, *, fastest: Selection | None) -> Bundle:
        return pack(
            self.order.interface,
            self.candidates,
            choice=self.choice,
            fastest=fastest,
            golden=self.golden,
            provenance=self.order.provenance,
            evidence=self.evidence,
        )


def _shipment(
    order: Order,
    verdict: Verdict,
    found: Found | None,
    fused: tuple[Candidate, ...],
    unfit: tuple[Rejected, ...],
) -> _Shipment:
    shipped = (*(verdict.candidates if found is None else found.shipped), *fused)
    return _Shipment(
        order=order,
        candidates=shipped,
        choice=choose(verdict.candidates) if found is None else found.choice,
        golden=_golden(order, verdict, shipped),
        predicted=verdict.predicted
        if found is None
        else {**found.predicted, **verdict.predicted},
        tried=(*(verdict.candidates if found is None else found.every), *fused),
        search=None if found is None else found.search,
        rejected=(*(() if found is None else found.search.rejected), *unfit),
        evidence=None if found is None else evidence_of(found),
    )


def _fused(
    order: Order, verdict: Verdict, work: Workspace, progress: Progress
) -> tuple[Candidate, ...]:
    ground = FusingGround(
        model=order.model,
        reference=order.reference,
        transform=order.interface.program(),
        evaluation=order.evaluation,
        original=verdict.original_outputs,
        raw_samples=order.raw_samples,
    )
    return fused_candidates(ground, order.conversion, directory=work.build, progress=progress)


def _searched(order: Order, target: Target, verdict: Verdict, progress: Progress) -> Found:
    ground = Ground(
        floats={one.artifact.format: one for one in verdict.candidates},
        evaluation=order.evaluation,
        original=verdict.original_outputs,
        calibration=order.calibration,
        layer_of=functools.partial(layer_of, scopes=_scopes(order)),
    )

    def packed(candidates: Sequence[Candidate]) -> Bundle:
        return pack(
            order.interface,
            candidates,
            choice=Choice(file=candidates[0].artifact.file, reason="for its latency"),
            fastest=None,
            golden=_golden(order, verdict, candidates),
            provenance={},
        )

    return searched(
        ground,
        target,
        packed=packed,
        n_rounds=order.n_rounds or DEFAULT_ROUNDS,
        tuned=order.tuned,
        progress=progress,
    )


def _scopes(order: Order) -> Mapping[str, str]:
    reference = order.reference
    return {} if isinstance(reference, ForeignModel) else reference.freeze().scopes


def _suffix(order: Order) -> str:
    reference = order.reference
    return f".{reference.format}" if isinstance(reference, ForeignModel) else ".keras"


def _save_original(order: Order, path: Path, progress: Progress) -> Path | None:
    if isinstance(order.reference, ForeignModel):
        with replacing(path, size_bytes=order.reference.size_bytes) as draft:
            draft.write_bytes(order.reference.content)
        return path
    from edgesmith.reference import save

    try:
        save(order.model, order.reference, path)
    except ConversionError as error:
        progress.say(f"original.keras is left out, and with it the latency of Keras: {error}")
        return None
    return path


def _golden(order: Order, verdict: Verdict, candidates: Sequence[Candidate]) -> GoldenSamples:
    interface = order.interface
    n_samples = len(next(iter(verdict.original_outputs.values())))
    rows = golden_rows(order.evaluation.targets, n_samples)
    golden = golden_samples(
        interface.raw_inputs,
        order.raw_samples(rows),
        interface.program(),
        original=order.reference.run,
        inputs=[spec.name for spec in order.reference.signature.inputs],
        artifacts={
            one.artifact.file: {
                name: tolerance(array) for name, array in verdict.original_outputs.items()
            }
            for one in candidates
        },
        earlier=[
            spec.name
            for one in candidates
            if one.fused is not None
            for spec in one.artifact.signature.inputs
        ],
    )
    return with_own_answers(golden, candidates, verdict.original_outputs)


def prove(bundle: Path, candidates: Sequence[Candidate], progress: Progress) -> None:
    """Load the bundle as an app would, and replay its golden samples with every artifact."""
    files = [one.artifact.file for one in candidates]
    for file in progress.track(files, "Self-test", total=len(files)):
        load(bundle, artifact=file).selftest()


def _measured(
    order: Order, bundle: Path, original: Path | None, progress: Progress
) -> Comparison | None:
    if order.n_rounds is None:
        return None
    steps = Steps(progress, "Measuring")
    keras = _comparable(order, original, progress)
    try:
        plan = replace(BUILD_PLAN, n_rounds=order.n_rounds)
        return compare(bundle, against=keras, plan=plan, progress=steps)
    finally:
        steps.close()


def _comparable(order: Order, original: Path | None, progress: Progress) -> Path | None:
    if isinstance(order.reference, ForeignModel):
        return None  # the artifact is the same graph in the same engine
    if order.reference.lifted is not None:
        progress.say(
            "the latency of Keras is left out: its call does the string layers too, which are in "
            "the bundle's transform"
        )
        return None
    return original


def _leave(
    order: Order,
    work: Workspace,
    verdict: Verdict,
    candidates: Sequence[Candidate],
    original: Path | None,
) -> None:
    place = original_place(work.build, _suffix(order))
    if original is None:
        place.unlink(missing_ok=True)
    else:
        original.replace(place)
    evaluation = order.evaluation
    sets = {
        str(evaluation.split): SampleSet(
            n_samples=len(next(iter(verdict.original_outputs.values()))),
            batches=evaluation.batches(),
            outputs=verdict.original_outputs,
            targets=evaluation.targets,
            source=DRAWN if evaluation.drawn else f"{evaluation.split} split",
        )
    }
    if order.calibration is not None:
        sets["calibration"] = SampleSet(
            n_samples=len(order.calibration),
            batches=order.calibration.batches(),
            source=order.calibration.source,
            seed=order.calibration.seed,
        )
    leave(
        work.build,
        name=work.name,
        reference=order.reference,
        candidates=candidates,
        sets=sets,
    )


def _report(
    order: Order,
    work: Workspace,
    verdict: Verdict,
    shipment: _Shipment,
    comparison: Comparison | None,
    size_bytes: int,
) -> Report:
    answering = order.interface.outputs[0]
    return Report(
        name=work.name,
        task=order.interface.task,
        bundle=work.bundle,
        original=Original(
            score=verdict.original_score, size_bytes=size_bytes, name=_called(order.reference)
        ),
        candidates=shipment.candidates,
        choice=shipment.choice,
        rejected=shipment.rejected,
        account=order.account,
        curve=order.curve,
        comparison=comparison,
        labels=answering.labels or (),
        expected=order.evaluation.targets,
        predicted=shipment.predicted[shipment.choice.file],
        provenance=order.provenance,
        raw_inputs=order.interface.raw_inputs,
        unit=answering.unit,
        threshold=answering.decode.threshold if order.interface.task is Task.ANOMALY else None,
        search=shipment.search,
    )


def _called(reference: AnyReference) -> str:
    return f"original.{reference.format}" if isinstance(reference, ForeignModel) else "Keras"
