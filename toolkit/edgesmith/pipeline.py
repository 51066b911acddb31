"""The stages in order: raw data to a bundle, a model to a bundle, a model to one artifact."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgesmith.answering import answering
from edgesmith.config import Config, ConversionConfig
from edgesmith.config.reading import load_config
from edgesmith.config.steps import steps_of
from edgesmith.delivery import Order, deliver
from edgesmith.evaluation import Evaluation, evaluate
from edgesmith.exporting import (
    Sampled,
    given_answers,
    infer_task,
    output_nouns,
    trace_on,
    true_answers,
)
from edgesmith.originals import (
    chosen_formats,
    notes_on,
    open_original,
    origin_of,
    refuse_foreign,
    refuse_lifted,
)
from edgesmith.packing import Interface, provenance, recorded_name
from edgesmith.preparation import prepare
from edgesmith.reporting import report_path
from edgesmith.silence import Silent
from edgesmith.sources import load_dataset
from edgesmith.trained import (
    calibration_of,
    evaluation_of,
    raw_samples_of,
    tuned_of,
    with_threshold,
)
from edgesmith.trials import CalibrationSamples
from edgesmith.verification import check_labels, resolve_metric
from edgesmith.workspace import make_room, workspace
from edgesmith_runtime.errors import ConfigError
from edgesmith_runtime.files import replacing, scratch
from edgesmith_runtime.manifest import Task
from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from edgesmith.config.target import TargetConfig
    from edgesmith.core import KerasModel, Prepared, Progress, Report
    from edgesmith.recipe import Target
    from edgesmith.reference import Reference
    from edgesmith.workspace import Workspace
    from edgesmith_runtime.bundle import Artifact
    from edgesmith_runtime.manifest import Step
    from edgesmith_runtime.spec import Signature

__all__ = ["BuildResult", "build", "convert", "export"]

BATCH_SIZE = 256


@dataclass(frozen=True, slots=True)
class BuildResult:
    """Where a build left its files, and all that it found out.

    Args:
        bundle: ``NAME.edge``.
        report: ``report.html``; ``report.json`` is beside it.
        summary: The same as a noun.
    """

    bundle: Path
    report: Path
    summary: Report


def build(
    config: Config | str | Path,
    out: str | Path,
    *,
    overrides: Sequence[str] = (),
    progress: Progress | None = None,
) -> BuildResult:
    """Raw data to a verified bundle and a report, as a configuration says.

    Args:
        config: A TOML file, or what ``load_config`` made of one.
        out: The folder to write to; it is made if need be. An older bundle in it stays as it
            is until the new one is whole.
        overrides: ``key=value`` each, as ``--set`` takes them; with a file alone.
        progress: Where to say how far it is; silent without.

    Raises:
        ConfigError: A key is wrong, or another build holds ``out``.
        DataError: The data cannot be read or learned from.
        ConversionError, ParityError, SelfTestError: The model does not arrive as it was trained.
        WriteError: A file cannot be written.
    """
    from edgesmith.reference import trace  # with TensorFlow, which a model file does not need
    from edgesmith.training import fit

    if not isinstance(config, Config):
        config = load_config(config, overrides)
    elif overrides:
        raise ValueError("overrides go with a file; this configuration is read already")
    progress = progress or Silent()
    metric = resolve_metric(config.metric, config.task)
    dataset = load_dataset(config.source, split=config.split, task=config.task)
    with workspace(out, config.name) as work:
        prepared = prepare(dataset, config, directory=work.build, progress=progress)
        check_labels(metric, prepared.output.labels)
        _say_warnings(prepared.account.warnings, progress)
        fitted = fit(
            prepared, config.training, seed=config.seed, directory=work.build, progress=progress
        )
        reference = trace(fitted.model, inputs=prepared.inputs)
        prepared = _answering_as(prepared, reference)
        threshold: Mapping[str, Any] | None = None
        if config.anomaly is not None:
            n_said = len(prepared.account.warnings)
            prepared, threshold = with_threshold(prepared, reference, config.anomaly)
            _say_warnings(prepared.account.warnings[n_said:], progress)
        evaluation = evaluation_of(prepared, metric, config.seed)
        order = Order(
            model=fitted.model,
            reference=reference,
            interface=Interface(
                name=config.name,
                task=config.task,
                raw_inputs=prepared.raw_inputs,
                transform=prepared.transform.steps,
                outputs=(prepared.output,),
                assets=_assets(prepared),
            ),
            evaluation=evaluation,
            raw_samples=lambda rows: raw_samples_of(dataset, prepared, rows),
            conversion=_at_opset(config.conversion, config.target),
            n_rounds=config.benchmark.rounds if config.benchmark.enabled else None,
            provenance=provenance(
                data=dataset.provenance,
                n_by_split=prepared.account.n_by_split,
                seed=config.seed,
                config=config.model_dump(mode="json", exclude_unset=True),
                threshold=threshold,
            ),
            calibration=calibration_of(prepared, config),
            account=prepared.account,
            curve=fitted.curve,
            target=None
            if config.target is None
            else config.target.as_target(config.conversion),
            tuned=tuned_of(fitted.model, prepared, config, evaluation, work.build),
        )
        return _delivered(order, work, progress)


def _say_warnings(warnings: Sequence[str], progress: Progress) -> None:
    for warning in warnings:
        progress.say(f"warning: {warning}")


def _assets(prepared: Prepared) -> dict[str, bytes]:
    return {name: bytes(content) for name, content in prepared.transform.assets.items()}


def _at_opset(conversion: ConversionConfig, target: TargetConfig | None) -> ConversionConfig:
    """The target's opset, where it has one, is what is made."""
    if target is None or target.opset is None:
        return conversion
    return conversion.model_copy(update={"opset": target.opset})


