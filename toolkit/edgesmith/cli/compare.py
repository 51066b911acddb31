"""``edgesmith compare``: two bench documents against each other, for CI."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import click

from edgesmith.cli.options import FILE, debug_option, json_option, one_object

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from edgesmith_runtime.bench.comparison import Comparison
    from edgesmith_runtime.bench.regression import Change, Gap, Limit, Regression

__all__ = ["compare"]

FAILED = 1


@click.command(short_help="Two results of bench against each other; fails on a regression.")
@click.argument("first", metavar="A.json", type=FILE)
@click.argument("second", metavar="B.json", type=FILE)
@click.option(
    "--fail-if",
    "conditions",
    metavar="'METRIC OP NUMBER'",
    multiple=True,
    help="Exit with 1 if B's value divided by A's is beyond the number by its whole interval, so "
    "not by noise, e.g. 'p50 > 1.05'. METRIC: p50, p90, p95, p99, cpu, import, load, first_call, "
    "memory, size; OP: > >= < <=. May be given again.",
)
@click.option(
    "--setting",
    "settings",
    metavar="S",
    multiple=True,
    help="Compare this phase or setting alone: steady, steady:1, 'batch 1'. May be given again.",
)
@click.option("--force", is_flag=True, help="Compare though the hosts are unlike.")
@json_option
@debug_option
@click.pass_context
def compare(  # noqa: PLR0913 - one argument an option, as click calls it
    context: click.Context,
    *,
    first: Path,
    second: Path,
    conditions: Sequence[str],
    settings: Sequence[str],
    force: bool,
    as_json: bool,
) -> None:
    """Compare what 'edgesmith bench --json' wrote: A before, B after.

    Subjects are paired by name. The interval of a ratio draws the rounds of each file by itself,
    and is at least as wide as the larger noise floor of the two (the baseline measured again).
    The size is compared plainly. What a process has once, such as the time to load, takes three
    rounds on both sides; of fewer it is shown and breaks no limit.

    Exit code 0: nothing that --fail-if names became so; 1: it did, or a subject of A fails in B;
    with --fail-if also where B lacks a subject, a setting, or the metric of a limit that A has;
    2: the hosts are unlike, or a file is no bench document.
    """
    from edgesmith_runtime.bench.comparison import Comparison
    from edgesmith_runtime.bench.regression import (
        circumstances_told,
        compare_documents,
        parse_limit,
        render_regression,
        unlike,
    )
    from edgesmith_runtime.errors import InputError

    limits = [parse_limit(text) for text in conditions]
    before, after = Comparison.read(first), Comparison.read(second)
    unlikes = unlike(before, after)
    if unlikes and not force:
        raise InputError(
            f"{first} and {second} were measured on unlike hosts, whose times tell nothing of the "
            f"model: {'; '.join(unlikes)}; measure both on one host, or compare them with --force"
        )
    regression = compare_documents(before, after, limits=limits, settings=settings)
    differences = (*unlikes, *circumstances_told(before, after))
    with one_object(wanted=as_json) as answer:
        if as_json:
            answer(_members(regression, differences, before, after))
        else:
            click.echo(
                render_regression(
                    regression, before, after, limits=limits, differences=differences
                )
            )
    context.exit(FAILED if regression.is_failure(has_limits=bool(limits)) else 0)


def _members(
    regression: Regression, differences: Sequence[str], before: Comparison, after: Comparison
) -> dict[str, Any]:
    return {
        "changes": [_change(one) for one in regression.changes],
        "broken": _held(regression.broken),
        "unclear": _held(regression.unclear),
        "not_compared": [_gap(one) for one in regression.gaps],
        "failed": dict(regression.failed),
        "only_in_first": list(regression.only_before),
        "only_in_second": list(regression.only_after),
        "differences": list(differences),
        "noise": {"first": list(before.noise), "second": list(after.noise)},
    }


def _held(pairs: Sequence[tuple[Limit, Change]]) -> list[dict[str, Any]]:
    return [{"limit": str(limit), **_change(change)} for limit, change in pairs]


def _gap(gap: Gap) -> dict[str, Any]:
    return {
        "subject": gap.subject,
        "metric": gap.metric,
        "setting": None if gap.setting is None else gap.setting.key,
        "reason": gap.reason,
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "subject": change.subject,
        "metric": change.metric,
        "setting": None if change.setting is None else change.setting.key,
        "first": change.before,
        "second": change.after,
        "ratio": dataclasses.asdict(change.ratio)
        if change.is_sure
        else {"value": change.ratio.value, "low": None, "high": None},
    }
