from __future__ import annotations

import ast
import dataclasses
from typing import TYPE_CHECKING

from edgesmith.reporting.usage import usage_code
from edgesmith_runtime.manifest import Kind, RawInput

if TYPE_CHECKING:
    from edgesmith.core import Report


def test_the_code_is_python(classification_report: Report) -> None:
    calls = [
        ast.unparse(node.func)
        for node in ast.walk(ast.parse(usage_code(classification_report)))
        if isinstance(node, ast.Call)
    ]

    assert calls == [
        "er.load",
        "model.selftest",
        "model.predict",
        "print",
        "model.prepare",
        "model.run",
    ]


def test_images_need_the_extra(
    classification_report: Report, regression_report: Report
) -> None:
    assert "edgesmith-runtime[image]" in usage_code(classification_report)
    assert "[image]" not in usage_code(regression_report)


def test_the_answer_is_that_of_the_task(
    classification_report: Report, regression_report: Report, bare_report: Report
) -> None:
    assert "prediction.label" in usage_code(classification_report)
    assert "prediction.value, prediction.unit" in usage_code(regression_report)
    assert "prediction.outputs" in usage_code(bare_report)


def test_several_raw_inputs_are_given_by_name(classification_report: Report) -> None:
    report = dataclasses.replace(
        classification_report,
        raw_inputs=(RawInput("photo", Kind.IMAGE, ""), RawInput("notes", Kind.TEXT, "")),
    )

    code = usage_code(report)

    assert 'model.predict({"photo": "photo.jpg", "notes": "the words themselves"})' in code
