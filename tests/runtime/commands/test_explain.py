"""``edgesmith-runtime explain`` on a real recording and a real bench."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

import edgesmith_runtime as er
from edgesmith_runtime.bench import Plan, compare
from edgesmith_runtime.bench.phases import Phase

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., tuple[int, str, str]]

X = np.array([0.5, -1.0, 0.25, 2.0], np.float32)


@pytest.fixture(scope="module")
def files(tiny_bundle_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``lab.json``, and ``app.json`` of an app that awaits two hundred calls at once."""
    folder = tmp_path_factory.mktemp("explain")
    plan = Plan(
        n_rounds=1,
        n_threads=1,
        batches=(1,),
        phases=(Phase.STEADY, Phase.RAW),
        max_seconds=0.01,
        min_calls=20,
        max_calls=40,
    )
    lab = compare(tiny_bundle_path, plan=plan)
    (folder / "lab.json").write_text(json.dumps(lab.to_json()))
    model = er.load(tiny_bundle_path, n_threads=1)

    async def ask() -> None:
        await asyncio.gather(*(model.predict_async(X) for _ in range(200)))

    with model.record() as recorder:
        asyncio.run(ask())
    recorder.recording().save(folder / "app.json")
    return folder


def test_an_app_that_asks_for_all_at_once_is_told_that_it_queues(files: Path, run: Run) -> None:
    code, shown, errors = run("explain", files / "app.json", files / "lab.json")

    assert (code, errors) == (0, "")
    assert " of it is queueing: " in shown
    assert shown.splitlines()[3].startswith("queueing ")


def test_json_is_the_same_finding(files: Path, run: Run) -> None:
    code, shown, _ = run("explain", files / "app.json", files / "lab.json", "--json")

    assert code == 0
    assert json.loads(shown)["main"] == "queueing"


def test_files_in_the_wrong_order_are_named(files: Path, run: Run) -> None:
    code, shown, errors = run("explain", files / "lab.json", files / "app.json")

    assert (code, shown) == (2, "")
    assert errors.startswith(f"error: {files / 'lab.json'}: expected a recording")
