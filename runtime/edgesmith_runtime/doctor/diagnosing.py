"""From an app's tensor and the raw input that it is of to one sentence."""

from __future__ import annotations

import dataclasses
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from edgesmith_runtime.batches import as_batch, split_inputs
from edgesmith_runtime.doctor.comparison import Yardstick, statistics
from edgesmith_runtime.doctor.diagnosis import Diagnosis
from edgesmith_runtime.doctor.emptiness import emptiness
from edgesmith_runtime.doctor.faults import Fault
from edgesmith_runtime.doctor.hypotheses import changes_of
from edgesmith_runtime.doctor.program import Program
from edgesmith_runtime.doctor.search import EQUAL, EXPLAINED, ROUNDED, Search
from edgesmith_runtime.errors import InputError
from edgesmith_runtime.loading import load
from edgesmith_runtime.manifest import Kind
from edgesmith_runtime.model import Model

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from edgesmith_runtime.doctor.diagnosis import Trial
    from edgesmith_runtime.manifest import RawInput
    from edgesmith_runtime.spec import TensorSpec

__all__ = ["diagnose"]

JPEG_LEVELS = (
    2.0  # of 255: what decoders differ in, in their cosine transform and their colours
)
ROUNDED_ROWS = 1e-3  # rows of features come without decoders
ROUNDINGS = {
    Kind.IMAGE: "other decoders and pixels of 8 bits after resizing",
    Kind.AUDIO: "samples of 16 bits and sums in another order",
}
OTHER_ROUNDING = "fewer digits and sums in another order"
NEARER = 0.9  # of the difference: what leaves less is worth telling
SHOWN = 24  # trials in a diagnosis


def diagnose(
    bundle: Model | str | os.PathLike[str],
    tensor: NDArray[Any],
    raw: object,
    *,
    name: str | None = None,
    budget_s: float = 10.0,
) -> Diagnosis:
    """Find how an app's preprocessing differs from the bundle's transform.

    Each mistake that apps make is tried as a changed program on the raw input; the one that
    gives the app's tensor is the answer, or two or three together where none does alone.

    Args:
        bundle: A loaded one, whose artifact decides where the transform ends; or its path.
        tensor: What the app feeds, with or without the batch axis.
        raw: The raw input that it is of, as ``Model.predict`` takes it; for a table also a list
            of rows, as many as the tensor has.
        name: Of the model's input; may be left out where there is one.
        budget_s: Seconds for the search for two and more mistakes at once. Single mistakes are
            all tried before it starts, the simplest pairs next.

    Raises:
        InputError: The raw input cannot be read, or the model has no such input.
        BundleError: Not a bundle.
    """
    model = bundle if isinstance(bundle, Model) else load(bundle)
    spec = _spec(model, name)
    program = _program(model, spec, raw)
    kind = _raw_input(model, spec).kind
    made = program.tensor(program.values)
    app = _numbers(spec, tensor)
    if made is not None and len(made) == 1 and app.ndim == made.ndim - 1:
        app = app[None]
    by_number = kind in (Kind.TABLE, Kind.TEXT) or (
        kind is Kind.TENSOR and len(spec.shape) == 2
    )
    yardstick = Yardstick.of(app, by_number=by_number)
    search = Search(program, app, kind, yardstick, budget_s)
    before = search.plain_error()
    if before <= EQUAL:
        return _equal(spec, tensor, before)
    empty = emptiness(program, app, made)
    if empty is not None and empty.is_certain:
        return _diagnosis((empty.fault,), empty.sentence, before, before)
    later = model.manifest.transform[len(program.steps) :]
    tolerated = _tolerated(program, kind)
    best = search.run(changes_of(program, app, later), tolerated)
    if best is not None and search.explains(best, before):
        return _explained(search, best, before, tolerated, kind)
    if empty is not None:
        unexplained = _diagnosis((empty.fault,), empty.sentence, before, before)
    elif best is None or math.isinf(before):
        unexplained = _incomparable(app, made)
    elif before <= tolerated:
        unexplained = _rounded(search, before, kind)
    else:
        unexplained = _unknown(search, best, app, made)
    return _told_when_stopped(unexplained, search, budget_s)


def _explained(
    search: Search, best: Trial, before: float, tolerated: float, kind: Kind
) -> Diagnosis:
    faults = tuple(dict.fromkeys(f for f in best.faults if f is not Fault.ROUNDING))
    if before <= tolerated and not faults:
        return _rounded(search, before, kind)
    return _diagnosis(faults, _found(best, before), before, best.error, search.trials)


def _rounded(search: Search, before: float, kind: Kind) -> Diagnosis:
    sentence = (
        f"No difference but for rounding: {_percent(before)}, as "
        f"{ROUNDINGS.get(kind, OTHER_ROUNDING)} give it."
    )
    return _diagnosis((), sentence, before, before, search.trials)


def _unknown(
    search: Search, best: Trial, app: NDArray[Any], made: NDArray[Any] | None
) -> Diagnosis:
    before = search.plain_error()
    near = best.error < NEARER * before
    nearest = (
        f"the nearest is that the app {best.words}, which leaves {_percent(best.error)}"
        if near
        else "none of them brings it near"
    )
    sentence = (
        f"Unknown: no mistake that was tried explains the difference ({_percent(before)}); "
        f"{nearest}. The app feeds {statistics(app)}; the bundle feeds "
        f"{'nothing that is a tensor' if made is None else statistics(made)}."
    )
    left = best.error if near else before
    return _diagnosis((Fault.UNKNOWN,), sentence, before, left, search.trials)


