from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from edgesmith.reporting.bench.markdown import comparison_markdown

if TYPE_CHECKING:
    from edgesmith.layer_times import Profile
    from edgesmith_runtime.bench import Comparison


@pytest.fixture(scope="module")
def text(full_comparison: Comparison, small_profile: Profile) -> str:
    subjects = full_comparison.subjects
    some = tuple(subjects[number] for number in (0, 1, 3, 4, 7, -1))
    return comparison_markdown(
        dataclasses.replace(full_comparison, subjects=some), small_profile
    )


def test_it_begins_with_the_verdict(text: str) -> None:
    lines = text.splitlines()

    assert lines[0] == "# resnet8: latency"
    assert lines[2].startswith(
        "model.onnx on openvino is the fastest: 1.25\N{MULTIPLICATION SIGN} as fast"
    )
    assert text.endswith("\n")


def test_every_table_has_as_many_cells_in_each_row(text: str) -> None:
    tables = [block for block in text.split("\n\n") if block.startswith("| ")]

    assert len(tables) > 10
    for table in tables:
        assert len({line.replace("\\|", "").count("|") for line in table.splitlines()}) == 1


def test_score_stands_beside_speed(text: str) -> None:
    row = next(line for line in text.splitlines() if line.startswith("| model\\_int8.onnx |"))

    assert (
        "| 91.4 µs (90.7 to 92.5 µs) | 0.702 (0.690 to 0.716) | 86.9 % (84.3 to 89.4 %)" in row
    )


def test_a_string_from_a_bundle_cannot_become_markup(text: str) -> None:
    assert "\\<img src=x onerror=alert(1)\\> was not measured: it broke" in text
    assert "<img" not in text.replace("\\<img", "")


@pytest.mark.parametrize(
    ("name", "shown"),
    [("# a.onnx", "\\# a.onnx"), ("- b", "\\- b"), ("12. c", "12\\. c"), ("1.5", "1.5")],
)
def test_a_name_at_the_start_of_a_line_is_no_heading_and_no_list(
    full_comparison: Comparison, name: str, shown: str
) -> None:
    alone = dataclasses.replace(full_comparison.subjects[0], name=name)
    comparison = dataclasses.replace(full_comparison, subjects=(alone,), baseline=name)

    assert f"\n\n{shown} alone was measured." in comparison_markdown(comparison)


def test_the_layers_and_the_machine_are_told(text: str) -> None:
    assert "| stem/conv | Conv, Relu | 18.0 µs |" in text
    assert "- Load average: 0.30 at the start, 1.10 at the end, on 2 threads" in text
