"""``edgesmith-runtime bench`` as a user sees it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.mark.slow
def test_bench_prints_a_table_and_json(
    run: Callable[..., tuple[int, str, str]], tiny_bundle_path: Path
) -> None:
    code, out, err = run("bench", tiny_bundle_path, "--rounds", 1, "--threads", 1)

    assert code == 0
    assert "model.onnx" in out
    assert "raw input: where it goes" in out
    assert "1 of 1" in err

    code, out, _ = run(
        "bench", tiny_bundle_path, "--rounds", 1, "--batch", "2", "--phases", "steady", "--json"
    )

    assert code == 0
    (subject,) = json.loads(out)["subjects"]
    assert (subject["name"], set(subject["settings"])) == ("model.onnx", {"steady:2"})


def test_a_wrong_word_is_told(
    run: Callable[..., tuple[int, str, str]], tiny_bundle_path: Path
) -> None:
    code, _, err = run("bench", tiny_bundle_path, "--phases", "warm")

    assert code == 2
    assert err.startswith("error: --phases: expected all, or some of steady, raw, idle")
