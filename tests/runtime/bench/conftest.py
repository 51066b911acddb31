"""A quick plan, a request for the tiny bundle, and a comparison whose samples are made up."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import onnx
import pytest

from edgesmith_runtime.bench.comparison import Comparison, Load
from edgesmith_runtime.bench.effort import Effort
from edgesmith_runtime.bench.measuring.exchange import Request
from edgesmith_runtime.bench.measuring.samples import write_tensors
from edgesmith_runtime.bench.phases import Phase, Series, Setting
from edgesmith_runtime.bench.plan import Plan
from edgesmith_runtime.bench.subject import CallStyle, Round, Subject, SubjectKind
from edgesmith_runtime.bundle import Bundle, make_bundle
from edgesmith_runtime.golden import GoldenSamples, Tolerance, golden_files
from edgesmith_runtime.host import Host
from edgesmith_runtime.latency import Measurement
from edgesmith_runtime.settings import Engine
from edgesmith_runtime.spec import Signature

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from edgesmith_runtime.manifest import Manifest


@pytest.fixture(scope="session")
def quick_plan() -> Plan:
    return Plan(
        n_rounds=2,
        n_threads=1,
        batches=(1, 4),
        max_seconds=0.001,
        min_calls=5,
        max_calls=20,
        deadline_s=120.0,
    )


@pytest.fixture
def tiny_request(tiny_bundle_path: Path, tiny_golden: GoldenSamples, tmp_path: Path) -> Request:
    write_tensors(tmp_path / "inputs.npz", dict(tiny_golden.tensors))
    write_tensors(tmp_path / "expected.npz", dict(tiny_golden.outputs["model.onnx"]))
    return Request(
        name="model.onnx",
        kind=SubjectKind.ARTIFACT,
        model=str(tiny_bundle_path),
        artifact="model.onnx",
        engine=Engine.ONNXRUNTIME,
        inputs=str(tmp_path / "inputs.npz"),
        expected=str(tmp_path / "expected.npz"),
        tolerances={"probabilities": Tolerance(1e-5, 0.0)},
        first=Setting(Phase.STEADY, 1),
        settings=(Setting(Phase.STEADY, 1), Setting(Phase.STEADY, 4)),
        n_threads=1,
        effort=Effort(max_seconds=0.001, min_calls=5, max_calls=20, n_idle_calls=2),
    )


@pytest.fixture(scope="session")
def made_up_host() -> Host:
    return Host(
        cpu="Some CPU",
        n_cpus=4,
        n_cpus_affinity=4,
        cpu_quota=None,
        memory_bytes=None,
        os="Linux 6.1",
        machine="x86_64",
        python="3.11.7",
        numpy="2.4.0",
        onnxruntime="1.32.0",
        ai_edge_litert=None,
    )


@pytest.fixture(scope="session")
def made_up_round(made_up_host: Host) -> Callable[[int], Round]:
    """A round whose calls all take so many ns at batch 1, and ten times that at batch 32."""

    def make(latency_ns: int) -> Round:
        return Round(
            import_ns=65_000_000,
            load_ns=6_000_000,
            first_call_ns=600_000,
            peak_memory_bytes=57_000_000,
            series={
                Setting(Phase.STEADY, batch): Series(
                    measurement=Measurement(
                        latencies_ns=(latency_ns * factor,) * 60, n_warmup=10, host=made_up_host
                    )
                )
                for batch, factor in ((1, 1), (32, 10))
            },
        )

    return make


@pytest.fixture(scope="session")
def made_up_comparison(made_up_host: Host, made_up_round: Callable[[int], Round]) -> Comparison:
    """Two rounds: an artifact at 10 us, Keras ``predict`` at 40 ms, and one that failed."""
    return Comparison(
        bundle="digits",
        identity="0" * 64,
        host=made_up_host,
        versions={"keras": "3.15.1"},
        plan=Plan(n_rounds=2),
        n_threads=2,
        n_available_threads=4,
        load=Load(start=0.1, end=1.5),
        subjects=(
            Subject(
                name="model.onnx",
                style=None,
                size_bytes=81_234,
                rounds=(made_up_round(10_000), made_up_round(10_000)),
            ),
            Subject(
                name="model.tflite",
                style=None,
                size_bytes=79_000,
                problem="TFLite needs an extra",
            ),
            Subject(
                name="keras predict",
                kind=SubjectKind.KERAS,
                style=CallStyle.PREDICT,
                size_bytes=123_456,
                rounds=(made_up_round(40_000_000), made_up_round(40_000_000)),
            ),
        ),
    )


@pytest.fixture(scope="session")
def scattered_subject(made_up_host: Host) -> Callable[..., Subject]:
    """A subject of five rounds: calls around a latency in us, 3 % off and 1 % more by round.

    Its calls take 60 % of their time on the processor, twice; a raw one 70 % to decode.
    """

    def series(setting: Setting, latencies_ns: tuple[int, ...]) -> Series:
        stages = {"decode": 0.7, "infer": 0.3} if setting.phase is Phase.RAW else {}
        return Series(
            measurement=Measurement(latencies_ns=latencies_ns, n_warmup=10, host=made_up_host),
            stages_ns={
                stage: tuple(int(ns * share) for ns in latencies_ns)
                for stage, share in stages.items()
            },
            wall_ns=2 * sum(latencies_ns),
            cpu_ns=int(1.2 * sum(latencies_ns)),
            memory_bytes=60_000_000,
            is_stable=True,
        )

    def make(  # noqa: PLR0913 - what tests vary
        latency_us: float,
        *,
        name: str = "model.onnx",
        kind: SubjectKind = SubjectKind.ARTIFACT,
        style: CallStyle | None = None,
        seed: int = 0,
        settings: tuple[Setting, ...] = (Setting(Phase.STEADY),),
        n_calls: int = 200,
    ) -> Subject:
        rng = np.random.default_rng(seed)
        rounds = [
            Round(
                import_ns=65_000_000 + 1000 * index,
                load_ns=6_000_000 + 1000 * index,
                first_call_ns=int(2000 * latency_us),
                peak_memory_bytes=57_000_000,
                series={
                    setting: series(
                        setting,
                        tuple(
                            (
                                1000
                                * latency_us
                                * np.exp(rng.normal(0, 0.01) + rng.normal(0, 0.03, n_calls))
                            )
                            .astype(int)
                            .tolist()
                        ),
                    )
                    for setting in settings
                },
            )
            for index in range(5)
        ]
        return Subject(
            name=name, kind=kind, style=style, size_bytes=81_234, rounds=tuple(rounds)
        )

    return make


@pytest.fixture(scope="session")
def scattered_comparison(
    made_up_host: Host, scattered_subject: Callable[..., Subject]
) -> Callable[..., Comparison]:
    """A quiet machine; without subjects, an artifact at 100 us and itself again."""

    def make(*subjects: Subject, **changed: object) -> Comparison:
        twice = (
            scattered_subject(100.0, seed=1),
            scattered_subject(100.0, seed=2, name="model.onnx again", kind=SubjectKind.AGAIN),
        )
        quiet = Comparison(
            bundle="digits",
            identity="0" * 64,
            host=made_up_host,
            versions={},
            plan=Plan(),
            n_threads=1,
            n_available_threads=4,
            load=Load(start=0.1, end=0.5),
            subjects=subjects or twice,
        )
        return dataclasses.replace(quiet, **changed)

    return make


@pytest.fixture(scope="session")
def fixed_bundle(
    tiny_manifest: Manifest, tiny_onnx: bytes, tiny_golden: GoldenSamples
) -> Bundle:
    """The tiny bundle, with a model that takes one sample at a time."""
    model = onnx.load_from_string(tiny_onnx)
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = 1
    entry = tiny_manifest.artifacts[0]
    signature = Signature(
        *(
            tuple(dataclasses.replace(spec, shape=(1, *spec.sample_shape)) for spec in side)
            for side in (entry.signature.inputs, entry.signature.outputs)
        )
    )
    manifest = dataclasses.replace(
        tiny_manifest, artifacts=(dataclasses.replace(entry, signature=signature),)
    )
    files = {"model.onnx": model.SerializeToString(), **golden_files(tiny_golden)}
    return make_bundle(manifest, files)