def _told_when_stopped(diagnosis: Diagnosis, search: Search, budget_s: float) -> Diagnosis:
    """A diagnosis that says so where the search was not finished."""
    if not search.stopped_early:
        return diagnosis
    sentence = (
        f"{diagnosis.sentence} The search for more mistakes at once stopped after {budget_s:g} s; "
        "a longer budget tries the rest."
    )
    return dataclasses.replace(diagnosis, sentence=sentence, stopped_early=True)


def _diagnosis(
    faults: tuple[Fault, ...],
    sentence: str,
    before: float,
    after: float,
    trials: Sequence[Trial] = (),
) -> Diagnosis:
    return Diagnosis(
        faults=faults,
        sentence=sentence,
        error_before=before,
        error_after=after,
        trials=tuple(trials[:SHOWN]),
    )


def _found(best: Trial, before: float) -> str:
    rounded = Fault.ROUNDING in best.faults
    harmless = "; the rounding alone is harmless" if rounded else ""
    return (
        f"The app {best.words} (difference: {_percent(before)}; with that corrected: "
        f"{_percent(best.error)}){harmless}."
    )


def _percent(share: float) -> str:
    return "the shapes differ" if math.isinf(share) else f"{100 * share:.3g} % of the range"


def _spec(model: Model, name: str | None) -> TensorSpec:
    specs = {spec.name: spec for spec in model.signature.inputs}
    if name is None and len(specs) == 1:
        return next(iter(specs.values()))
    if name not in specs:
        asked = "say which one" if name is None else f"got '{name}'"
        raise InputError(f"the model takes the tensors {sorted(specs)}; {asked}")
    return specs[name]


def _raw_input(model: Model, spec: TensorSpec) -> RawInput:
    """The first raw input that the tensor is made from."""
    first = model.transform.needed([spec.name])[0]
    return next(raw for raw in model.manifest.raw_inputs if raw.name == first)


def _program(model: Model, spec: TensorSpec, raw: object) -> Program:
    raw_inputs = model.manifest.raw_inputs
    are_rows = raw_inputs[0].kind is Kind.TABLE and _is_list(raw)
    by_input = split_inputs(raw_inputs, raw if are_rows else [raw])
    batches = {one.name: as_batch(one, by_input[one.name]) for one in raw_inputs}
    return Program(model.transform, batches, spec.name)


def _is_list(raw: object) -> bool:
    return isinstance(raw, list)


def _numbers(spec: TensorSpec, tensor: NDArray[Any]) -> NDArray[Any]:
    """The app's tensor as numbers; codes of a quantized tensor become what they stand for."""
    app = np.asarray(tensor)
    if app.dtype.kind not in "biuf" or not app.size:
        raise InputError(
            f"tensor '{spec.name}': expected an array of numbers, got {app.dtype} of shape "
            f"{app.shape}"
        )
    if spec.scale is not None and app.dtype == spec.dtype:
        return (app.astype(np.float32) - (spec.zero_point or 0)) * np.float32(spec.scale)
    return app


def _tolerated(program: Program, kind: Kind) -> float:
    """The difference that rounding alone may make, as a share of the range."""
    if kind is not Kind.IMAGE:
        return ROUNDED if kind in (Kind.AUDIO, Kind.SERIES) else ROUNDED_ROWS
    for index, step in enumerate(program.steps):
        pixels = program.made(index)
        if step.op == "decode_image" and isinstance(pixels, np.ndarray):
            levels = max(1.0, float(np.ptp(cast("NDArray[Any]", pixels))))
            is_jpeg = any(_starts_as_jpeg(raw) for raw in program.given(index))
            return min(EXPLAINED, (JPEG_LEVELS if is_jpeg else 1.0) / levels)
    return ROUNDED


def _starts_as_jpeg(raw: object) -> bool:
    if isinstance(raw, bytes):
        return raw[:2] == b"\xff\xd8"
    return isinstance(raw, str | os.PathLike) and Path(
        os.fsdecode(cast("str", raw))
    ).suffix.lower() in (
        ".jpg",
        ".jpeg",
    )


def _equal(spec: TensorSpec, tensor: NDArray[Any], before: float) -> Diagnosis:
    dtype = np.asarray(tensor).dtype
    if dtype != spec.dtype:
        sentence = (
            f"The app feeds the right numbers as {dtype} where the model takes {spec.dtype}; "
            f"convert with .astype('{spec.dtype}')."
        )
        return _diagnosis((Fault.DTYPE,), sentence, before, before)
    return _diagnosis((), f"No difference ({_percent(before)}).", before, before)


def _incomparable(app: NDArray[Any], made: NDArray[Any] | None) -> Diagnosis:
    bundle = "no tensor" if made is None else statistics(made)
    sentence = (
        f"The app feeds another shape, and no mistake that was tried gives it: {statistics(app)}; "
        f"the bundle feeds {bundle}."
    )
    return _diagnosis((Fault.SHAPE,), sentence, math.inf, math.inf)
