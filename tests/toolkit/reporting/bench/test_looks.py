from __future__ import annotations

from typing import TYPE_CHECKING

from edgesmith.reporting.bench.looks import looks_of

if TYPE_CHECKING:
    from edgesmith_runtime.bench import Comparison


def test_kinds_are_told_apart_by_line_and_subjects_by_colour(
    full_comparison: Comparison,
) -> None:
    styles = {one.name: one.style for one in looks_of(full_comparison.subjects)}

    assert styles["model.onnx"] == "c0"
    assert styles["model_int8.onnx"] == "c1"
    assert styles["model.onnx again"] == "c0 dotted"
    assert styles["stock.onnx in onnxruntime"] == "c4 dashed"
    assert styles["keras predict"] == "grey-0"
    assert len(set(styles.values())) == len(styles)


def test_what_was_not_measured_has_no_look(full_comparison: Comparison) -> None:
    looks = looks_of(full_comparison.subjects)

    assert len(looks) == len(full_comparison.subjects) - 1
    assert [one.data["subject"] for one in looks] == [str(number) for number in range(10)]
