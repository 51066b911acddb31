"""A search over two formats as an optimization leaves it, and the report that holds it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from edgesmith.core import Candidate, Rejected, Standing
from edgesmith.evidence import (
    CalibrationAccount,
    CallTime,
    Drop,
    LayerAccount,
    LayerEntry,
    Portability,
    SaturatingLayer,
    Search,
)
from edgesmith.recipe import Recipe, Scheme, Target
from edgesmith_runtime.bundle import Artifact
from edgesmith_runtime.latency import Estimate
from edgesmith_runtime.manifest import Parity, Score
from edgesmith_runtime.spec import Format, Precision, Signature, TensorSpec

if TYPE_CHECKING:
    from edgesmith.core import Report

SIGNATURE = Signature(
    inputs=(TensorSpec("pixels", "float32", ("batch", 8, 8, 1)),),
    outputs=(TensorSpec("probabilities", "float32", ("batch", 10)),),
)
# format, recipe, scheme, precision, kB, points lost, microseconds, outcome; one layer stays float
_TRIED = """
onnx   float32               float32           float32 642.9 -     134.0 misses
onnx   float16               float16           float16 326.1 0.00  131.0 misses
onnx   int8_dynamic          int8_dynamic      int8    171.9 0.28  102.0 keeps
onnx   int8_weights          int8_weights      int8    170.2 0.14  140.0 keeps
onnx   int8_static           int8_static       int8    168.4 2.50  61.0  misses
onnx   int8_entropy          int8_static       int8    168.4 1.94  61.5  misses
onnx   int8_mse              int8_static       int8    168.5 1.11  61.2  misses
onnx   int8_mse_but_conv2d_3 int8_static       mixed   181.3 0.28  66.0  chosen
onnx   int4_weights          int4_weights      int4    92.4  13.90 143.0 misses
tflite float32               float32           float32 648.1 -     98.0  misses
tflite float16               float16           float16 329.0 0.00  99.0  misses
tflite int8_weights          int8_weights      int8    176.0 0.14  109.0 keeps
tflite int8_static           int8_static       int8    174.8 0.42  44.0  chosen
tflite int8_full_integer     int8_full_integer int8    174.6 0.47  43.5  keeps
tflite int8_per_tensor       int8_static       int8    166.0 4.72  43.9  misses
"""
_STANDINGS = {
    "chosen": (
        Standing.CHOSEN,
        "the fastest of those that keep the budget; next was 36 us slower",
    ),
    "keeps": (Standing.KEEPS, "larger or slower than what ships"),
    "misses": (Standing.MISSES, "the drop's upper end is above 0.01, or 200 kB are not enough"),
}


def _tried(row: str) -> Candidate:
    format_, name, scheme, precision, kilobytes, points, p50_us, outcome = row.split()
    lost = 0.0 if points == "-" else float(points) / 100
    p50_ns, ratio = float(p50_us) * 1e3, float(p50_us) / {"onnx": 134, "tflite": 98}[format_]
    drop = Drop(
        metric="accuracy",
        value=lost,
        low=lost - 0.004,
        high=lost + 0.005,
        p_value=0.4,
        n_samples=360,
    )
    size_bytes = int(float(kilobytes) * 1000)
    artifact = Artifact(
        file=f"model.{format_}",
        format=Format(format_),
        precision=Precision(precision),
        version=18,
        signature=SIGNATURE,
        content=bytes(size_bytes),
    )
    return Candidate(
        recipe=Recipe(
            name=name,
            format=Format(format_),
            precision=Precision(precision),
            scheme=Scheme(scheme),
            float_layers=("conv2d_3",) if precision == "mixed" else (),
        ),
        artifact=artifact,
        score=Score(
            metric="accuracy", value=0.9833 - lost, low=0.96 - lost, high=0.99, n_samples=360
        ),
        parity=Parity(max_abs_error=0.03, mean_abs_error=2e-3, agreement=0.99, n_samples=360),
        drop=None if points == "-" else drop,
        latency=CallTime(
            p50_ns=Estimate(value=p50_ns, low=p50_ns * 0.985, high=p50_ns * 1.02),
            p95_ns=p50_ns * 1.24,
            ratio=Estimate(value=ratio, low=ratio * 0.98, high=ratio * 1.03),
        ),
        standing=_STANDINGS[outcome][0],
        reason=_STANDINGS[outcome][1],
    )


def _layer(index: int) -> LayerEntry:
    effects = {Format.ONNX: 0.012 / (index + 1), Format.TFLITE: 0.004 / (index + 1)}
    snr_db = {Format.ONNX: 11.2 + index, Format.TFLITE: 12.9 + index}
    return LayerEntry(
        layer=f"block_{index // 3}/conv2d_{3 - index % 3}",
        weight_bytes=2304 * (index + 1),
        snr_db={} if index == 29 else snr_db,
        effect=effects,
        float_because={} if index else {Format.ONNX: "the search"},
    )


@pytest.fixture(scope="session")
def search() -> Search:
    return Search(
        target=Target(max_size_bytes=200_000, max_p95_ms=0.15, max_accuracy_drop=0.01),
        candidates=tuple(map(_tried, _TRIED.split("\n")[1:-1])),
        rejected=(
            Rejected(
                recipe="int8_pruned", reason="pruning needs training data, and there is none"
            ),
        ),
        calibration=CalibrationAccount(
            n_samples=512,
            source="training split",
            seed=0,
            sha256=("ab" * 32, "cd" * 32),
            ranges={Format.ONNX: {"relu": (0.0, 6.0)}},
            halves_apart=0.183,
            warning="the halves differ by more than a tenth of a range; calibrate with more samples",
        ),
        layers=LayerAccount(
            recipes={Format.ONNX: "int8_mse_but_conv2d_3", Format.TFLITE: "int8_static"},
            metric="accuracy",
            entries=tuple(map(_layer, range(30))),
        ),
        portability=(
            Portability(
                recipe="int8_mse_but_conv2d_3",
                n_samples=512,
                layers=(),
                worst_error=0.0,
                n_changed=0,
            ),
            Portability(
                recipe="int8_static",
                n_samples=512,
                layers=(SaturatingLayer(layer="conv2d_3", share=0.021, worst_error=0.31),),
                worst_error=0.12,
                n_changed=4,
            ),
        ),
        notes=("int8_dynamic computes its ranges at each run",),
        n_computed=15,
        seconds=93.4,
    )


@pytest.fixture(scope="session")
def searched_report(classification_report: Report, search: Search) -> Report:
    return dataclasses.replace(
        classification_report,
        candidates=tuple(one for one in search.candidates if one.standing == Standing.CHOSEN),
        rejected=(),
        comparison=None,
        search=search,
    )
