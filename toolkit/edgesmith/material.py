"""What an optimization of a bundle works on: float artifacts, and samples to judge and calibrate on."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, assert_never

import numpy as np

from edgesmith.core import Candidate, Choice, Split
from edgesmith.evaluation import Evaluation
from edgesmith.exporting import given_answers, true_answers
from edgesmith.foreign import ForeignModel, open_foreign
from edgesmith.originals import open_original
from edgesmith.packing import DRAWN, Interface, pack, read_record
from edgesmith.recipe import Recipe
from edgesmith.scopes import layer_of
from edgesmith.searching import evidence_of
from edgesmith.trials import CalibrationSamples, Ground, with_own_answers
from edgesmith.verification import resolve_metric, tolerance, verify
from edgesmith_runtime.batches import as_batch, split_inputs
from edgesmith_runtime.bundle import Artifact
from edgesmith_runtime.errors import BundleError, ConfigError
from edgesmith_runtime.golden import read_golden
from edgesmith_runtime.manifest import Task
from edgesmith_runtime.runners import open_runner
from edgesmith_runtime.spec import Format, Precision
from edgesmith_runtime.transforms import Transform

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from edgesmith.core import Progress
    from edgesmith.found import Found
    from edgesmith.packing import Record
    from edgesmith_runtime.bundle import Bundle
    from edgesmith_runtime.golden import GoldenSamples
    from edgesmith_runtime.manifest import Selection

__all__ = ["Given", "Material", "material_of", "record_of"]

_BATCH_SIZE = 256


def record_of(place: Path, bundle: Bundle, *, needed: bool) -> Record | None:
    """What the build of this very bundle left beside it; None without, or where it need not be."""
    directory = place.parent / "build"
    if not (directory / "record.json").is_file():
        return None
    record = read_record(directory)
    if record.name != bundle.manifest.name:
        return None
    for entry in bundle.manifest.artifacts:
        left = record.candidates.get(entry.file)
        if left is None or left.read_bytes() != bytes(bundle.files[entry.file]):
            if not needed:
                return None
            raise BundleError(
                f"{directory}: it is of another build than {place}: '{entry.file}' differs; build "
                "again, or give --samples and --expected"
            )
    return record


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What the caller gave in place of a build's record; see ``optimize``."""

    original: Path | None
    samples: Any
    expected: Any
    custom_objects: tuple[str, ...]
    unsafe: bool
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Material:
    """What an optimization works on."""

    bundle: Bundle
    record: Record | None
    ground: Ground
    golden: GoldenSamples
    answers: Mapping[str, NDArray[Any]]
    predicted: Mapping[str, NDArray[Any] | None]
    notes: tuple[str, ...] = ()

    def packed(
        self,
        candidates: Sequence[Candidate],
        *,
        choice: Choice | None = None,
        fastest: Selection | None = None,
        found: Found | None = None,
    ) -> Bundle:
        """The bundle with other artifacts.

        Args:
            candidates: The artifacts that it shall have.
            choice: The default one; None takes the first.
            fastest: The fastest measured.
            found: The search that they are from, for the manifest.
        """
        manifest = self.bundle.manifest
        interface = Interface(
            name=manifest.name,
            task=manifest.task,
            raw_inputs=manifest.raw_inputs,
            transform=manifest.transform,
            outputs=manifest.outputs,
            assets=_assets(self.bundle),
        )
        first = Choice(file=candidates[0].artifact.file, reason="for its latency")
        return pack(
            interface,
            candidates,
            choice=choice or first,
            fastest=fastest,
            golden=self._golden(candidates),
            provenance=manifest.provenance,
            evidence=None if found is None else evidence_of(found),
        )

    def _golden(self, candidates: Sequence[Candidate]) -> GoldenSamples:
        """With what each artifact answers; the float ones as the original."""
        bounds = {name: tolerance(array) for name, array in self.ground.original.items()}
        files = [one.artifact.file for one in candidates]
        golden = replace(
            self.golden.of(
                spec.name for one in candidates for spec in one.artifact.signature.inputs
            ),
            outputs=dict.fromkeys(files, self.answers),
            output_tolerances=dict.fromkeys(files, bounds),
        )
        return with_own_answers(golden, candidates, self.ground.original)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Judged:
    """Samples with what the original answers to them."""

    tensors: Mapping[str, NDArray[Any]]
    outputs: Mapping[str, NDArray[Any]]
    targets: NDArray[Any] | None
    calibration: CalibrationSamples | None
    drawn: bool = False
    notes: tuple[str, ...] = field(default=())


