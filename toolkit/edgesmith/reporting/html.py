"""A report as one self-contained page: no script, no network, light and dark, screen and paper."""

from __future__ import annotations

import functools
from importlib.metadata import version
from typing import TYPE_CHECKING, cast

from jinja2 import Environment, PackageLoader, StrictUndefined

from edgesmith.reporting.chapters import (
    answers_chapter,
    configuration_text,
    errors_chapter,
    ingredients_chapter,
    key_figures,
    learning_chapter,
    origin_facts,
    speed_chapter,
)
from edgesmith.reporting.detection import detection_chapter
from edgesmith.reporting.host_part import host_part_lines
from edgesmith.reporting.pictures import candidates_picture, score_label, sizes_picture
from edgesmith.reporting.quantities import share_text
from edgesmith.reporting.rows import artifact_rows
from edgesmith.reporting.search import search_chapter
from edgesmith.reporting.usage import usage_code

if TYPE_CHECKING:
    from edgesmith.core import Report

__all__ = ["render_html"]


def render_html(report: Report) -> str:
    """The page of one build: what ships and why, how good, how fast, and what went in."""
    score = report.original.score
    return (
        _environment()
        .get_template("report.html")
        .render(
            report=report,
            version=version("edgesmith"),
            key_figures=key_figures(report),
            metric="score" if score is None else score_label(score.metric, None, report.labels),
            artifacts=artifact_rows(report),
            host_part=host_part_lines(report),
            candidates_picture=candidates_picture(report),
            sizes_picture=sizes_picture(report),
            search=search_chapter(report),
            answers=answers_chapter(report),
            errors=errors_chapter(report),
            detection=detection_chapter(report),
            learning=learning_chapter(report.curve),
            speed=speed_chapter(report.comparison, report.choice.file),
            ingredients=ingredients_chapter(report.account),
            origin=origin_facts(report.provenance),
            configuration=configuration_text(report.provenance),
            usage=usage_code(report),
        )
    )


@functools.cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("edgesmith.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    cast("dict[str, object]", environment.filters)["share"] = share_text  # pyright: ignore[reportUnknownMemberType]
    return environment
