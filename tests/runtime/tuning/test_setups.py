"""Few setups, and none that an engine does not heed."""

from __future__ import annotations

import dataclasses
import sys
from typing import TYPE_CHECKING

import pytest

from edgesmith_runtime.settings import Engine, Layout
from edgesmith_runtime.spec import Format
from edgesmith_runtime.tuning.setups import (
    absence,
    can_end_runs,
    setups_of,
    thread_counts,
)

if TYPE_CHECKING:
    from edgesmith_runtime.manifest import Manifest


@pytest.mark.parametrize(
    ("most", "expected"),
    [
        (1, (1,)),
        (2, (1, 2)),
        (3, (1, 2, 3)),
        (8, (1, 2, 4, 8)),
        (64, (1, 2, 4, 8, 64)),
    ],
)
def test_few_thread_counts_up_to_all(most: int, expected: tuple[int, ...]) -> None:
    assert thread_counts(most) == expected


def test_onnx_is_tried_in_every_way_that_its_engines_heed(tiny_manifest: Manifest) -> None:
    found = setups_of(tiny_manifest.artifacts[0], most_threads=2)

    settings = [setup.settings for setup in found]
    assert len(set(found)) == len(found) == 8
    onnxruntime = [one for one in settings if one.engine is Engine.ONNXRUNTIME]
    assert {(one.n_threads, one.spins, one.layout) for one in onnxruntime} == {
        *((1, True, layout) for layout in Layout),
        *((2, spins, layout) for spins in (True, False) for layout in Layout),
    }
    openvino = [one for one in settings if one.engine is Engine.OPENVINO]
    assert [one.n_threads for one in openvino] == [1, 2]


def test_tflite_is_tried_by_threads_alone(tiny_manifest: Manifest) -> None:
    entry = dataclasses.replace(
        tiny_manifest.artifacts[0], file="model.tflite", format=Format.TFLITE
    )

    found = setups_of(entry, most_threads=2)

    assert [str(setup) for setup in found] == [
        "model.tflite with litert, 1 thread",
        "model.tflite with litert, 2 threads",
    ]


@pytest.mark.parametrize(
    ("engine", "module", "cure"),
    [
        (Engine.ONNXRUNTIME, "onnxruntime", "pip install onnxruntime"),
        (Engine.LITERT, "ai_edge_litert", "pip install 'edgesmith-runtime[tflite]'"),
        (Engine.OPENVINO, "openvino", "pip install 'edgesmith-runtime[openvino]'"),
    ],
    ids=["onnxruntime", "litert", "openvino"],
)
def test_an_engine_that_is_not_installed_says_how_to_install_it(
    engine: Engine, module: str, cure: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)

    assert (absence(engine) or "").endswith(f"is not installed: {cure}")


def test_an_engine_that_is_installed_is_not_absent() -> None:
    assert absence(Engine.ONNXRUNTIME) is None


def test_litert_alone_cannot_end_a_run() -> None:
    assert [engine for engine in Engine if not can_end_runs(engine)] == [Engine.LITERT]
