"""``edgesmith compare`` as CI calls it."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest

from edgesmith.cli import run
from edgesmith_runtime.bench import (
    Comparison,
    Load,
    Phase,
    Plan,
    Round,
    Series,
    Setting,
    Subject,
)
from edgesmith_runtime.host import this_host
from edgesmith_runtime.latency import Measurement

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Write = Callable[..., Path]


def _comparison(latency_us: int) -> Comparison:
    host = this_host()
    rounds = [
        Round(
            import_ns=65_000_000,
            load_ns=6_000_000,
            first_call_ns=500_000,
            peak_memory_bytes=57_000_000,
            series={
                Setting(Phase.STEADY): Series(
                    measurement=Measurement(
                        latencies_ns=tuple(
                            latency_us * (1000 + 5 * index + call % 20) for call in range(60)
                        ),
                        n_warmup=5,
                        host=host,
                    )
                )
            },
        )
        for index in range(5)
    ]
    return Comparison(
        bundle="digits",
        identity="0" * 64,
        host=host,
        versions={},
        plan=Plan(batches=(1,)),
        n_threads=1,
        n_available_threads=2,
        load=Load(start=0.1, end=0.2),
        subjects=(Subject(name="model.onnx", size_bytes=900, rounds=tuple(rounds)),),
    )


@pytest.fixture(scope="module")
def documents() -> dict[int, dict[str, Any]]:
    return {us: json.loads(json.dumps(_comparison(us).to_json())) for us in (100, 120)}


@pytest.fixture
def write(tmp_path: Path, documents: dict[int, dict[str, Any]]) -> Write:
    """A document of a latency in us, on a host that may differ, as a file."""

    def make(name: str, latency_us: int, **host: object) -> Path:
        members = copy.deepcopy(documents[latency_us])
        members["host"] |= host
        path = tmp_path / name
        path.write_text(json.dumps(members))
        return path

    return make


def test_without_a_limit_a_slowdown_is_shown_and_no_failure(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(["compare", str(write("a.json", 100)), str(write("b.json", 120))])

    shown = capsys.readouterr()
    assert code == 0
    assert "p50, batch 1" in shown.out
    assert "1.200 [" in shown.out
    assert shown.err == ""


def test_a_regression_beyond_noise_fails(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["compare", str(write("a.json", 100)), str(write("b.json", 120))]

    failed = run([*words, "--fail-if", "p50 > 1.05", "--fail-if", "size > 1"])
    failed_out = capsys.readouterr().out
    passed = run([*words, "--fail-if", "p50 > 1.25"])

    assert (failed, passed) == (1, 0)
    assert "FAILED p50 > 1.05: model.onnx, batch 1: 1.200 [" in failed_out
    assert "passed size > 1: nowhere beyond noise" in failed_out


def test_json_is_one_object(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["compare", str(write("a.json", 100)), str(write("b.json", 120)), "--json"]

    code = run([*words, "--fail-if", "p50 > 1.05"])

    said = json.loads(capsys.readouterr().out)
    assert code == 1
    (broken,) = said["broken"]
    assert (broken["limit"], broken["setting"]) == ("p50 > 1.05", "steady:1")
    assert broken["ratio"]["low"] > 1.05
    assert {one["metric"] for one in said["changes"]} == {
        "p50",
        "import",
        "load",
        "first_call",
        "memory",
        "size",
    }


def test_unlike_hosts_are_refused_unless_forced(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    first = write("a.json", 100, cpu="Some CPU")
    second = write("b.json", 120, cpu="Other CPU", onnxruntime="9.9")

    refused = run(["compare", str(first), str(second)])
    error = capsys.readouterr().err
    forced = run(["compare", str(first), str(second), "--force"])

    assert (refused, forced) == (2, 0)
    assert error.startswith(
        f"error: {first} and {second} were measured on unlike hosts, whose times tell nothing of "
        "the model: CPU: Some CPU and Other CPU; onnxruntime: "
    )
    assert error.endswith("measure both on one host, or compare them with --force\n")
    assert "differs: CPU: Some CPU and Other CPU" in capsys.readouterr().out


def test_a_bad_expression_is_answered_with_the_grammar(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(write("a.json", 100))

    assert run(["compare", path, path, "--fail-if", "p51 > 1"]) == 2
    assert capsys.readouterr().err.startswith(
        "error: --fail-if: expected METRIC OP NUMBER such as 'p50 > 1.05'"
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"bench": 1, "bund', "not JSON, or only a part of it"),
        ('{"format": "1.0"}', "not a bench document"),
        ('{"bench": 7}', "bench: expected format 1, got 7"),
    ],
)
def test_a_file_that_is_no_bench_document_is_named(
    write: Write,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    content: str,
    message: str,
) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text(content)

    code = run(["compare", str(write("a.json", 100)), str(bad)])

    error = capsys.readouterr().err
    assert code == 2
    assert error.startswith(f"error: {bad}: {message}")
    assert error.count("\n") == 1


def test_a_setting_that_is_not_there_is_refused(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(write("a.json", 100))

    assert run(["compare", path, path, "--setting", "raw"]) == 2
    assert "--setting: expected one that both documents have (steady:1)" in (
        capsys.readouterr().err
    )


def _break(path: Path, change: Callable[[dict[str, Any]], None]) -> str:
    members = json.loads(path.read_text())
    change(members)
    path.write_text(json.dumps(members))
    return str(path)


def test_a_subject_that_fails_in_the_second_document_fails_without_a_limit(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(members: dict[str, Any]) -> None:
        members["subjects"][0] |= {"rounds": [], "problem": "answers differ"}

    words = [
        "compare",
        str(write("a.json", 100)),
        _break(write("b.json", 100), fail),
    ]

    assert run(words) == 1
    out = capsys.readouterr().out
    assert "not compared: model.onnx: failed in the second document: answers differ" in out
    assert "FAILED: model.onnx: failed in the second document: answers differ" in out


def test_a_setting_that_fails_in_all_rounds_fails_with_a_limit(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(members: dict[str, Any]) -> None:
        for one in members["subjects"][0]["rounds"]:
            one |= {"series": {}, "failures": {"steady:1": "boom"}}

    words = [
        "compare",
        str(write("a.json", 100)),
        _break(write("b.json", 100), fail),
    ]

    told, failed = run(words), run([*words, "--fail-if", "p50 > 1.05", "--json"])

    out, _, answer = capsys.readouterr().out.partition("{")
    assert (told, failed) == (0, 1)
    assert "not compared: model.onnx, batch 1: failed in the second document: boom" in out
    assert json.loads("{" + answer)["not_compared"] == [
        {
            "subject": "model.onnx",
            "metric": None,
            "setting": "steady:1",
            "reason": "failed in the second document: boom",
        }
    ]


@pytest.mark.parametrize("value", ["x", 0, -1, 10**30, None])
def test_a_damaged_latency_is_an_input_error(
    write: Write, capsys: pytest.CaptureFixture[str], value: object
) -> None:
    def damage(members: dict[str, Any]) -> None:
        series = members["subjects"][0]["rounds"][0]["series"]["steady:1"]
        series["latencies_ns"][0] = value

    bad = _break(write("b.json", 100), damage)

    code = run(["compare", str(write("a.json", 100)), bad])

    error = capsys.readouterr().err
    assert code == 2
    assert error.startswith(
        f"error: {bad}: a bench document that is damaged: subjects[0].rounds"
    )
    assert error.count("\n") == 1


def test_two_rounds_are_no_failure_and_no_interval(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    def slow(members: dict[str, Any]) -> None:
        rounds = members["subjects"][0]["rounds"][:2]
        for one in rounds:
            one["load_ns"] = 60_000_000
        members["subjects"][0]["rounds"] = rounds

    words = [
        "compare",
        str(write("a.json", 100)),
        _break(write("b.json", 100), slow),
        "--fail-if",
        "load > 1.5",
    ]

    codes = run(words), run([*words, "--json"])

    out, _, answer = capsys.readouterr().out.partition("{")
    assert codes == (0, 0)
    assert "unclear load > 1.5: model.onnx: 10.000, of fewer than 3 rounds" in out
    (unclear,) = json.loads("{" + answer)["unclear"]
    assert unclear["ratio"] == {"value": 10.0, "low": None, "high": None}
