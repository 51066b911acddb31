"""What a large input took is given back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edgesmith_runtime.runners.memory import LARGE_BYTES, differs_much, is_much_less

if TYPE_CHECKING:
    from edgesmith_runtime.bundle import Artifact

MB = 1 << 20


@pytest.mark.parametrize(
    ("n_bytes", "before", "expected"),
    [
        (100, 10 * MB, True),
        (2 * MB, 10 * MB, True),
        (3 * MB, 10 * MB, False),
        (10 * MB, 10 * MB, False),
        (10 * MB, 100, False),
        (0, LARGE_BYTES, False),
        (0, LARGE_BYTES + 1, True),
    ],
)
def test_memory_lies_idle_after_inputs_much_larger(
    n_bytes: int, before: int, *, expected: bool
) -> None:
    assert is_much_less(n_bytes, before) == expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [(100, 10 * MB, True), (3 * MB, 10 * MB, False), (100, 100_000, False)],
)
def test_inputs_differ_much_in_both_directions(one: int, other: int, *, expected: bool) -> None:
    assert differs_much(one, other) == expected
    assert differs_much(other, one) == expected


ONE_LARGE_INPUT = """
import os, sys
import numpy as np
from edgesmith_runtime import Artifact, Format, Precision, Signature, TensorSpec, open_runner

file, pattern = sys.argv[1:]
signature = Signature(
    (TensorSpec("features", "float32", ("batch", 4)),),
    (TensorSpec("probabilities", "float32", ("batch", 3)),),
)
artifact = Artifact(file="model", format=Format(file.rpartition(".")[2]), precision=Precision.FLOAT32,
                    version=18, signature=signature, content=open(file, "rb").read())
runner = open_runner(artifact, n_threads=1)

def rss_mb():
    return int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

def run(n_rows):
    runner.run({"features": np.ones((n_rows, 4), np.float32)})

for _ in range(3):
    run(100)
before = rss_mb()
for size in pattern:
    run({"s": 100, "L": 4_000_000}[size])
print(rss_mb() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")
@pytest.mark.parametrize("pattern", ["Ls", "LLs", "LsLLLs"])
def test_memory_of_large_inputs_is_given_back(
    artifact: Artifact, tmp_path: Path, pattern: str
) -> None:
    file = tmp_path / f"model.{artifact.format}"
    file.write_bytes(artifact.content)

    shown = subprocess.run(
        [sys.executable, "-c", ONE_LARGE_INPUT, str(file), pattern],
        capture_output=True,
        text=True,
        check=True,
    )

    assert float(shown.stdout) < 20  # MB; 64 come in and some 100 are in between
