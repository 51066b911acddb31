"""A report for people and for scripts: a page, JSON, a table on the terminal."""

from edgesmith.reporting.bench import comparison_markdown, render_comparison, render_profile
from edgesmith.reporting.html import render_html
from edgesmith.reporting.summary import details, report_path, summary
from edgesmith.reporting.terminal import render_terminal
from edgesmith.reporting.writing import write_report

__all__ = [
    "comparison_markdown",
    "details",
    "render_comparison",
    "render_html",
    "render_profile",
    "render_terminal",
    "report_path",
    "summary",
    "write_report",
]
