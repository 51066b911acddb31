"""The process that times one artifact, its operations, and the way from a raw input."""

from __future__ import annotations

import gc
import json
import sys
from functools import partial
from typing import TYPE_CHECKING, Any, assert_never

import numpy as np

from edgesmith.profiling.exchange import PieceName, ProfileReply, ProfileRequest
from edgesmith.profiling.pieces import engine_tensors
from edgesmith.profiling.turns import (
    block_medians,
    blocks_within,
    round_seconds,
    rounds_within,
)
from edgesmith_runtime.batches import as_batch, split_inputs
from edgesmith_runtime.decoding import check_rows, decode
from edgesmith_runtime.errors import BackendError, EdgesmithError, InputError
from edgesmith_runtime.finiteness import Finiteness
from edgesmith_runtime.golden import Media, has_golden, read_golden
from edgesmith_runtime.lifeline import read_question
from edgesmith_runtime.loading import load
from edgesmith_runtime.settings import Engine
from edgesmith_runtime.transforms import make_op

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from edgesmith.profiling.pieces import Call, Pieces
    from edgesmith_runtime.golden import GoldenSamples
    from edgesmith_runtime.model import Model
    from edgesmith_runtime.settings import EngineSettings

__all__ = ["main", "profiled"]

_SEED = 0  # of made-up inputs
_FINITENESS = Finiteness("error", frozenset())  # as ``load`` has it by default


def main(text: str) -> None:
    """Answer a request in JSON on standard output."""
    request = ProfileRequest(**json.loads(text))
    try:
        reply = profiled(request)
    except EdgesmithError as error:
        reply = ProfileReply(problem=str(error))
    sys.stdout.write(reply.to_json())


def profiled(request: ProfileRequest) -> ProfileReply:
    """Time everything in this process.

    Raises:
        EdgesmithError: The bundle or the artifact cannot be loaded or run.
    """
    model = load(request.bundle, artifact=request.file, n_threads=request.n_threads)
    settings = model.settings
    if settings is None:
        raise BackendError(f"{request.file}: expected to know how it runs")
    golden = read_golden(model.bundle) if has_golden(model.bundle) else None
    notes: list[str] = []
    raw = None if golden is None or not golden.raw else _raw_of(golden.raw[0])
    tensors = _prepared(model, raw, notes)
    if tensors is None:
        raw, tensors = None, _stored(model, golden, notes)
    pieces, method = _open(model, settings, engine_tensors(model.artifact, tensors))
    if pieces.lead_ns > 0:
        notes.append("with several threads each operation was called in a row, not in turn")
    chains: dict[str, Sequence[tuple[str, Call]]] = {}
    if raw is not None:
        chains["raw"] = _raw_calls(model, raw, tensors)
    chains["run"] = [("run", partial(model.run, tensors)), ("engine", pieces.whole)]
    return ProfileReply(
        settings=str(settings),
        method=method,
        ops=tuple(PieceName(name=one.name, op=one.op, clues=one.clues) for one in pieces.ops),
        lost=pieces.lost,
        steps=()
        if raw is None
        else tuple((step.op, step.outputs[0]) for step in model.transform.steps),
        times=_timed(request, chains, pieces),
        notes=tuple(notes),
    )


def _timed(
    request: ProfileRequest,
    chains: Mapping[str, Sequence[tuple[str, Call]]],
    pieces: Pieces,
) -> dict[str, list[float]]:
    alone: list[Call] = [pieces.whole]
    for (
        piece
    ) in pieces.ops:  # the empty call right before finds the caches as the next one does
        alone += [pieces.empty, piece.call]
    series = [[call for _, call in chain] for chain in chains.values()]
    rounds_s = [round_seconds(calls) for calls in (*series, alone)]
    leads_s = len(alone) * pieces.lead_ns / 1e9
    n_blocks = blocks_within(sum(rounds_s) + leads_s, request.seconds, request.n_blocks)
    seconds = request.seconds / n_blocks / len(rounds_s)
    counts = [rounds_within(round_s, seconds) for round_s in rounds_s]
    times: dict[str, list[float]] = {}
    gc.collect()
    gc.disable()
    try:
        for _ in range(n_blocks):
            for chain, calls, n_rounds in zip(chains.values(), series, counts, strict=False):
                medians = block_medians(calls, n_rounds)
                for (name, _), taken in zip(chain, medians, strict=True):
                    times.setdefault(name, []).append(float(taken))
            medians = block_medians(alone, counts[-1], lead_ns=pieces.lead_ns)
            times.setdefault("whole", []).append(float(medians[0]))
            for place, taken in enumerate(medians[2::2] - medians[1::2]):
                times.setdefault(f"op:{place}", []).append(float(taken))
    finally:
        gc.enable()
    return times