def _answering_as(prepared: Prepared, reference: Reference) -> Prepared:
    """The same with the output's name as the model has it: an architecture names its own layers."""
    name = reference.signature.outputs[0].name
    return dataclasses.replace(prepared, output=dataclasses.replace(prepared.output, name=name))


def _delivered(order: Order, work: Workspace, progress: Progress) -> BuildResult:
    earlier = recorded_name(work.build)
    if earlier not in (None, work.name) and (work.out / f"{earlier}.edge").exists():
        progress.say(
            f"warning: {work.out}: report.html and build/ of {earlier}.edge are replaced; "
            "give each bundle a folder of its own"
        )
    report = deliver(order, work, progress)
    return BuildResult(bundle=work.bundle, report=report_path(report), summary=report)


def export(  # noqa: PLR0913 - the promised signature
    model: KerasModel | str | Path,
    path: str | Path,
    *,
    samples: Any = None,
    expected: ArrayLike | None = None,
    class_names: Sequence[str] | None = None,
    transform: Sequence[Step | Mapping[str, Any]] = (),
    formats: Sequence[str] | None = None,
    opset: int | None = None,
    batch: int | None = None,
    fuse: bool = False,
    custom_objects: Sequence[str] = (),
    unsafe: bool = False,
    n_rounds: int | None = 3,
    seed: int = 0,
    target: Target | None = None,
    progress: Progress | None = None,
) -> BuildResult:
    """A Keras model, or a model file of another tool, to a verified bundle and a report.

    An ``.onnx`` or ``.tflite`` file is not converted: what it answers in the bare engine of its
    format is the reference of the bundle's artifact, which is the same model with our metadata.

    Args:
        model: Of any style; a ``.keras``, ``.h5`` or ``.hdf5`` file, or the folder of a
            SavedModel; or an ``.onnx`` or ``.tflite`` file.
        path: Of the bundle, ``NAME.edge``; the report and ``build/`` go beside it.
        samples: Raw inputs to verify on, as ``predict_batch`` takes them; without a transform
            these are the model's own tensors. None draws numbers, which prove parity and give
            no score.
        expected: The true answers: class indices ``(n,)``, or values ``(n,)`` or ``(n, k)``;
            a column ``(n, 1)`` is taken as ``(n,)``.
        class_names: In the order of the output; makes it a classification.
        transform: Steps from the raw inputs to the model's tensors, each a ``Step`` or a mapping
            with ``op``, ``inputs``, ``outputs`` and ``params``.
        formats: What to make; onnx must be among them. None makes onnx and tflite, and of a
            model file its own format, which is the only one that it can be.
        opset: Of the ONNX file; None takes the default of ``[conversion]``, or that of the file.
        batch: How many samples one run of an artifact takes; None leaves it free.
        fuse: Make artifacts too that do the numeric steps of the transform themselves.
        custom_objects: Where classes are that a file needs, ``package.module``.
        unsafe: Let a file run the Python code that it holds, such as that of Lambda layers.
        n_rounds: Of the latency comparison; None or 0 measures nothing.
        seed: Of drawn samples, and of the score's interval.
        target: What the device bears: smaller and faster artifacts are searched for within it.
            Ranges are learned from the samples, which are judged on too; None searches nothing.
        progress: Where to say how far it is; silent without.

    Raises:
        ConfigError: ``path`` is no ``.edge``, or the class names do not fit.
        TransformError: The steps are no transform; the message names one by index and op.
        InputError: The samples are not what the transform takes, or ``expected`` is not what
            the first output could give.
        ConversionError, ParityError, SelfTestError: The model does not arrive as it is.
        BudgetError: Nothing keeps the target; the bundle has the float artifacts then.
        WriteError: A file cannot be written.
    """
    progress = progress or Silent()
    path = Path(path)
    if path.suffix != ".edge":
        raise ConfigError(f"{path}: expected a bundle's name, NAME.edge")
    steps = steps_of(transform)
    if opset is None and target is not None:
        opset = target.opset
    conversion = _conversion(chosen_formats(model, formats), opset)
    conversion = conversion.model_copy(update={"fuse": fuse})
    opened = open_original(model, opset=opset, custom_objects=custom_objects, unsafe=unsafe)
    sampled = trace_on(opened, samples, steps, seed=seed, batch=batch)
    given = given_answers(expected, len(sampled), drawn=samples is None)
    sampled = answering(sampled, given=given, class_names=class_names)
    for note in notes_on(sampled.reference):
        progress.say(note)
    evaluation = _exported_evaluation(
        sampled, expected, class_names, seed, drawn=samples is None
    )
    interface = Interface(
        name=path.stem,
        task=evaluation.task,
        raw_inputs=sampled.raw_inputs,
        transform=sampled.steps,
        outputs=evaluation.outputs,
        assets=sampled.assets,
    )
    order = Order(
        model=opened,
        reference=sampled.reference,
        interface=interface,
        evaluation=evaluation,
        raw_samples=sampled.rows,
        conversion=conversion,
        n_rounds=n_rounds or None,
        provenance=provenance(seed=seed, original=origin_of(opened)),
        calibration=None
        if samples is None or target is None
        else CalibrationSamples.of_judged(sampled.tensors, seed),
        target=target,
    )
    with workspace(path.parent, path.stem) as work:
        return _delivered(order, work, progress)


