from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgesmith.profiling.exchange import ProfileReply, ProfileRequest
from edgesmith.profiling.worker import main, profiled

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def _request(bundle: Path, file: str) -> ProfileRequest:
    return ProfileRequest(bundle=str(bundle), file=file, n_threads=1, n_blocks=3, seconds=0.1)


@pytest.mark.parametrize("file", ["model.onnx", "model.tflite"])
def test_the_layer_with_the_most_products_takes_the_most_time(
    planted_bundle: Callable[..., Path], file: str
) -> None:
    reply = profiled(_request(planted_bundle(golden=True), file))

    taken = [np.median(reply.times[f"op:{index}"]) for index in range(len(reply.ops))]
    slowest = reply.ops[int(np.argmax(taken))]
    assert any("/huge" in clue for clue in slowest.clues[:2])
    assert max(taken) > sum(taken) / 2  # it has 99 % of the products
    assert reply.steps == (("tensor", "x"),)
    assert {"predict", "prepare", "run_after", "answer", "step:0"} < set(reply.times)
    assert all(len(blocks) == 3 for blocks in reply.times.values())
    assert reply.notes == ()


def test_without_golden_samples_there_are_layers_alone(
    planted_bundle: Callable[..., Path],
) -> None:
    reply = profiled(_request(planted_bundle(golden=False), "model.onnx"))

    assert reply.notes == (
        "the bundle has no golden samples: layers alone, on made-up numbers, and no transform",
    )
    assert reply.steps == ()
    assert "predict" not in reply.times
    assert "op:0" in reply.times


def test_what_cannot_be_loaded_is_a_problem(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "no.edge"
    question = _request(path, "model.onnx").to_json()

    main(question)

    said = capsys.readouterr().out
    assert json.loads(said)["ops"] == []
    assert str(ProfileReply.from_json(said).problem).startswith(f"{path}: no such file")