def _open(
    model: Model, settings: EngineSettings, tensors: Mapping[str, NDArray[Any]]
) -> tuple[Pieces, str]:
    artifact = model.artifact
    match settings.engine:
        case Engine.ONNXRUNTIME:
            from edgesmith.profiling import onnx
            from edgesmith.profiling.twins import twin_names

            twins = twin_names(artifact, model.bundle)
            return onnx.open_pieces(artifact, settings, tensors, twins), onnx.METHOD
        case Engine.LITERT:
            from edgesmith.profiling import tflite

            return tflite.open_pieces(artifact, settings, tensors), tflite.METHOD
        case Engine.OPENVINO:
            raise BackendError(
                f"{artifact.file}: expected onnxruntime or LiteRT, it runs on OpenVINO, whose "
                "operations cannot be told apart"
            )
        case _:
            assert_never(settings.engine)


def _raw_of(sample: Mapping[str, object]) -> object:
    """As ``predict`` takes it: a file's bytes in place of the file."""
    plain = {
        name: value.content if isinstance(value, Media) else value
        for name, value in sample.items()
    }
    return next(iter(plain.values())) if len(plain) == 1 else plain


def _prepared(model: Model, raw: object, notes: list[str]) -> dict[str, NDArray[Any]] | None:
    if raw is None:
        return None
    try:
        return model.prepare(raw)
    except (BackendError, InputError) as error:
        notes.append(f"the transform is left out: {error}")
        return None


def _stored(
    model: Model, golden: GoldenSamples | None, notes: list[str]
) -> dict[str, NDArray[Any]]:
    if golden is not None:
        wanted = {spec.name for spec in model.signature.inputs}
        if wanted <= set(golden.tensors):
            return {name: golden.tensors[name][:1] for name in sorted(wanted)}
    notes.append(
        "the bundle has no golden samples: layers alone, on made-up numbers, and no transform"
    )
    rng = np.random.default_rng(_SEED)
    made: dict[str, NDArray[Any]] = {}
    for spec in model.signature.inputs:
        shape = tuple(1 if isinstance(axis, str) else axis for axis in spec.shape)
        is_float = np.dtype(spec.dtype).kind == "f"
        made[spec.name] = (
            rng.random(shape) if is_float or spec.scale is not None else np.zeros(shape)
        ).astype("float32" if spec.scale is not None else spec.dtype)
    return made


def _raw_calls(
    model: Model, raw: object, tensors: Mapping[str, NDArray[Any]]
) -> list[tuple[str, Call]]:
    """``predict``, its three parts, and each step on the values that it has there."""
    manifest = model.manifest
    split = split_inputs(manifest.raw_inputs, [raw])
    values = {one.name: as_batch(one, split[one.name]) for one in manifest.raw_inputs}
    # The run follows the transform, as it does in predict.
    calls: list[tuple[str, Call]] = [
        ("predict", partial(model.predict, raw)),
        ("prepare", partial(model.prepare, raw)),
        ("run_after", partial(model.run, tensors)),
        ("answer", partial(_answer, model, tensors, model.run(tensors))),
    ]
    for index, step in enumerate(model.transform.steps):
        op = make_op(step, f"transform[{index}]", model.transform.assets)
        given = [values[name] for name in step.inputs]
        with np.errstate(over="ignore"):
            values[step.outputs[0]] = op(*given)
        calls.append((f"step:{index}", partial(op, *given)))
    return calls


def _answer(
    model: Model, tensors: Mapping[str, NDArray[Any]], outputs: Mapping[str, NDArray[Any]]
) -> object:
    """What ``predict`` does with outputs."""
    check_rows(outputs, 1, where=model.artifact.file)
    _FINITENESS.check_outputs(outputs, tensors)
    return decode(model.manifest.task, model.manifest.outputs, outputs)


if __name__ == "__main__":
    main(read_question())