def _conversion(formats: Sequence[str], opset: int | None) -> ConversionConfig:
    chosen: dict[str, Any] = {} if opset is None else {"opset": opset}
    try:
        return ConversionConfig(formats=tuple(Format(name) for name in formats), **chosen)
    except ValueError as error:
        raise ConfigError(
            f"formats: expected some of {', '.join(Format)}, and an opset of 13 to 23; got "
            f"{', '.join(formats)}, {opset}"
        ) from error


def _exported_evaluation(
    sampled: Sampled,
    expected: ArrayLike | None,
    class_names: Sequence[str] | None,
    seed: int,
    *,
    drawn: bool,
) -> Evaluation:
    reference, n_samples = sampled.reference, len(sampled)
    given = given_answers(expected, n_samples)
    answering = reference.signature.outputs[0]
    original = sampled.outputs
    first = (original or reference.run(sampled.tensors))[answering.name]
    width = first.shape[-1] if first.ndim > 1 else 1
    task = infer_task(given, class_names, width)
    outputs = output_nouns(reference, task, class_names, first)
    return Evaluation(
        task=task,
        outputs=outputs,
        batches=lambda: _slices(sampled.tensors, n_samples),
        targets=true_answers(given, task, outputs[0], first),
        metric="" if task is Task.TENSOR else resolve_metric("auto", task),
        seed=seed,
        drawn=drawn,
        original=original,
    )


def _slices(
    tensors: Mapping[str, NDArray[Any]], n_samples: int
) -> Iterator[dict[str, NDArray[Any]]]:
    for start in range(0, n_samples, BATCH_SIZE):
        yield {name: array[start : start + BATCH_SIZE] for name, array in tensors.items()}


def convert(  # noqa: PLR0913 - the promised signature
    model: KerasModel | str | Path,
    path: str | Path,
    *,
    samples: Any = None,
    signature: Signature | None = None,
    opset: int = 18,
    batch: int | None = None,
    custom_objects: Sequence[str] = (),
    unsafe: bool = False,
    seed: int = 0,
) -> Artifact:
    """A Keras model to one artifact, verified against it.

    Args:
        model: Of any style; a ``.keras``, ``.h5`` or ``.hdf5`` file, or the folder of a
            SavedModel.
        path: Of the artifact, whose folder is made; the suffix is its format, ``.onnx`` or ``.tflite``.
        samples: The model's tensors, ``(n, ...)``: one array, or arrays by input name. None
            draws numbers to compare on.
        signature: What the model takes, where it does not say so and there are no samples.
        opset: Of an ONNX file.
        batch: How many samples one run takes; None leaves it free.
        custom_objects: Where classes are that a file needs, ``package.module``.
        unsafe: Let a file run the Python code that it holds, such as that of Lambda layers.
        seed: Of drawn samples.

    Raises:
        ConfigError: The suffix names no format, there is no such opset, or no folder can be made.
        ConversionError: The model cannot be traced or converted.
        ParityError: The artifact answers differently from the model.
        WriteError: The file cannot be written.
    """
    refuse_foreign(model)
    path = Path(path)
    if path.suffix.removeprefix(".") not in set(Format):
        known = ", ".join(f".{fmt}" for fmt in Format)
        raise ConfigError(f"{path}: expected a suffix of {known}, got '{path.suffix}'")
    make_room(path)
    config = _conversion([path.suffix.removeprefix(".")], opset)
    inputs = None if signature is None else signature.inputs
    opened = open_original(model, custom_objects=custom_objects, unsafe=unsafe)
    sampled = trace_on(opened, samples, (), seed=seed, inputs=inputs, batch=batch)
    refuse_lifted(sampled.reference)
    evaluation = _exported_evaluation(sampled, None, None, seed, drawn=samples is None)
    with scratch() as folder:
        verdict = evaluate(
            sampled.reference, evaluation, config, directory=folder, progress=Silent()
        )
    artifact = dataclasses.replace(verdict.candidates[0].artifact, file=path.name)
    with replacing(path, size_bytes=artifact.size_bytes) as draft:
        draft.write_bytes(artifact.content)
    return artifact
