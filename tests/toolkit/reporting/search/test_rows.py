from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from edgesmith.reporting.rows import Cell
from edgesmith.reporting.search.rows import candidate_rows, layer_rows

if TYPE_CHECKING:
    from edgesmith.evidence import Search

DASH = "\N{EN DASH}"


def test_a_row_tells_all_of_a_candidate(search: Search) -> None:
    rows = candidate_rows(search, None)

    row = next(one for one in rows if one.recipe == "int8_mse_but_conv2d_3")
    assert (row.format, row.chosen, row.size) == ("ONNX", True, "181 kB")
    assert row.score == Cell("98.0 %", "95.7 to 99.0 %")
    assert row.drop == Cell("0.28", "-0.12 to 0.78")
    assert row.latency == Cell("66.0 \N{MICRO SIGN}s", "65.0 to 67.3 \N{MICRO SIGN}s")
    assert row.ratio == Cell("0.49\N{MULTIPLICATION SIGN}", "0.48 to 0.51")
    assert (row.p95, row.n_float_layers) == ("81.8 \N{MICRO SIGN}s", "1")
    assert row.how.endswith("; float: conv2d_3")
    assert row.standing == "chosen"


def test_what_was_not_measured_is_a_dash(search: Search) -> None:
    bare = dataclasses.replace(
        search.candidates[0], score=None, drop=None, latency=None, standing=None
    )

    (row,) = candidate_rows(dataclasses.replace(search, candidates=(bare,)), None)

    assert [row.score, row.drop, row.latency, row.ratio] == [Cell(DASH)] * 4
    assert (row.p95, row.standing) == (DASH, DASH)


def test_of_many_float_layers_some_are_named(search: Search) -> None:
    recipe = dataclasses.replace(
        search.candidates[4].recipe, float_layers=tuple(f"l{index}" for index in range(11))
    )
    one = dataclasses.replace(search.candidates[4], recipe=recipe)

    (row,) = candidate_rows(dataclasses.replace(search, candidates=(one,)), None)

    assert row.n_float_layers == "11"
    assert row.how.endswith("; float: l0, l1, l2, l3, l4, l5, l6, l7 and 3 more")


def test_layers_stand_in_the_order_of_the_account_with_a_cell_a_format(search: Search) -> None:
    assert search.layers is not None

    rows = layer_rows(search.layers)

    onnx, tflite = rows[0].cells
    assert [row.layer for row in rows] == [entry.layer for entry in search.layers.entries]
    assert rows[0].weights == "2.30 kB"
    assert (onnx.snr, onnx.effect, onnx.float_because) == ("11.2", "1.20", "the search")
    assert (tflite.snr, tflite.effect, tflite.float_because) == ("12.9", "0.40", "")
    assert rows[29].cells[0].snr == DASH
