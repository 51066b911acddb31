"""A comparison with every phase and every kind of subject, its samples drawn from a seed."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from edgesmith.layer_times import ArtifactProfile, LayerTime, OpTime, Profile, StepTime
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
from edgesmith_runtime.host import Host
from edgesmith_runtime.latency import Estimate, Measurement
from edgesmith_runtime.manifest import Score
from edgesmith_runtime.settings import Engine
from edgesmith_runtime.spec import Format

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
PLAN = Plan(
    n_rounds=2,
    phases=tuple(Phase),
    batches=(1, 32),
    idle_s=(1.0, 10.0),
    sustained_s=60.0,
)
HOSTILE = "<img src=x onerror=alert(1)>"
# By phase, how many times as long as a steady call.
FACTORS = {
    Phase.STEADY: 1.0,
    Phase.RAW: 1.7,
    Phase.IDLE: 3.0,
    Phase.PACED: 1.4,
    Phase.CONCURRENT: 2.2,
    Phase.SUSTAINED: 1.05,
}
STAGES = {"wait": 0.01, "decode": 0.25, "prepare": 0.14, "infer": 0.55, "answer": 0.05}


def _measurement(
    median_ns: float, n_calls: int, rng: np.random.Generator, slow_from: int | None = None
) -> Measurement:
    latencies = median_ns * np.exp(
        rng.normal(0, 0.05, n_calls) + rng.exponential(0.04, n_calls)
    )
    if slow_from is not None:
        latencies[slow_from:] *= 1.25
    return Measurement(
        latencies_ns=tuple(latencies.astype(int).tolist()), n_warmup=9, host=HOST
    )


def _series(
    setting: Setting, median_ns: float, rng: np.random.Generator, *, n_calls: int, slows: bool
) -> Series:
    at = median_ns * FACTORS[setting.phase] * (setting.amount**0.9 if setting.batch > 1 else 1)
    match setting.phase:
        case Phase.IDLE:
            measurement = _measurement(at, 4, rng)
        case Phase.SUSTAINED:
            measurement = _measurement(at, 600, rng, 300 if slows else None)
        case _:
            measurement = _measurement(at, n_calls, rng)
    n = len(measurement.latencies_ns)
    total = sum(measurement.latencies_ns)
    begins = np.linspace(0, setting.amount * 0.99e9, n).astype(int).tolist()
    stages = {
        name: tuple(int(ns * share) for ns in measurement.latencies_ns)
        for name, share in STAGES.items()
    }
    return Series(
        measurement=measurement,
        begins_ns=tuple(begins) if setting.phase is Phase.SUSTAINED else (),
        stages_ns=stages if setting.phase is Phase.RAW else {},
        wall_ns=total,
        cpu_ns=int(total * 1.6),
        memory_bytes=60_000_000,
        is_stable=True,
    )


def _rounds(
    median_us: float,
    start_ms: tuple[float, float, float],
    *,
    n_calls: int = 120,
    seed: int,
    only_steady: bool = False,
    slows: bool = False,
) -> tuple[Round, ...]:
    rng = np.random.default_rng(seed)
    settings = [
        one
        for one in PLAN.settings()
        if not only_steady or one.phase in (Phase.STEADY, Phase.SUSTAINED)
    ]
    return tuple(
        Round(
            import_ns=int(start_ms[0] * 1e6),
            load_ns=int(start_ms[1] * 1e6),
            first_call_ns=int(start_ms[2] * 1e6),
            peak_memory_bytes=57_000_000,
            series={
                setting: _series(
                    setting,
                    median_us * 1e3 * float(np.exp(rng.normal(0, 0.01))),
                    rng,
                    n_calls=n_calls,
                    slows=slows,
                )
                for setting in settings
                if number == 0 or setting.phase is not Phase.SUSTAINED
            },
        )
        for number in range(PLAN.n_rounds)
    )


def _score(value: float) -> Score:
    return Score(
        metric="accuracy", value=value, low=value - 0.026, high=value + 0.025, n_samples=1000
    )


@pytest.fixture(scope="session")
def full_comparison() -> Comparison:
    """Every phase; ten subjects were measured and one with a hostile name was not."""
    light = (61.0, 6.2, 0.6)
    heavy = (2100.0, 310.0, 240.0)
    onnx, litert = Engine.ONNXRUNTIME, Engine.LITERT
    subjects = (
        Subject(
            name="model.onnx",
            engine=onnx,
            size_bytes=312_000,
            score=_score(0.874),
            rounds=_rounds(124, light, seed=1, slows=True),
        ),
        Subject(
            name="model_int8.onnx",
            engine=onnx,
            size_bytes=96_400,
            score=_score(0.869),
            rounds=_rounds(88, light, seed=2),
        ),
        Subject(
            name="model.tflite",
            engine=litert,
            size_bytes=309_000,
            score=_score(0.874),
            rounds=_rounds(141, (48, 3.1, 0.5), seed=3),
        ),
        Subject(
            name="model.onnx on openvino",
            engine=Engine.OPENVINO,
            size_bytes=312_000,
            score=_score(0.874),
            rounds=_rounds(71, (160, 66, 0.9), seed=4),
        ),
        Subject(
            name="model.onnx again",
            kind=SubjectKind.AGAIN,
            engine=onnx,
            size_bytes=312_000,
            score=_score(0.874),
            rounds=_rounds(124, light, seed=5),
        ),
        Subject(
            name="stock.onnx in onnxruntime",
            kind=SubjectKind.FILE,
            engine=onnx,
            size_bytes=341_000,
            rounds=_rounds(183, light, seed=6),
        ),
        Subject(
            name="stock.tflite in litert",
            kind=SubjectKind.FILE,
            engine=litert,
            size_bytes=311_000,
            rounds=_rounds(150, (48, 3.0, 0.5), seed=7),
        ),
        *(
            Subject(
                name=f"keras {style}",
                kind=SubjectKind.KERAS,
                style=style,
                size_bytes=424_000,
                score=_score(0.874),
                rounds=_rounds(median_us, heavy, n_calls=40, seed=8, only_steady=True),
            )
            for style, median_us in (
                (CallStyle.PREDICT, 41_000),
                (CallStyle.CALL, 14_000),
                (CallStyle.TF_FUNCTION, 873),
            )
        ),
        Subject(
            name=HOSTILE,
            size_bytes=1,
            problem=f"it broke </script><script>alert(1)</script>{HOSTILE}",
        ),
    )
    return Comparison(
        bundle="resnet8",
        identity="0" * 64,
        host=HOST,
        versions={"keras": "3.15.1", "tensorflow": "2.21.0"},
        plan=PLAN,
        n_threads=2,
        n_available_threads=2,
        load=Load(start=0.3, end=1.1),
        subjects=subjects,
    )


def _about(ns: float) -> Estimate:
    return Estimate(value=ns, low=ns * 0.97, high=ns * 1.04)


def _layer(path: str, ops: tuple[str, ...], us: float, total_us: float) -> LayerTime:
    return LayerTime(
        layer=path,
        ops=tuple(
            OpTime(name=f"{path}/{op}", op=op, time_ns=_about(us * 1e3 / len(ops)))
            for op in ops
        ),
        time_ns=_about(us * 1e3),
        share=us / total_us,
    )


@pytest.fixture(scope="session")
def small_profile() -> Profile:
    """One artifact with a transform, three blocks of layers, and one that failed."""
    layers = [("stem/conv", ("Conv", "Relu"), 18.0)]
    for block in range(1, 4):
        layers += [
            (f"block{block}/conv_1", ("Conv",), 11.0 - block),
            (f"block{block}/conv_2", ("Conv",), 12.0 - block),
            (f"block{block}/add", ("Add", "Relu"), 2.0),
        ]
    layers += [("pool", ("GlobalAveragePool",), 1.5), ("head", ("Gemm", "Softmax"), 2.5)]
    total = sum(us for _, _, us in layers) + 6
    return Profile(
        bundle="resnet8",
        host=HOST,
        artifacts=(
            ArtifactProfile(
                file="model.onnx",
                format=Format.ONNX,
                engine="onnxruntime",
                n_threads=1,
                predict_ns=_about((total + 60) * 1e3),
                total_ns=_about(total * 1e3),
                layers=tuple(_layer(*one, total) for one in layers),
                transform=(
                    StepTime(index=0, op="decode_image", output="pixels", time_ns=_about(38e3)),
                    StepTime(index=1, op="scale", output="x", time_ns=_about(9e3)),
                ),
                reading_ns=_about(5e3),
                colder_ns=_about(1e3),
                answer_ns=_about(4e3),
                copies_ns=_about(2e3),
                framework_ns=_about(4e3),
                method="Layers from the engine's own profiler, scaled to calls without it.",
            ),
        ),
        problems={"model.tflite": f"no per-operation profiler {HOSTILE}"},
    )


@pytest.fixture(scope="session")
def large_profile(small_profile: Profile) -> Profile:
    """Six artifacts of 800 layers in blocks, with four operations each and long paths."""
    us = np.random.default_rng(0).uniform(200, 400, 800)
    ops = ("Transpose", "MatMul", "Add", "Reshape")
    paths = [
        f"functional/encoder/transformer_block_{place // 8}/attention_{place % 8}/einsum"
        for place in range(len(us))
    ]
    total = float(us.sum())
    one = dataclasses.replace(
        small_profile.artifacts[0],
        layers=tuple(
            _layer(path, ops, float(time), total) for path, time in zip(paths, us, strict=True)
        ),
        total_ns=_about(total * 1e3),
        predict_ns=_about(total * 1.1e3),
    )
    files = [f"model_{place}.onnx" for place in range(6)]
    many = tuple(dataclasses.replace(one, file=file) for file in files)
    return dataclasses.replace(small_profile, artifacts=many)
