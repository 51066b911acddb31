"""What is unlike between an app and a bench is said by name, the app's first."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

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


def test_hosts(app: Callable[..., Recording], lab: Callable[..., Comparison]) -> None:
    comparison = lab()
    other = dataclasses.replace(comparison.host, onnxruntime=None, n_cpus=8)

    found = host_differences(app(host=other), comparison)

    assert found == ["n_cpus: 8 against 4", "onnxruntime: unknown against 1.32.0"]
