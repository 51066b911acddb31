"""Reports of a digit classifier and of a fuel-consumption regression, as builds leave them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgesmith.core import (
    Account,
    Candidate,
    Choice,
    Curve,
    Dropped,
    Original,
    Rejected,
    Report,
    Split,
)
from edgesmith.recipe import Recipe
from edgesmith_runtime.bench import (
    CallStyle,
    Comparison,
    Load,
    Phase,
    Plan,
    Round,
    Series,
    Setting,
    Subject,
    SubjectKind,
)
from edgesmith_runtime.bundle import Artifact
from edgesmith_runtime.host import Host
from edgesmith_runtime.latency import Measurement
from edgesmith_runtime.manifest import Kind, Parity, RawInput, Score, Task
from edgesmith_runtime.spec import Format, Precision, Signature, TensorSpec

HOST = Host(
    cpu="Intel(R) Xeon(R) Platinum 8488C",
    n_cpus=2,
    n_cpus_affinity=2,
    cpu_quota=None,
    memory_bytes=24 << 30,
    os="Linux 6.1.0",
    machine="x86_64",
    python="3.11.7",
    numpy="2.4.6",
    onnxruntime="1.32.0",
    ai_edge_litert="2.3.0",
)
PLAN = Plan(n_rounds=3)


def _measured(median_us: float, n_calls: int, rng: np.random.Generator) -> Measurement:
    latencies_ns = median_us * 1e3 * np.exp(rng.normal(0, 0.06, size=n_calls))
    return Measurement(
        latencies_ns=tuple(int(ns) for ns in latencies_ns), n_warmup=20, host=HOST
    )


def _subject(
    name: str,
    style: CallStyle | None,
    size_bytes: int,
    medians_us: tuple[float, float],
    starts_ms: tuple[float, float, float],
    peak_mb: float,
) -> Subject:
    rng = np.random.default_rng(len(name))
    n_calls = 40 if medians_us[0] > 10_000 else 400
    import_ms, load_ms, first_ms = starts_ms
    return Subject(
        name=name,
        kind=SubjectKind.ARTIFACT if style is None else SubjectKind.KERAS,
        style=style,
        size_bytes=size_bytes,
        rounds=tuple(
            Round(
                import_ns=int(import_ms * 1e6),
                load_ns=int(load_ms * 1e6),
                first_call_ns=int(first_ms * 1e6),
                peak_memory_bytes=int(peak_mb * 1e6),
                series={
                    Setting(Phase.STEADY, batch): Series(
                        measurement=_measured(median_us * rng.uniform(0.98, 1.02), n_calls, rng)
                    )
                    for batch, median_us in zip(PLAN.batches, medians_us, strict=True)
                },
            )
            for _ in range(PLAN.n_rounds)
        ),
    )


def _comparison(bundle: str, keras_bytes: int, artifacts: tuple[Subject, ...]) -> Comparison:
    keras = (2303.0, 61.0, 420.0)
    return Comparison(
        bundle=bundle,
        identity="0" * 64,
        host=HOST,
        versions={"keras": "3.15.1", "tensorflow": "2.21.0"},
        plan=PLAN,
        n_threads=2,
        n_available_threads=2,
        load=Load(start=0.8, end=1.1),
        subjects=(
            *artifacts,
            _subject(
                "keras predict", CallStyle.PREDICT, keras_bytes, (43_381, 44_902), keras, 577
            ),
            _subject("keras call", CallStyle.CALL, keras_bytes, (3_120, 3_540), keras, 577),
            _subject(
                "keras tf_function", CallStyle.TF_FUNCTION, keras_bytes, (627, 912), keras, 577
            ),
        ),
    )


def _artifact(
    file: str, format_: Format, version: int, size_bytes: int, width: int
) -> Artifact:
    signature = Signature(
        inputs=(TensorSpec("pixels", "float32", ("batch", 8, 8, 1)),),
        outputs=(TensorSpec("probabilities", "float32", ("batch", width)),),
    )
    return Artifact(
        file=file,
        format=format_,
        precision=Precision.FLOAT32,
        version=version,
        signature=signature,
        content=bytes(size_bytes),
    )


def _candidates(
    score: Score, errors: tuple[float, float], agreement: float | None, sizes: tuple[int, int]
) -> tuple[Candidate, ...]:
    parts = (
        ("onnx_float32", "model.onnx", Format.ONNX, 18, sizes[0], errors[0]),
        ("tflite_float32", "model.tflite", Format.TFLITE, 3, sizes[1], errors[1]),
    )
    return tuple(
        Candidate(
            recipe=Recipe(name=recipe, format=format_),
            artifact=_artifact(file, format_, version, size_bytes, 10),
            score=score,
            parity=Parity(
                max_abs_error=error,
                mean_abs_error=error / 9.3,
                agreement=agreement,
                n_samples=score.n_samples,
            ),
        )
        for recipe, file, format_, version, size_bytes, error in parts
    )


def _answers(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    expected = np.repeat(np.arange(10), 36)
    predicted = expected.copy()
    for actual, said, n in ((8, 1, 3), (3, 8, 1), (9, 5, 1), (1, 8, 1)):
        predicted[np.flatnonzero(expected == actual)[:n]] = said
    order = rng.permutation(360)
    return expected[order], predicted[order]


@pytest.fixture(scope="session")
def classification_report() -> Report:
    rng = np.random.default_rng(7)
    epochs = np.arange(1, 41)
    expected, predicted = _answers(rng)
    score = Score(metric="accuracy", value=354 / 360, low=0.9641, high=0.9923, n_samples=360)
    train = 2.1 * np.exp(-epochs / 5) + 0.012 + rng.uniform(0, 0.004, 40)
    validation = 2.2 * np.exp(-epochs / 5) + 0.045 + rng.uniform(0, 0.012, 40)
    return Report(
        name="digits",
        task=Task.CLASSIFICATION,
        bundle=Path("out/digits.edge"),
        original=Original(score=score, size_bytes=214_532),
        candidates=_candidates(score, (2.4e-7, 4.8e-7), 1.0, (64_288, 66_904)),
        choice=Choice(
            file="model.onnx",
            reason="it runs on the base install (numpy and onnxruntime) and decides as Keras does",
        ),
        rejected=(
            Rejected(recipe="tflite_int8", reason="accuracy fell by 0.031; allowed 0.01"),
        ),
        account=Account(
            n_read=1797,
            dropped=(
                Dropped(
                    reason="exact duplicates in the training split",
                    n_rows=12,
                    examples=("row 311", "row 1204"),
                ),
            ),
            balance={
                Split.TRAIN: {str(digit): 105 + digit % 3 for digit in range(10)},
                Split.VALIDATION: {str(digit): 18 + digit % 2 for digit in range(10)},
                Split.TEST: {str(digit): 36 for digit in range(10)},
            },
            n_by_split={Split.TRAIN: 1240, Split.VALIDATION: 185, Split.TEST: 360},
            warnings=(
                "3 test samples are also in the training split (row 12, row 88, row 940)",
            ),
        ),
        curve=Curve(
            train_loss=tuple(train.tolist()),
            validation_loss=tuple(validation.tolist()),
            learning_rate=tuple((0.5e-3 * (1 + np.cos(np.pi * epochs / 40))).tolist()),
            best_epoch=int(validation.argmin()) + 1,
            stop_reason="all 40 epochs done",
        ),
        comparison=_comparison(
            "digits",
            214_532,
            (
                _subject("model.onnx", None, 64_288, (13.4, 148.0), (66, 7.2, 0.31), 57.4),
                _subject("model.tflite", None, 66_904, (9.8, 201.0), (48, 3.9, 0.08), 38.2),
            ),
        ),
        labels=tuple(str(digit) for digit in range(10)),
        expected=expected,
        predicted=predicted,
        provenance={
            "versions": {"edgesmith": "0.1.0", "keras": "3.15.1", "tf2onnx": "1.17.0"},
            "data": {
                "source": "scikit-learn digits",
                "licence": "CC BY 4.0",
                "sha256": "5f1c0b0f0d1a7e6c9b3d2a4f8e7c6b5a49382716051423324150617283940a1b",
                "n_by_split": {"train": 1240, "validation": 185, "test": 360},
            },
            "seed": 0,
            "config": {"name": "digits", "training": {"architecture": "cnn", "epochs": 40}},
        },
        raw_inputs=(RawInput("image", Kind.IMAGE, "a grey image, 8 x 8"),),
    )


@pytest.fixture(scope="session")
def regression_report() -> Report:
    rng = np.random.default_rng(3)
    expected = rng.gamma(8.5, 2.75, size=79)
    score = Score(metric="r2", value=0.8861, low=0.8323, high=0.9187, n_samples=79)
    losses = 0.9 * np.exp(-np.arange(1, 121) / 18) + 0.11
    return Report(
        name="auto_mpg",
        task=Task.REGRESSION,
        bundle=Path("out/auto_mpg.edge"),
        original=Original(score=score, size_bytes=48_120),
        candidates=_candidates(score, (3.1e-6, 3.4e-6), None, (9_870, 10_412)),
        choice=Choice(file="model.onnx", reason="it runs on the base install"),
        account=Account(
            n_read=398,
            filled={"horsepower": 6, "weight": 0},
            n_by_split={Split.TRAIN: 271, Split.VALIDATION: 48, Split.TEST: 79},
            warnings=(
                "the column 'car_name' looks like an identifier: 305 values in 398 rows",
            ),
        ),
        curve=Curve(
            train_loss=tuple((losses + rng.uniform(0, 0.01, 120)).tolist()),
            best_epoch=112,
            stop_reason="no better loss for 8 epochs",
        ),
        comparison=_comparison(
            "auto_mpg",
            48_120,
            (_subject("model.onnx", None, 9_870, (5.4, 9.1), (66, 4.1, 0.12), 55.0),),
        ),
        expected=expected,
        predicted=expected + rng.normal(0, 2.4, size=79),
        provenance={"data": {"source": "auto_mpg.csv", "licence": "CC BY 4.0"}, "seed": 0},
        raw_inputs=(RawInput("row", Kind.TABLE, "a dict of columns"),),
        unit="mpg",
    )


@pytest.fixture(scope="session")
def bare_report() -> Report:
    return Report(
        name="mine",
        task=Task.TENSOR,
        bundle=Path("out/mine.edge"),
        original=Original(score=None, size_bytes=1000),
        candidates=(
            Candidate(
                recipe=Recipe(name="onnx_float32", format=Format.ONNX),
                artifact=_artifact("model.onnx", Format.ONNX, 18, 700, 3),
                score=None,
                parity=None,
            ),
        ),
        choice=Choice(file="model.onnx", reason="the only one"),
    )