def material_of(
    bundle: Bundle, record: Record | None, given: Given, progress: Progress
) -> Material:
    """Samples and float artifacts, of the build, or given, or the golden ones.

    Args:
        bundle: What is optimized.
        record: What its build left, or None.
        given: In place of that.
        progress: Told what is missing.

    Raises:
        ConfigError: There is no float artifact to start from.
        InputError, DataError: The samples cannot be read or learned from.
        ParityError: The float artifacts do not answer as the original does.
    """
    floats = _float_artifacts(bundle, record)
    inputs = next(iter(floats.values())).signature.inputs
    kept = read_golden(bundle)
    golden = kept.of(spec.name for spec in inputs)
    if given.samples is not None:
        judged = _given(bundle, floats, given, record)
    elif given.original is not None or given.expected is not None:
        raise ConfigError(
            "original, expected: of no use without samples, got none; give --samples too"
        )
    elif record is not None:
        judged = _left(record, given)
    else:
        judged = _of_golden(golden, _float_answers(floats, golden))
    for note in judged.notes:
        progress.say(f"warning: {note}")
    evaluation = _evaluation(bundle, judged, given.seed)
    verified = {fmt: _verified(one, evaluation, judged) for fmt, one in floats.items()}
    scopes: Mapping[str, str] = {} if record is None else record.scopes
    return Material(
        bundle=bundle,
        record=record,
        ground=Ground(
            floats={fmt: candidate for fmt, (candidate, _) in verified.items()},
            evaluation=evaluation,
            original=judged.outputs,
            calibration=judged.calibration,
            layer_of=functools.partial(layer_of, scopes=scopes),
        ),
        golden=kept,
        answers=_float_answers(floats, golden),
        predicted={one.artifact.file: said for one, said in verified.values()},
        notes=judged.notes,
    )


def _float_answers(
    floats: Mapping[Format, Artifact], golden: GoldenSamples
) -> Mapping[str, NDArray[Any]]:
    """What the original answers to the golden samples, as its float artifact does."""
    for artifact in floats.values():
        if artifact.file in golden.outputs:
            return golden.outputs[artifact.file]
    return open_runner(next(iter(floats.values()))).run(golden.tensors)


def _float_artifacts(bundle: Bundle, record: Record | None) -> dict[Format, Artifact]:
    """What recipes start from: the bundle's, and those that the build left."""
    found = {
        entry.format: bundle.artifact(entry.file)
        for entry in bundle.manifest.artifacts
        if entry.precision is Precision.FLOAT32 and entry.file not in bundle.manifest.host_part
    }
    for fmt in Format:
        file = f"model.{fmt}"
        left = None if record is None else record.candidates.get(file)
        if fmt not in found and left is not None and record is not None and _is_float(record):
            content = left.read_bytes()
            found[fmt] = Artifact(
                file=file,
                format=fmt,
                precision=Precision.FLOAT32,
                version=_version(fmt, content),
                signature=record.signature,
                content=content,
            )
    if not found:
        kinds = ", ".join(f"{one.file} ({one.precision})" for one in bundle.manifest.artifacts)
        raise ConfigError(
            f"{bundle.manifest.name}: expected a float32 artifact to start from, the bundle has "
            f"{kinds} and its build is not beside it; optimize it where it was built"
        )
    return found


def _is_float(record: Record) -> bool:
    if record.graph is not None or record.original is None:
        return True
    return open_foreign(record.original).precision is Precision.FLOAT32


def _version(fmt: Format, content: bytes) -> int:
    match fmt:
        case Format.ONNX:
            import onnx

            model = onnx.load_model_from_string(content)
            return next(int(one.version) for one in model.opset_import if not one.domain)
        case Format.TFLITE:
            return 3  # the schema of every .tflite file
        case _:
            assert_never(fmt)


def _left(record: Record, given: Given) -> _Judged:
    split = next(name for name in (*Split, *record.sets) if name in _judged_sets(record))
    one = record.sets[split]
    tensors = {name: np.load(path, mmap_mode="r") for name, path in one.tensors.items()}
    drawn = one.source == DRAWN
    calibration = _left_calibration(record)
    if calibration is None and not drawn:
        calibration = CalibrationSamples.of_judged(tensors, given.seed)
    return _Judged(
        tensors=tensors,
        outputs={name: np.load(path) for name, path in one.outputs.items()},
        targets=None if one.targets is None else np.load(one.targets),
        calibration=calibration,
        drawn=drawn,
    )


