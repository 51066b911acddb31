"""The text of a recording: calls, stages, percentiles as far as the calls support them, shares."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pytest

import edgesmith_runtime as er

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def recording(tiny_bundle_path: Path) -> er.Recording:
    model = er.load(tiny_bundle_path)
    x = np.zeros((1, 4), np.float32)
    with model.record(capacity=120) as recorder:
        for _ in range(130):
            model.run({"features": x})
    return recorder.recording()


def test_stages_of_a_millisecond_each_are_told_so(recording: er.Recording) -> None:
    even = dict.fromkeys(recording.stages_ns, np.full(120, 1_000_000, np.int64))
    whole = dataclasses.replace(
        recording, stages_ns=even, is_raw=np.ones(120, np.bool_), wall_ns=2_000_000_000
    )

    lines = str(whole).splitlines()

    assert lines[0] == "model.onnx of 'tiny': 120 calls in 2 s, the last of 130"
    assert lines[2] == "from raw inputs: 120 calls"
    assert lines[3].split() == ["stage,", "ms", "p50", "p90", "p99", "share"]
    assert lines[4].split() == ["wait", "1", "1", "-", "20%"]
    assert lines[-1].split() == ["total", "5", "5", "-", "100%"]


def test_stages_that_no_call_had_are_left_out(recording: er.Recording) -> None:
    lines = str(recording).splitlines()

    assert lines[2] == "run: 120 calls"
    assert [line.split()[0] for line in lines[4:]] == ["infer", "total"]
