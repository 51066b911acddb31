"""The process of a subject, in which the copy of an artifact takes a given share more time a call."""

from __future__ import annotations

import dataclasses
import os
import time
from typing import TYPE_CHECKING, Any

from edgesmith_runtime.bench.measuring.worker import main
from edgesmith_runtime.lifeline import read_question

if TYPE_CHECKING:
    from edgesmith_runtime.bench.measuring.lane import Lane

COPY = "copy.onnx"
SHARE = "EDGESMITH_BENCHMARK_SLOWER_BY"  # between this script and its parent alone


def slower(lane: Lane) -> Lane:
    if lane.name != COPY:
        return lane
    share = float(os.environ[SHARE])
    now_ns = time.perf_counter_ns

    def call(given: Any) -> Any:
        start_ns = now_ns()
        result = lane.call(given)
        until_ns = now_ns() + share * (now_ns() - start_ns)
        while now_ns() < until_ns:
            pass
        return result

    return dataclasses.replace(lane, call=call)


if __name__ == "__main__":
    main(read_question(), slower)
