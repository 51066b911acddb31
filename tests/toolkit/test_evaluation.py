from __future__ import annotations

from dataclasses import replace

import pytest

from edgesmith.core import Candidate
from edgesmith.evaluation import choose, fastest_of
from edgesmith.recipe import Recipe
from edgesmith_runtime.bench import Comparison, Plan
from edgesmith_runtime.bench.comparison import Load
from edgesmith_runtime.bench.phases import Phase, Series, Setting
from edgesmith_runtime.bench.subject import Round, Subject
from edgesmith_runtime.bundle import Artifact
from edgesmith_runtime.errors import ConfigError
from edgesmith_runtime.host import this_host
from edgesmith_runtime.latency import Measurement
from edgesmith_runtime.manifest import Parity
from edgesmith_runtime.spec import Format, Precision, Signature, TensorSpec

HOST = this_host()


def _candidate(fmt: Format) -> Candidate:
    tensor = TensorSpec("x", "float32", ("batch", 1))
    answer = TensorSpec("y", "float32", ("batch", 1))
    return Candidate(
        recipe=Recipe(name=f"float32_{fmt}", format=fmt),
        artifact=Artifact(
            file=f"model.{fmt}",
            format=fmt,
            precision=Precision.FLOAT32,
            version=18,
            signature=Signature((tensor,), (answer,)),
            content=b"model",
        ),
        score=None,
        parity=Parity(max_abs_error=1e-7, mean_abs_error=1e-8, agreement=0.75, n_samples=8),
    )


def _subject(file: str, latencies_ns: tuple[int, ...]) -> Subject:
    measurement = Measurement(latencies_ns=latencies_ns, n_warmup=1, host=HOST)
    one = Round(
        import_ns=1,
        load_ns=1,
        first_call_ns=1,
        peak_memory_bytes=1,
        series={Setting(Phase.STEADY): Series(measurement=measurement)},
    )
    return Subject(name=file, style=None, size_bytes=5, rounds=(one, one))


def _comparison(onnx_ns: tuple[int, ...], tflite_ns: tuple[int, ...]) -> Comparison:
    return Comparison(
        bundle="x",
        identity="0" * 64,
        host=HOST,
        versions={},
        plan=Plan(n_rounds=2, batches=(1,)),
        n_threads=1,
        n_available_threads=1,
        load=Load(start=0.0, end=0.0),
        subjects=(_subject("model.onnx", onnx_ns), _subject("model.tflite", tflite_ns)),
    )


BOTH = (_candidate(Format.TFLITE), _candidate(Format.ONNX))


def test_the_default_is_what_the_base_install_runs() -> None:
    choice = choose(BOTH)

    assert choice.file == "model.onnx"
    assert choice.reason.endswith("answers as the original (same decision on 6 of 8 samples)")


def test_without_onnx_there_is_no_default() -> None:
    with pytest.raises(
        ConfigError, match=r"formats: expected onnx among them, got tflite; a bun"
    ):
        choose(BOTH[:1])


@pytest.mark.parametrize(
    ("fmt", "reason"),
    [
        (Format.ONNX, "runs on the runtime's base install, numpy and onnxruntime, and answers"),
        (Format.TFLITE, "the only one: a .tflite file is not converted to ONNX, and answers"),
    ],
)
def test_a_model_file_has_one_choice(fmt: Format, reason: str) -> None:
    made = _candidate(fmt)
    recipe = Recipe(name="as_it_is", format=fmt)

    choice = choose((replace(made, recipe=recipe),))

    assert choice.file == f"model.{fmt}"
    assert choice.reason.startswith(reason)


def test_the_fastest_is_the_one_with_the_lowest_median() -> None:
    chosen = fastest_of(_comparison((900, 1000, 1100), (90, 100, 110)), BOTH)

    assert chosen is not None
    assert chosen.file == "model.tflite"


def test_nothing_is_fastest_where_the_intervals_overlap() -> None:
    assert fastest_of(_comparison((90, 100, 110), (85, 99, 120)), BOTH) is None


def test_the_reason_holds_no_figure_of_the_run() -> None:
    slow = fastest_of(_comparison((900, 1000, 1100), (90, 100, 110)), BOTH)
    fast = fastest_of(_comparison((9000, 9100, 9200), (80, 81, 82)), BOTH)

    assert slow == fast
