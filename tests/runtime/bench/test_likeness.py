"""Which differences between two hosts make their times incomparable."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from edgesmith_runtime.bench.conditions import Conditions
from edgesmith_runtime.bench.likeness import circumstances_told, unlike

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith_runtime.bench.comparison import Comparison


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
