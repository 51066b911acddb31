from __future__ import annotations

import io

from edgesmith.cli.progress import LineProgress
from edgesmith.steps import Steps


def test_steps_are_counted_and_the_bar_ends() -> None:
    stream = io.StringIO()
    steps = Steps(LineProgress(stream, clock_ns=lambda: 0), "Measuring")

    for n_done in range(3):
        steps(n_done, 3, "model.onnx")
    assert stream.getvalue() == ""
    steps.close()

    assert stream.getvalue() == "Measuring: 3 of 3 in 0.0 s\n"


def test_steps_that_never_began_say_nothing() -> None:
    stream = io.StringIO()

    Steps(LineProgress(stream, clock_ns=lambda: 0), "Measuring").close()

    assert stream.getvalue() == ""
