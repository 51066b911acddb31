from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from edgesmith.profiling.exchange import PieceName, ProfileReply, agreed


def _reply(*ops: str, n_blocks: int = 2, first: float = 1.0) -> ProfileReply:
    keys = ["run", "engine", "whole", *(f"op:{place}" for place in range(len(ops)))]
    return ProfileReply(
        settings="litert, 1 thread",
        method="in turn",
        ops=tuple(PieceName(name=one, op="ADD", clues=(one, "x")) for one in ops),
        lost=("WHILE 'loop': no",),
        steps=(("scale", "x"),),
        times={key: [first + place] * n_blocks for place, key in enumerate(keys)},
        notes=("a note",),
    )


def test_a_reply_reads_back_what_it_wrote() -> None:
    reply = _reply("net/a")

    assert ProfileReply.from_json(reply.to_json()) == reply


def test_a_problem_needs_no_times() -> None:
    reply = ProfileReply(problem="broken")

    assert ProfileReply.from_json(reply.to_json()) == reply


@pytest.mark.parametrize(
    ("times", "message"),
    [
        ({"op:0": None}, "expected times of op:0, got none"),
        ({"run": [1.0]}, r"expected as many blocks of everything, got \[1, 2\]"),
        ({"run": [1.0, float("nan")]}, "expected finite times"),
        ({"predict": [1.0, 2.0]}, "expected times of answer, prepare, run_after, step:0"),
    ],
)
def test_an_odd_reply_is_refused(times: dict[str, Any], message: str) -> None:
    members = json.loads(_reply("net/a").to_json())
    members["times"] |= times
    members["times"] = {name: one for name, one in members["times"].items() if one is not None}

    with pytest.raises(ValueError, match=message):
        ProfileReply.from_json(json.dumps(members))


def test_an_operation_that_one_process_lost_is_lost() -> None:
    whole, part = _reply("a", "b", "c", n_blocks=3), _reply("a", "c", first=10.0)

    one, other = agreed([whole, part])

    assert [op.name for op in one.ops] == [op.name for op in other.ops] == ["a", "c"]
    assert one.lost == ("WHILE 'loop': no", "ADD 'b': did not run alone in every process")
    assert (one.times["op:1"], other.times["op:1"]) == ([6.0, 6.0], [14.0, 14.0])
    assert {len(blocks) for blocks in one.times.values()} == {2}


def test_operations_of_one_name_stay_apart() -> None:
    reply = _reply("a", "a")

    assert agreed([reply, dataclasses.replace(reply, lost=())])[0].times == reply.times
