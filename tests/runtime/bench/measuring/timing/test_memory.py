"""The peak of a process is its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

ASK = "from edgesmith_runtime.bench.measuring.timing.memory import peak_memory_bytes as peak; "


def _ask(code: str) -> int:
    answer = subprocess.run(
        [sys.executable, "-c", ASK + code], capture_output=True, text=True, check=True
    )
    return int(answer.stdout)


def test_the_peak_stays_when_the_memory_is_given_back() -> None:
    grown = _ask(
        "before = peak(); big = bytearray(b'x') * (96 << 20); del big; print(peak() - before)"
    )

    assert grown > 90 << 20


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux hands the peak over")
def test_the_peak_is_not_that_of_the_process_that_started_it() -> None:
    ours = bytearray(b"x") * (256 << 20)

    theirs = _ask("print(peak())")

    assert theirs < len(ours)
