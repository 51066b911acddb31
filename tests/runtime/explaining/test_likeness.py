"""What is unlike between an app and a bench is said by name, the app's first."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

from edgesmith_runtime.explaining.likeness import host_differences, settings_differences
from edgesmith_runtime.settings import Engine, EngineSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith_runtime.bench.comparison import Comparison
    from edgesmith_runtime.recorded import Recording


@pytest.mark.parametrize(
    ("settings", "differences"),
    [
        (None, []),
        (EngineSettings(engine=Engine.ONNXRUNTIME, n_threads=1), []),
        (
            EngineSettings(engine=Engine.OPENVINO, n_threads=2),
            ["the engine openvino against onnxruntime", "n_threads 2 against 1"],
        ),
        (
            EngineSettings(engine=Engine.ONNXRUNTIME, n_threads=2, is_pooled=True, spins=False),
            [
                "n_threads 2 against 1",
                "threads of a shared pool against its own",
                "threads that sleep against ones that spin",
            ],
        ),
    ],
)
def test_settings(
    app: Callable[..., Recording],
    lab: Callable[..., Comparison],
    settings: EngineSettings | None,
    differences: list[str],
) -> None:
    comparison = lab()

    found = settings_differences(app(settings=settings), comparison, comparison.subjects[0])

    assert found == differences


@pytest.mark.parametrize(
    ("given", "differences"),
    [
        (
            {"cpu": "Another", "n_cpus": 8, "n_cpus_affinity": 2},
            [
                "CPU: Another against Some CPU",
                "processors: 8 against 4",
                "processors that may be used: 2 against 4",
            ],
        ),
        ({"cpu_quota": 1.5}, ["quota of processors: 1.5 against none"]),
        ({"onnxruntime": "1.30.0"}, ["onnxruntime: 1.30.0 against 1.32.0"]),
        # What took no part, is not known, or explains nothing.
        ({"onnxruntime": None, "cpu": ""}, []),
        ({"ai_edge_litert": "2.3.0"}, []),
        ({"memory_bytes": 4096, "numpy": "9.9", "python": "3.12.0", "os": "Linux 7"}, []),
    ],
)
def test_hosts(
    app: Callable[..., Recording],
    lab: Callable[..., Comparison],
    given: dict[str, Any],
    differences: list[str],
) -> None:
    comparison = lab()
    other = dataclasses.replace(comparison.host, **given)

    assert host_differences(app(host=other), comparison) == differences


def test_the_version_that_counts_is_that_of_the_engine_that_ran(
    app: Callable[..., Recording], lab: Callable[..., Comparison]
) -> None:
    settings = EngineSettings(engine=Engine.LITERT, n_threads=1)
    before = dataclasses.replace(lab().host, ai_edge_litert="2.2.0")
    after = dataclasses.replace(before, ai_edge_litert="2.3.0", onnxruntime="1.30.0")

    found = host_differences(app(host=after, settings=settings), lab(host=before))

    assert found == ["litert: 2.3.0 against 2.2.0"]
    assert host_differences(app(host=after, settings=None), lab(host=before)) == []
