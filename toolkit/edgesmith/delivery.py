"""From a traced model to what ships: evaluated, packed, self-tested, measured, reported."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from edgesmith.core import Original, Report
from edgesmith.evaluation import choose, evaluate, fastest_of
from edgesmith.foreign import ForeignModel
from edgesmith.packing import (
    SampleSet,
    golden_rows,
    golden_samples,
    leave,
    original_place,
    pack,
)
from edgesmith.reporting import details, render_html, report_path
from edgesmith.steps import Steps
from edgesmith.verification import tolerance
from edgesmith_runtime.bench import Plan, compare
from edgesmith_runtime.bundle import write_bundle
from edgesmith_runtime.errors import ConversionError
from edgesmith_runtime.files import replacing
from edgesmith_runtime.model import load
from edgesmith_runtime.transforms import Transform

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from edgesmith.config import ConversionConfig
    from edgesmith.core import Account, Curve, KerasModel, Progress
    from edgesmith.evaluation import Evaluation, Verdict
    from edgesmith.foreign import AnyReference
    from edgesmith.packing import Interface
    from edgesmith.workspace import Workspace
    from edgesmith_runtime.bench import Comparison
    from edgesmith_runtime.bundle import Bundle
    from edgesmith_runtime.golden import GoldenSamples
    from edgesmith_runtime.manifest import Selection
    from edgesmith_runtime.transforms import Batch

__all__ = ["Order", "deliver"]


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
    """

    model: KerasModel
    reference: AnyReference
    interface: Interface
    evaluation: Evaluation
    raw_samples: Callable[[list[int]], Mapping[str, Batch]]
    conversion: ConversionConfig
    n_rounds: int | None
    provenance: Mapping[str, Any] = field(default_factory=dict[str, Any])
    calibration: SampleSet | None = None
    account: Account | None = None
    curve: Curve | None = None


def deliver(order: Order, work: Workspace, progress: Progress) -> Report:
    """Write the bundle, the report, and what later steps need.

    The bundle is packed, loaded and self-tested beside its place before it takes it: a fault on
    the way leaves an old bundle as it was.

    Raises:
        ConversionError: A converter fails.
        ParityError: An artifact answers differently from the original.
        SelfTestError: The finished bundle does not reproduce its golden samples.
        WriteError: A file cannot be written.
    """
    drafts = _Drafts(work, _suffix(order))
    try:
        original = _save_original(order, drafts.original, progress)
        verdict = evaluate(
            order.reference,
            order.evaluation,
            order.conversion,
            directory=work.build,
            progress=progress,
        )
        golden = _golden(order, verdict)
        bundle = _packed(order, verdict, golden, fastest=None)
        write_bundle(bundle, drafts.bundle)
        _prove(drafts.bundle, verdict, progress)
        comparison = _measured(order, drafts.bundle, original, progress)
        size_bytes = order.reference.size_bytes if original is None else original.stat().st_size
        fastest = None if comparison is None else fastest_of(comparison, verdict.candidates)
        if fastest is not None:
            bundle = _packed(order, verdict, golden, fastest=fastest)
        _leave(order, work, verdict, original)
        write_bundle(bundle, work.bundle)
    finally:
        drafts.clear()
    report = _report(order, work, verdict, comparison, size_bytes)
    _write_report(report)
    return report


@dataclass(frozen=True, slots=True)
class _Drafts:
    """Files that take their places when all is well; what an old build left stays until then."""

    work: Workspace
    suffix: str

    @property
    def original(self) -> Path:
        return self.work.build / f"draft{self.suffix}"

    @property
    def bundle(self) -> Path:
        return self.work.build / "draft.edge"

    def clear(self) -> None:
        self.original.unlink(missing_ok=True)
        self.bundle.unlink(missing_ok=True)


def _suffix(order: Order) -> str:
    reference = order.reference
    return f".{reference.format}" if isinstance(reference, ForeignModel) else ".keras"


def _save_original(order: Order, path: Path, progress: Progress) -> Path | None:
    if isinstance(order.reference, ForeignModel):
        path.write_bytes(order.reference.content)
        return path
    from edgesmith.reference import save

    try:
        save(order.model, order.reference, path)
    except ConversionError as error:
        progress.say(f"original.keras is left out, and with it the latency of Keras: {error}")
        return None
    return path


def _golden(order: Order, verdict: Verdict) -> GoldenSamples:
    interface = order.interface
    n_samples = len(next(iter(verdict.original_outputs.values())))
    rows = golden_rows(order.evaluation.targets, n_samples)
    tolerances = {name: tolerance(array) for name, array in verdict.original_outputs.items()}
    return golden_samples(
        interface.raw_inputs,
        order.raw_samples(rows),
        Transform(
            interface.transform,
            tuple(raw.name for raw in interface.raw_inputs),
            interface.assets,
        ),
        original=order.reference.run,
        inputs=[spec.name for spec in order.reference.signature.inputs],
        artifacts={one.artifact.file: tolerances for one in verdict.candidates},
    )


def _packed(
    order: Order, verdict: Verdict, golden: GoldenSamples, *, fastest: Selection | None
) -> Bundle:
    return pack(
        order.interface,
        verdict.candidates,
        choice=choose(verdict.candidates),
        fastest=fastest,
        golden=golden,
        provenance=order.provenance,
    )


def _prove(bundle: Path, verdict: Verdict, progress: Progress) -> None:
    """Load the bundle as an app would, and replay its golden samples with every artifact."""
    files = [one.artifact.file for one in verdict.candidates]
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
        plan = Plan(n_rounds=order.n_rounds)
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


def _leave(order: Order, work: Workspace, verdict: Verdict, original: Path | None) -> None:
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
        )
    }
    if order.calibration is not None:
        sets["calibration"] = order.calibration
    leave(
        work.build,
        name=work.name,
        reference=order.reference,
        candidates=verdict.candidates,
        sets=sets,
    )


def _report(
    order: Order,
    work: Workspace,
    verdict: Verdict,
    comparison: Comparison | None,
    size_bytes: int,
) -> Report:
    answering = order.interface.outputs[0]
    choice = choose(verdict.candidates)
    return Report(
        name=work.name,
        task=order.interface.task,
        bundle=work.bundle,
        original=Original(
            score=verdict.original_score, size_bytes=size_bytes, name=_called(order.reference)
        ),
        candidates=verdict.candidates,
        choice=choice,
        account=order.account,
        curve=order.curve,
        comparison=comparison,
        labels=answering.labels or (),
        expected=order.evaluation.targets,
        predicted=verdict.predicted[choice.file],
        provenance=order.provenance,
        raw_inputs=order.interface.raw_inputs,
        unit=answering.unit,
    )


def _called(reference: AnyReference) -> str:
    return f"original.{reference.format}" if isinstance(reference, ForeignModel) else "Keras"


def _write_report(report: Report) -> None:
    page = report_path(report)
    with replacing(page) as draft:
        draft.write_text(render_html(report), encoding="utf-8")
    text = json.dumps(details(report), indent=1, ensure_ascii=False, allow_nan=False)
    with replacing(page.with_suffix(".json")) as draft:
        draft.write_text(text + "\n", encoding="utf-8")