def _left_calibration(record: Record) -> CalibrationSamples | None:
    left = record.sets.get("calibration")
    if left is None:
        return None
    return CalibrationSamples(
        tensors={name: np.load(path) for name, path in left.tensors.items()},
        source=left.source,
        seed=left.seed,
    )


def _judged_sets(record: Record) -> list[str]:
    return [name for name, one in record.sets.items() if one.outputs]


def _given(
    bundle: Bundle, floats: Mapping[Format, Artifact], given: Given, record: Record | None
) -> _Judged:
    manifest = bundle.manifest
    batches = split_inputs(manifest.raw_inputs, given.samples)
    raw = {one.name: as_batch(one, batches[one.name]) for one in manifest.raw_inputs}
    values = Transform(manifest.transform, tuple(raw), _assets(bundle))(raw)
    default = floats.get(Format.ONNX) or next(iter(floats.values()))
    tensors = {spec.name: np.asarray(values[spec.name]) for spec in default.signature.inputs}
    outputs = _original_outputs(default, tensors, given)
    n_samples = len(next(iter(tensors.values())))
    answering = manifest.outputs[0]
    targets = true_answers(
        given_answers(given.expected, n_samples),
        manifest.task,
        answering,
        outputs[answering.name],
    )
    return _Judged(
        tensors=tensors,
        outputs=outputs,
        targets=targets,
        calibration=(None if record is None else _left_calibration(record))
        or CalibrationSamples.of_judged(tensors, given.seed),
    )


def _assets(bundle: Bundle) -> dict[str, bytes]:
    names = {step.asset for step in bundle.manifest.transform if step.asset is not None}
    return {name: bytes(bundle.files[name]) for name in names}


def _original_outputs(
    artifact: Artifact, tensors: Mapping[str, NDArray[Any]], given: Given
) -> Mapping[str, NDArray[Any]]:
    if given.original is None:
        runner = open_runner(artifact)
        parts = [runner.run(one) for one in _slices(tensors)]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    opened = open_original(
        given.original, custom_objects=given.custom_objects, unsafe=given.unsafe
    )
    if isinstance(opened, ForeignModel):
        return opened.tried_on(tensors).run(tensors)
    from edgesmith.reference import trace  # and TensorFlow

    return trace(opened, inputs=artifact.signature.inputs).run(tensors)


def _of_golden(golden: GoldenSamples, answers: Mapping[str, NDArray[Any]]) -> _Judged:
    n_samples = len(golden.raw)
    return _Judged(
        tensors=golden.tensors,
        outputs=answers,
        targets=None,
        calibration=None,
        notes=(
            f"judged on the {n_samples} golden samples alone, for the build is not beside the "
            "bundle and no samples are given: float16, int8_weights, int8_dynamic and "
            "int4_weights remain possible; static recipes and mixed ones need --samples",
        ),
    )


def _slices(tensors: Mapping[str, NDArray[Any]]) -> Iterator[dict[str, NDArray[Any]]]:
    n_samples = len(next(iter(tensors.values())))
    for start in range(0, n_samples, _BATCH_SIZE):
        yield {
            name: np.ascontiguousarray(array[start : start + _BATCH_SIZE])
            for name, array in tensors.items()
        }


def _evaluation(bundle: Bundle, judged: _Judged, seed: int) -> Evaluation:
    manifest = bundle.manifest
    scored = [entry.score for entry in manifest.artifacts if entry.score is not None]
    has_metric = manifest.task is not Task.TENSOR
    usual = resolve_metric("auto", manifest.task) if has_metric else ""
    return Evaluation(
        task=manifest.task,
        outputs=manifest.outputs,
        batches=lambda: _slices(judged.tensors),
        targets=judged.targets,
        metric=scored[0].metric if scored else usual,
        seed=seed,
        drawn=judged.drawn,
        original=judged.outputs,
    )


def _verified(
    artifact: Artifact, evaluation: Evaluation, judged: _Judged
) -> tuple[Candidate, NDArray[Any] | None]:
    found = verify(
        artifact,
        judged.outputs,
        evaluation.batches(),
        task=evaluation.task,
        output=evaluation.outputs[0],
        truth=evaluation.truth(),
    )
    recipe = Recipe(name=f"float32_{artifact.format}", format=artifact.format)
    how = Candidate(recipe=recipe, artifact=artifact, score=found.score, parity=found.parity)
    return how, found.answers
