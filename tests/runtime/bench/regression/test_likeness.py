"""Which differences between two hosts make their times incomparable."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from edgesmith_runtime.bench.conditions import Conditions
from edgesmith_runtime.bench.regression.likeness import circumstances_told, unlike
from edgesmith_runtime.bench.subject import SubjectKind
from edgesmith_runtime.settings import Engine, EngineSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith_runtime.bench.comparison import Comparison
    from edgesmith_runtime.bench.subject import Subject


def test_one_host_is_like_itself(scattered_comparison: Callable[..., Comparison]) -> None:
    assert unlike(scattered_comparison(), scattered_comparison()) == ()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"cpu": "Other CPU"}, "CPU: Some CPU and Other CPU"),
        ({"flags": "avx2"}, "instruction sets: none and avx2"),
        ({"n_cpus": 8}, "processors: 4 and 8"),
        ({"n_cpus_affinity": 1}, "processors that may be used: 4 and 1"),
        ({"cpu_quota": 1.5}, "quota: none and 1.5"),
        ({"onnxruntime": "1.33.0"}, "onnxruntime: 1.32.0 and 1.33.0"),
    ],
)
def test_what_differs_between_hosts_is_said(
    scattered_comparison: Callable[..., Comparison], changed: dict[str, object], said: str
) -> None:
    first = scattered_comparison()
    second = scattered_comparison(host=dataclasses.replace(first.host, **changed))

    assert unlike(first, second) == (said,)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"n_threads": 2}, "threads: 1 and 2"),
        ({"versions": {"openvino": "2026.4"}}, "openvino: none and 2026.4"),
        (
            {"conditions_start": Conditions(governor="powersave")},
            "governor: none and powersave",
        ),
    ],
)
def test_what_differs_between_runs_is_said(
    scattered_comparison: Callable[..., Comparison], changed: dict[str, object], said: str
) -> None:
    assert unlike(scattered_comparison(), scattered_comparison(**changed)) == (said,)


def test_a_newer_python_is_told_and_no_reason_to_refuse(
    scattered_comparison: Callable[..., Comparison],
) -> None:
    first = scattered_comparison()
    second = scattered_comparison(host=dataclasses.replace(first.host, python="3.12.1"))

    assert unlike(first, second) == ()
    assert circumstances_told(first, second) == ("Python: 3.11.7 and 3.12.1",)


def test_another_choice_of_tune_is_told(
    scattered_comparison: Callable[..., Comparison],
    scattered_subject: Callable[..., Subject],
) -> None:
    def tuned(n_threads: int) -> Comparison:
        subject = scattered_subject(9.0, name="model.onnx as tuned", kind=SubjectKind.TUNED)
        setup = EngineSettings(engine=Engine.LITERT, n_threads=n_threads)
        return scattered_comparison(dataclasses.replace(subject, setup=setup))

    assert circumstances_told(tuned(1), tuned(2)) == (
        "model.onnx as tuned: litert, 1 thread and litert, 2 threads",
    )


def _keras(subject: Subject) -> Subject:
    return dataclasses.replace(subject, name="keras call", kind=SubjectKind.KERAS)


def test_the_version_of_what_only_one_document_measured_does_not_matter(
    scattered_comparison: Callable[..., Comparison],
    scattered_subject: Callable[..., Subject],
) -> None:
    own = scattered_subject(9.0)
    versions = {"keras": "3.15.1", "tensorflow": "2.21.0"}
    with_keras = scattered_comparison(own, _keras(own), versions=versions)

    assert unlike(with_keras, scattered_comparison(own)) == ()
    assert unlike(scattered_comparison(own), with_keras) == ()


def test_the_version_of_what_both_measured_matters(
    scattered_comparison: Callable[..., Comparison],
    scattered_subject: Callable[..., Subject],
) -> None:
    own = scattered_subject(9.0)
    older, newer = (
        scattered_comparison(own, _keras(own), versions={"keras": version})
        for version in ("3.14.0", "3.15.1")
    )

    assert unlike(older, newer) == ("keras: 3.14.0 and 3.15.1",)


def test_an_engine_that_ran_nothing_does_not_matter(
    scattered_comparison: Callable[..., Comparison],
    scattered_subject: Callable[..., Subject],
) -> None:
    own = dataclasses.replace(scattered_subject(9.0), engine=Engine.ONNXRUNTIME)
    first = scattered_comparison(own)
    host = dataclasses.replace(first.host, ai_edge_litert="2.2.0")

    assert unlike(first, scattered_comparison(own, host=host)) == ()
    other = scattered_comparison(own, host=dataclasses.replace(host, onnxruntime="1.33.0"))
    assert unlike(first, other) == ("onnxruntime: 1.32.0 and 1.33.0",)
