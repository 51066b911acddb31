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
