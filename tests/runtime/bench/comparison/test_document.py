"""A comparison as JSON: what it holds, that it can be read back, and what is refused."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest

from edgesmith_runtime.bench.comparison import Comparison
from edgesmith_runtime.bench.comparison.document import BENCH_FORMAT
from edgesmith_runtime.bench.conditions import Conditions
from edgesmith_runtime.bench.phases import Phase, Setting
from edgesmith_runtime.bench.plan import Plan
from edgesmith_runtime.bench.subject import CallStyle, Subject, SubjectKind
from edgesmith_runtime.errors import InputError
from edgesmith_runtime.manifest import Score
from edgesmith_runtime.settings import Engine, EngineSettings, Layout

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RAW = Setting(Phase.RAW)
FIGURE_KEYS = {
    "latency_us_p50",
    "latency_us_p50_low",
    "latency_us_p50_high",
    "latency_us_p90",
    "throughput_per_s",
}


def _members(comparison: Comparison) -> dict[str, Any]:
    return json.loads(json.dumps(comparison.to_json(), allow_nan=False))


@pytest.fixture
def document(made_up_comparison: Comparison) -> dict[str, Any]:
    return _members(made_up_comparison)


def test_json_holds_every_sample_and_every_figure(document: dict[str, Any]) -> None:
    artifact = document["subjects"][0]

    assert artifact["rounds"][1]["series"]["steady:32"]["latencies_ns"] == [100_000] * 60
    assert artifact["rounds"][1]["series"]["steady:32"]["n_warmup"] == 10
    assert artifact["batches"]["1"] == {
        "latency_us_p50": 10.0,
        "latency_us_p50_low": 10.0,
        "latency_us_p50_high": 10.0,
        "latency_us_p90": 10.0,
        "throughput_per_s": 100_000.0,
        "drift": 0.0,
        "times_faster": {"predict": {"value": 4000.0, "low": 4000.0, "high": 4000.0}},
    }
    left_out = ("batches", "rounds", "settings")
    assert {key: artifact[key] for key in artifact if key not in left_out} == {
        "name": "model.onnx",
        "kind": "artifact",
        "style": None,
        "engine": None,
        "setup": None,
        "problem": None,
        "size_bytes": 81_234,
        "score": None,
        "import_ms": 65.0,
        "load_ms": 6.0,
        "first_call_ms": 0.6,
        "peak_memory_bytes": 57_000_000.0,
    }


def test_json_has_the_figures_of_every_setting(
    scattered_comparison: Callable[..., Comparison],
    scattered_subject: Callable[..., Subject],
) -> None:
    comparison = scattered_comparison(
        scattered_subject(100.0, settings=(RAW,), n_calls=2000),
        scattered_subject(50.0, settings=(RAW,), name="small.onnx", seed=1),
    )

    baseline, small = (one["settings"]["raw:1"] for one in _members(comparison)["subjects"])

    assert baseline["n_calls"] == 10_000
    assert baseline["latency_us_p99"] > baseline["latency_us_p95"] > baseline["latency_us_p90"]
    assert baseline["cpu_us"] == pytest.approx(120, rel=0.02)
    assert baseline["memory_bytes"] == 60_000_000
    assert baseline["stages_us"]["decode"] == pytest.approx(70, rel=0.02)
    assert baseline["ratio"] is None
    assert small["ratio"]["value"] == pytest.approx(0.5, rel=0.03)


def test_json_says_where_and_how_it_was_measured(document: dict[str, Any]) -> None:
    assert document["bench"] == BENCH_FORMAT
    assert (document["bundle"], document["identity"]) == ("digits", "0" * 64)
    assert document["baseline"] == "model.onnx"
    assert document["host"]["cpu"] == "Some CPU"
    assert document["versions"] == {"keras": "3.15.1"}
    assert document["plan"]["n_rounds"] == 2
    assert document["n_threads"] == 2
    assert document["load"] == {"start": 0.1, "end": 1.5}
    assert document["conditions"]["start"]["governor"] is None
    assert document["noise"] == []


def test_json_of_a_failed_subject_has_its_reason_and_no_guess(
    document: dict[str, Any],
) -> None:
    failed = document["subjects"][1]

    assert failed["problem"] == "TFLite needs an extra"
    assert failed["batches"] == {"1": None, "32": None}
    assert (failed["settings"], failed["rounds"], failed["load_ms"]) == ({}, [], None)


def test_a_comparison_survives_json(
    scattered_comparison: Callable[..., Comparison],
    scattered_subject: Callable[..., Subject],
) -> None:
    settings = (Setting(Phase.STEADY, 4), RAW, Setting(Phase.IDLE, 0.5))
    original = scattered_comparison(
        dataclasses.replace(
            scattered_subject(100.0, settings=settings),
            engine=Engine.OPENVINO,
            score=Score(metric="accuracy", value=0.9, low=0.8, high=0.95, n_samples=100),
        ),
        scattered_subject(9.0, name="keras call", kind=SubjectKind.KERAS, style=CallStyle.CALL),
        Subject(name="model.tflite", size_bytes=5, problem="no engine"),
        dataclasses.replace(
            scattered_subject(90.0, name="model.onnx as tuned", kind=SubjectKind.TUNED),
            setup=EngineSettings(
                engine=Engine.ONNXRUNTIME, n_threads=2, spins=False, layout=Layout.PLAIN
            ),
        ),
        plan=Plan(phases=tuple(Phase), idle_s=(0.5,)),
        conditions_start=Conditions(governor="performance", n_throttled=1),
    )

    copy = Comparison.from_json(_members(original))

    assert copy == original
    assert copy.table() == original.table()


def test_a_file_is_read(made_up_comparison: Comparison, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(made_up_comparison.to_json()))

    assert Comparison.read(path) == made_up_comparison


def test_members_of_a_later_version_are_left_out(
    document: dict[str, Any], made_up_comparison: Comparison
) -> None:
    document["weather"] = "fine"
    document["host"]["colour"] = "grey"
    document["plan"]["patience"] = 3

    assert Comparison.from_json(document) == made_up_comparison


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not JSON, or only a part of it: Expecting value"),
        (b'{"bench": 1, "bundle": "dig', "not JSON, or only a part of it: Unterminated string"),
        (b'{"bench": NaN}', "not JSON, or only a part of it: NaN is no number of JSON"),
        (b"\xff\xfe\x00", "not JSON, or only a part of it: 'utf-"),
        (b"[" * 100_000, "not JSON, or only a part of it: "),
        (b"[1]", "not a bench document: expected an object with the key 'bench'"),
        (
            b'{"name": "digits"}',
            "not a bench document: expected an object with the key 'bench'",
        ),
        (
            b'{"bench": 2}',
            "bench: expected format 1, got 2; read it with the version of edgesmith that wrote it",
        ),
        (
            b'{"bench": true}',
            "bench: expected format 1, got True; read it with the version of edgesmith that wrote",
        ),
        (
            b'{"bench": 1}',
            "a bench document without 'host': another version of edgesmith wrote it, or a part "
            "was lost; measure again with 'edgesmith bench BUNDLE --json FILE'",
        ),
    ],
)
def test_anything_else_is_refused_in_one_line(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)

    with pytest.raises(InputError) as caught:
        Comparison.read(path)

    assert str(caught.value).startswith(f"{path}: {message}")
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a\.json: No such file or directory; expected what"):
        Comparison.read(tmp_path / "a.json")


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("plan", "n_rounds"), "many", "damaged: "),
        (("plan", "phases"), ["dreaming"], "damaged: 'dreaming' is not a valid Phase"),
        (("baseline",), "b.onnx", "damaged: baseline: expected a subject, got 'b.onnx'"),
        (("subjects",), [], "damaged: subjects: expected at least one, got none"),
        (("subjects", 0, "kind"), "thing", "damaged: 'thing' is not a valid SubjectKind"),
        (
            ("subjects", 0, "rounds", 0, "series", "steady:1", "latencies_ns"),
            [1, "2"],
            "damaged: subjects[0].rounds[0].series.steady:1.latencies_ns[1]: expected a whole ",
        ),
        (("subjects", 0, "rounds", 0, "series"), [], "damaged: "),
        (("host",), {"cpu": "Some CPU"}, "a bench document without 'n_cpus': another version"),
        (("subjects", 0), {"name": "a"}, "a bench document without 'style': another version"),
    ],
)
def test_a_damaged_document_is_refused(
    document: dict[str, Any], path: tuple[str | int, ...], value: object, message: str
) -> None:
    place: Any = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value

    with pytest.raises(InputError) as caught:
        Comparison.from_json(document)

    assert message in str(caught.value)
