from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from edgesmith.core import Fused
from edgesmith.reporting import summary
from edgesmith.reporting.host_part import host_part_json, host_part_lines
from edgesmith.reporting.html import render_html
from edgesmith_runtime.manifest import HostStep

if TYPE_CHECKING:
    from edgesmith.core import Report

DECODE = HostStep(step=0, op="decode_image", why="a graph decodes no files")


@pytest.fixture
def report(classification_report: Report) -> Report:
    """With a second artifact that takes what the host decoded."""
    plain, second, *others = classification_report.candidates
    fused = dataclasses.replace(second, fused=Fused(starts_after=0, host_part=(DECODE,)))
    return dataclasses.replace(classification_report, candidates=(plain, fused, *others))


def test_the_json_says_where_each_artifact_starts(report: Report) -> None:
    plain, fused, *_ = summary(report)["artifacts"]

    assert (plain["starts_after"], plain["host_part"]) == (None, None)
    assert fused["starts_after"] == 0
    assert fused["host_part"] == [
        {"step": 0, "op": "decode_image", "why": "a graph decodes no files"}
    ]


def test_one_that_has_all_steps_leaves_an_empty_part(report: Report) -> None:
    whole = dataclasses.replace(
        report.candidates[1], fused=Fused(starts_after=None, host_part=())
    )

    assert host_part_json(whole) == {"starts_after": None, "host_part": []}
    (line,) = host_part_lines(dataclasses.replace(report, candidates=(whole,)))
    assert line.endswith("Before it nothing is left to the host.")


def test_the_page_says_what_a_fused_artifact_takes(report: Report) -> None:
    file = report.candidates[1].artifact.file
    line = (
        f"{file} takes pixels as float32 (batch, 8, 8, 1). Before it the host does "
        "decode_image (a graph decodes no files)."
    )

    assert host_part_lines(report) == [line]
    assert f"<p>{line}</p>" in render_html(report)
