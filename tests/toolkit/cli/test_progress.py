from __future__ import annotations

import io
from itertools import count

import pytest
from rich.console import Console

from edgesmith.cli.progress import LineProgress, RichProgress, progress_on


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def _lines(seconds_an_item: float) -> list[str]:
    stream = io.StringIO()
    ticks = count(0, int(seconds_an_item * 1e9))
    progress = LineProgress(stream, clock_ns=lambda: next(ticks))
    assert list(progress.track("abc", "Reading", total=3)) == ["a", "b", "c"]
    return stream.getvalue().splitlines()


def test_a_log_gets_a_line_when_work_is_done() -> None:
    assert _lines(0.5) == ["Reading: 3 of 3 in 2.0 s"]


def test_a_log_of_long_work_gets_lines_in_between() -> None:
    assert _lines(11) == [
        "Reading: 1 of 3, about 22 s left",
        "Reading: 2 of 3, about 11 s left",
        "Reading: 3 of 3 in 44.0 s",
    ]


@pytest.mark.parametrize("stream", [_Terminal(), io.StringIO()])
def test_work_that_ends_early_says_how_far_it_came(stream: io.StringIO) -> None:
    for epoch in progress_on(stream).track(range(10), "Training", total=10):
        if epoch == 2:
            break

    assert "Training: 3 of 10 in " in stream.getvalue().splitlines()[-1]


def test_a_terminal_gets_a_bar_and_a_line() -> None:
    stream = _Terminal()
    progress = RichProgress(Console(file=stream, force_terminal=True, width=100))

    done = list(progress.track("abc", "Reading", total=3))

    assert done == ["a", "b", "c"]
    assert "\N{BOX DRAWINGS HEAVY HORIZONTAL}" in stream.getvalue()
    assert "Reading: 3 of 3 in " in stream.getvalue().splitlines()[-1]


def test_bars_may_be_within_bars() -> None:
    stream = _Terminal()
    progress = RichProgress(Console(file=stream, force_terminal=True, width=100))

    for _ in progress.track(range(2), "Outer", total=2):
        assert len(list(progress.track(range(3), "Inner", total=3))) == 3

    assert stream.getvalue().count("Inner: 3 of 3 in ") == 2
    assert stream.getvalue().count("Outer: 2 of 2 in ") == 1


def test_a_message_with_brackets_is_said_as_it_is() -> None:
    stream = _Terminal()

    RichProgress(Console(file=stream, width=100)).say("[bold] is a column")

    assert stream.getvalue() == "[bold] is a column\n"


@pytest.mark.parametrize(
    ("stream", "kind"), [(_Terminal(), RichProgress), (io.StringIO(), LineProgress)]
)
def test_the_stream_decides(stream: io.StringIO, kind: type) -> None:
    assert isinstance(progress_on(stream), kind)
