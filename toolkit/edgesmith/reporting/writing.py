"""A report as files: the page for people and, beside it, the same for scripts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from edgesmith.reporting.html import render_html
from edgesmith.reporting.summary import details, report_path
from edgesmith_runtime.files import replacing

if TYPE_CHECKING:
    from edgesmith.core import Report

__all__ = ["write_report"]


def write_report(report: Report) -> None:
    """Write ``report.html`` and ``report.json`` beside the bundle; each appears whole.

    Raises:
        WriteError: A file cannot be written.
    """
    page = report_path(report)
    with replacing(page) as draft:
        draft.write_text(render_html(report), encoding="utf-8")
    text = json.dumps(details(report), indent=1, ensure_ascii=False, allow_nan=False)
    with replacing(page.with_suffix(".json")) as draft:
        draft.write_text(text + "\n", encoding="utf-8")
