from __future__ import annotations

from typing import Any

import numpy as np

from edgesmith.fusing.hard_series import hard_values
from edgesmith_runtime.manifest import Step
from edgesmith_runtime.transforms import Transform, make_op

READ = Step(op="read_series", inputs=("series",), outputs=("points",), params={})
DOUBLE = Step(
    op="scale", inputs=("points",), outputs=("x",), params={"offset": [0.0], "scale": [0.5]}
)
LEFT = Step(
    op="scale", inputs=("points",), outputs=("left",), params={"offset": [4.0], "scale": [-1.0]}
)
LOGS = Step(op="box_cox", inputs=("left",), outputs=("x",), params={"powers": [0.0]})


def _hard(*steps: Step, raw: dict[str, Any]) -> dict[str, Any]:
    examples = Transform(steps, tuple(raw))(raw)
    ops = [make_op(step, step.op) for step in steps]
    return hard_values(steps, ops, examples, start=1, crossing=steps[0].outputs)


def test_a_stuck_series_and_one_far_off_follow_the_last_steps() -> None:
    hard = _hard(READ, DOUBLE, raw={"series": [[1.0, 3.0, 2.0], [0.0, 0.0, 0.0]]})

    assert hard["points"][..., 0].tolist() == [[2.0, 2.0, 2.0], [201.0, 203.0, 202.0]]
    assert hard["x"][..., 0].tolist() == [[4.0, 4.0, 4.0], [402.0, 406.0, 404.0]]


def test_missing_points_stay_missing_in_the_one_far_off() -> None:
    hard = _hard(READ, DOUBLE, raw={"series": [[1.0, None, 3.0]]})

    np.testing.assert_array_equal(hard["points"][0, :, 0], [2.0, 2.0, 2.0])
    np.testing.assert_array_equal(hard["points"][1, :, 0], [201.0, np.nan, 203.0])


def test_values_that_are_no_series_give_none() -> None:
    taking = Step(
        op="tensor",
        inputs=("series",),
        outputs=("points",),
        params={"dtype": "float32", "shape": [3, 1]},
    )

    assert _hard(taking, DOUBLE, raw={"series": np.zeros((2, 3, 1), np.float32)}) == {}


def test_series_that_the_host_refuses_itself_give_none() -> None:
    assert _hard(READ, LEFT, LOGS, raw={"series": [[1.0, 2.0]]}) == {}
