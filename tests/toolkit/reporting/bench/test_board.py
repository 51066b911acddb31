from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from edgesmith.reporting.bench.board import board_of
from edgesmith.reporting.bench.numbers import Numbers
from edgesmith_runtime.bench import SubjectKind

if TYPE_CHECKING:
    from edgesmith_runtime.bench import Comparison


@pytest.fixture(scope="module")
def few(full_comparison: Comparison) -> Comparison:
    subjects = full_comparison.subjects
    return dataclasses.replace(
        full_comparison, subjects=(subjects[0], subjects[1], subjects[5])
    )


def test_a_ratio_stands_with_its_interval_and_a_word(few: Comparison) -> None:
    board = board_of(Numbers(few), {})

    at = board.columns.index("to model.onnx")
    default, int8, stock = (row.cells[at] for row in board.rows)
    assert (default.text, default.word) == ("1", "")
    assert (int8.word, stock.word) == ("faster", "slower")
    assert " to " in int8.note


def test_what_a_phone_has_room_for_comes_first(few: Comparison) -> None:
    columns = board_of(Numbers(few), {}).columns

    assert columns[:2] == ["median, batch 1", "to model.onnx"]
    assert columns.index("size") > columns.index("p90")


def test_of_one_round_there_is_neither_interval_nor_word(few: Comparison) -> None:
    subjects = tuple(dataclasses.replace(one, rounds=one.rounds[:1]) for one in few.subjects)

    board = board_of(Numbers(dataclasses.replace(few, subjects=subjects)), {})

    assert [(cell.note, cell.word) for row in board.rows for cell in row.cells[:2]] == [
        ("", "")
    ] * 6


def test_every_row_says_what_it_is(few: Comparison) -> None:
    board = board_of(Numbers(few), {})

    assert [row.what for row in board.rows] == [
        "the default in onnxruntime",
        "artifact in onnxruntime",
        "another file, bare in onnxruntime",
    ]


def test_a_tuned_subject_says_so(few: Comparison) -> None:
    tuned = dataclasses.replace(
        few.subjects[1], name="model.onnx as tuned", kind=SubjectKind.TUNED
    )
    subjects = (few.subjects[0], tuned)

    board = board_of(Numbers(dataclasses.replace(few, subjects=subjects)), {})

    assert board.rows[1].what == "as tune found it fastest here in onnxruntime"


def test_the_first_answer_counts_from_the_start_of_the_process(few: Comparison) -> None:
    board = board_of(Numbers(few), {})

    assert board.rows[0].cells[board.columns.index("first answer")].text == "67.8 ms"


def test_without_scores_there_is_no_column_of_them(few: Comparison) -> None:
    subjects = tuple(dataclasses.replace(one, score=None) for one in few.subjects)

    board = board_of(Numbers(dataclasses.replace(few, subjects=subjects)), {})

    assert (board.title, board.columns[0]) == ("Speed and size", "median, batch 1")
    assert all(len(row.cells) == len(board.columns) for row in board.rows)
