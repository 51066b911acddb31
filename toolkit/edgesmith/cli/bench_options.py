"""Words of ``edgesmith bench``: how much it measures, and what it writes beside its table."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from edgesmith.cli.outputs import OUTPUT, check_outputs, write_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from edgesmith.layer_times import Profile
    from edgesmith_runtime.bench import Comparison
    from edgesmith_runtime.bench.plan_options import PlanOptions

__all__ = ["BenchFiles", "asked_files", "asked_plan", "file_options", "plan_options"]

F = TypeVar("F", bound="Callable[..., Any]")
_PLAN, _FILES = "edgesmith.bench.plan", "edgesmith.bench.files"


def _remember(
    key: str, context: click.Context, parameter: click.Parameter, value: object
) -> None:
    context.meta.setdefault(key, {})[str(parameter.name)] = value


_plan_option = functools.partial(
    click.option, expose_value=False, callback=functools.partial(_remember, _PLAN)
)
_file_option = functools.partial(
    click.option,
    type=OUTPUT,
    metavar="F",
    expose_value=False,
    callback=functools.partial(_remember, _FILES),
)

_PLAN_OPTIONS = (
    _plan_option(
        "--phases",
        metavar="P,P",
        help="Some of steady,raw,idle,paced,concurrent,sustained, or all; default: steady and, "
        "with raw samples in the bundle, raw.",
    ),
    _plan_option(
        "--rounds",
        "n_rounds",
        type=click.IntRange(min=1),
        help="Fresh processes of each subject.",
    ),
    _plan_option(
        "--threads", "n_threads", type=click.IntRange(min=1), help="Of every subject."
    ),
    _plan_option("--batch", metavar="N,N", help="Samples of a call in the steady phase."),
    _plan_option("--rate", metavar="HZ", help="Calls a second in the paced phase."),
    _plan_option("--idle", metavar="S,S", help="Pauses before a call in the idle phase."),
    _plan_option("--callers", metavar="N", help="Threads that call at once."),
    _plan_option("--sustained", metavar="SECONDS", help="How long the sustained phase is."),
)
_FILE_OPTIONS = (
    _file_option("--html", help="Write a page, too."),
    _file_option("--markdown", help="Write the tables as Markdown, too."),
    _file_option("--json", help="Write every sample, too."),
)


def plan_options(command: F) -> F:
    """Give a command the words of a plan; ``asked_plan`` reads them."""
    return _given(command, _PLAN_OPTIONS)


def file_options(command: F) -> F:
    """Give a command ``--html``, ``--markdown`` and ``--json``; ``asked_files`` reads them."""
    return _given(command, _FILE_OPTIONS)


def _given(command: F, options: tuple[Callable[[F], F], ...]) -> F:
    for option in reversed(options):
        command = option(command)
    return command


def asked_plan(context: click.Context) -> PlanOptions:
    """How much a command line asks to measure."""
    from edgesmith_runtime.bench.plan_options import PlanOptions

    return PlanOptions(**context.meta[_PLAN])


def asked_files(context: click.Context, read: Iterable[Path]) -> BenchFiles:
    """The files that a command line names, all of them where a file can be written.

    Args:
        context: Of the command line.
        read: What the command reads, which none of them may be.

    Raises:
        UsageError: One of them is read, or two are the same.
        WriteError: One of them cannot be written.
    """
    files = BenchFiles(**context.meta[_FILES])
    check_outputs(
        {"--html": files.html, "--markdown": files.markdown, "--json": files.json}, read
    )
    return files


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchFiles:
    """What is written beside the table on the terminal, None for what is not.

    Args:
        html: The page.
        markdown: The tables.
        json: Every sample; the layers are not in it, as ``compare`` reads it.
    """

    html: Path | None
    markdown: Path | None
    json: Path | None

    def write_samples(self, comparison: Comparison) -> None:
        """The file with every sample, if it is wanted: first, so that nothing loses them."""
        if self.json is not None:
            write_text(self.json, json.dumps(comparison.to_json(), allow_nan=False) + "\n")

    def write(self, comparison: Comparison, profile: Profile | None) -> None:
        """The files for people that are wanted, with the layers."""
        if self.markdown is not None:
            from edgesmith.reporting import comparison_markdown

            write_text(self.markdown, comparison_markdown(comparison, profile))
        if self.html is not None:
            from edgesmith.reporting import render_comparison

            write_text(self.html, render_comparison(comparison, profile))
