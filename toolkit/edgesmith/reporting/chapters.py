"""The chapters of the page: each takes its part of the report and has texts, rows and pictures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from edgesmith.core import Split
from edgesmith.reporting.confusion import (
    ClassFigures,
    Mixup,
    by_class,
    confusion_counts,
    mixups,
)
from edgesmith.reporting.latencies import (
    factor_over,
    host_text,
    latency_of,
    plan_text,
    versions_text,
)
from edgesmith.reporting.pictures import (
    confusion_picture,
    latency_picture,
    learning_picture,
    rate_picture,
    residuals_picture,
    score_label,
    truth_picture,
)
from edgesmith.reporting.quantities import (
    count_text,
    factor_interval_text,
    factor_text,
    latency_interval_text,
    latency_text,
    number_text,
    score_interval_text,
    score_text,
    size_text,
)
from edgesmith.reporting.rows import (
    MOST_CLASSES,
    BalanceRow,
    LatencyRow,
    balance_rows,
    latency_rows,
)
from edgesmith_runtime.bench import CallStyle
from edgesmith_runtime.manifest import Task

if TYPE_CHECKING:
    from edgesmith.core import Account, Curve, Report
    from edgesmith_runtime.bench import Comparison

__all__ = [
    "Answers",
    "Errors",
    "Fact",
    "Ingredients",
    "Learning",
    "Speed",
    "answers_chapter",
    "configuration_text",
    "errors_chapter",
    "ingredients_chapter",
    "key_figures",
    "learning_chapter",
    "origin_facts",
    "speed_chapter",
]

MOST_MIXUPS = 6
MOST_WEAK = 6


@dataclass(frozen=True, slots=True)
class Fact:
    """A name with its value, and what to know about it."""

    name: str
    value: str
    note: str = ""


def key_figures(report: Report) -> list[Fact]:
    """The few numbers on top of the page: score, size, latency, how many times faster."""
    chosen = next(one for one in report.candidates if one.artifact.file == report.choice.file)
    size_bytes, original_bytes = chosen.artifact.size_bytes, report.original.size_bytes
    facts: list[Fact] = []
    if chosen.score is not None:
        score = chosen.score
        note = f"{score_interval_text(score, report.unit)} on {count_text(score.n_samples)} test samples"
        label = score_label(score.metric, None, report.labels)
        facts.append(Fact(label, score_text(score, report.unit), note))
    original = f"the {report.original.name} file: {size_text(original_bytes)}"
    facts.append(Fact("size", size_text(size_bytes), original))
    median_ns = latency_of(chosen, report.comparison)
    if median_ns is not None:
        value, note = latency_text(median_ns.value), latency_interval_text(median_ns)
        facts.append(Fact("latency of a call", value, note))
    factor = factor_over(report.comparison, report.choice.file, CallStyle.PREDICT)
    if factor is not None:
        note = f"{factor_interval_text(factor)} times"
        facts.append(Fact("faster than Keras predict", factor_text(factor), note))
    return facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """How a classifier answered on the test split."""

    picture: str
    n_samples: str
    n_wrong: str
    mixups: list[Mixup]
    weakest: list[ClassFigures]


def answers_chapter(report: Report) -> Answers | None:
    """The chapter of a classification with a test split."""
    if (
        report.task != Task.CLASSIFICATION
        or report.expected is None
        or report.predicted is None
    ):
        return None
    counts = confusion_counts(report.expected, report.predicted, len(report.labels))
    weak = [
        one
        for one in by_class(counts, report.labels)
        if (one.recall is not None and one.recall < 1)
        or (one.precision is not None and one.precision < 1)
    ]
    return Answers(
        picture=confusion_picture(counts, report.labels),
        n_samples=count_text(int(counts.sum())),
        n_wrong=count_text(int(counts.sum() - np.trace(counts))),
        mixups=mixups(counts, report.labels, MOST_MIXUPS),
        weakest=weak[:MOST_WEAK],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """How far a regression was off on the test split."""

    truth: str
    residuals: str
    facts: list[Fact]


def errors_chapter(report: Report) -> Errors | None:
    """The chapter of a regression with a test split."""
    if report.task != Task.REGRESSION or report.expected is None or report.predicted is None:
        return None
    true = np.asarray(report.expected, dtype=np.float64).ravel()
    predicted = np.asarray(report.predicted, dtype=np.float64).ravel()
    unit = f" {report.unit}" if report.unit else ""
    off = np.abs(predicted - true)
    figures = {
        "Half of the errors are below": float(np.median(off)),
        "Nine of ten are below": float(np.quantile(off, 0.9)),
        "The largest is": float(off.max()),
        "Mean of predicted minus true": float(np.mean(predicted - true)),
    }
    return Errors(
        truth=truth_picture(true, predicted, report.unit),
        residuals=residuals_picture(true, predicted, report.unit),
        facts=[Fact(name, f"{number_text(value)}{unit}") for name, value in figures.items()],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Learning:
    """How training went; without a picture where it had no epochs."""

    picture: str
    rate_picture: str
    n_epochs: int
    best_epoch: int
    stop_reason: str


def learning_chapter(curve: Curve | None) -> Learning | None:
    """The chapter of what was trained here."""
    if curve is None or not curve.train_loss:
        return None
    has_epochs = len(curve.train_loss) > 1 or bool(curve.learning_rate)
    return Learning(
        picture=learning_picture(curve) if has_epochs else "",
        rate_picture=rate_picture(curve),
        n_epochs=len(curve.train_loss),
        best_epoch=curve.best_epoch,
        stop_reason=curve.stop_reason,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """What was measured, by subject."""

    picture: str
    batches: tuple[int, ...]
    rows: list[LatencyRow]
    problems: list[LatencyRow]
    facts: list[Fact]
    noise: tuple[str, ...]


def speed_chapter(comparison: Comparison | None, chosen: str | None) -> Speed | None:
    """The chapter of the latency comparison."""
    if comparison is None:
        return None
    rows = latency_rows(comparison, chosen)
    return Speed(
        picture=latency_picture(comparison, chosen),
        batches=comparison.plan.batches,
        rows=[row for row in rows if not row.problem],
        problems=[row for row in rows if row.problem],
        facts=[
            Fact("Measured", plan_text(comparison)),
            Fact("On", host_text(comparison)),
            Fact("With", versions_text(comparison)),
        ],
        noise=comparison.noise,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingredients:
    """What preparation did with the raw data."""

    n_read: str
    splits: list[Fact]
    dropped: list[Fact]
    filled: list[Fact]
    split_names: list[str]
    balance: list[BalanceRow]
    n_classes: int
    some_classes: bool
    warnings: tuple[str, ...]


def ingredients_chapter(account: Account | None) -> Ingredients | None:
    """The chapter of what was prepared here."""
    if account is None:
        return None
    n_kept = sum(account.n_by_split.values()) or 1
    n_classes = len({name for counts in account.balance.values() for name in counts})
    return Ingredients(
        n_read=count_text(account.n_read),
        splits=[
            Fact(str(split), count_text(n), f"{100 * n / n_kept:.0f} % of what was kept")
            for split in Split
            if (n := account.n_by_split.get(split)) is not None
        ],
        dropped=[
            Fact(one.reason, count_text(one.n_rows), ", ".join(one.examples))
            for one in account.dropped
        ],
        filled=[Fact(column, count_text(n)) for column, n in account.filled.items() if n],
        split_names=[str(split) for split in Split if split in account.balance],
        balance=balance_rows(account),
        n_classes=n_classes,
        some_classes=n_classes > MOST_CLASSES,
        warnings=account.warnings,
    )


def origin_facts(provenance: Mapping[str, Any]) -> list[Fact]:
    """The data set first, member by member, then all else but the configuration."""
    data = provenance.get("data")
    members = dict(cast("Mapping[str, Any]", data)) if isinstance(data, Mapping) else {}
    members |= {
        key: value for key, value in provenance.items() if key not in ("data", "config")
    }
    return [Fact(_as_name(key), _in_words(value)) for key, value in members.items()]


def configuration_text(provenance: Mapping[str, Any]) -> str:
    """The configuration that the manifest echoes, as JSON for people; empty without one."""
    config = provenance.get("config")
    return "" if config is None else json.dumps(config, indent=2, ensure_ascii=False)


def _as_name(key: str) -> str:
    name = key.replace("n_by", "samples by").replace("_", " ").replace("sha256", "SHA-256")
    return name[:1].upper() + name[1:]


def _in_words(value: object) -> str:
    if isinstance(value, Mapping):
        members = cast("Mapping[object, object]", value)
        return ", ".join(f"{name} {_in_words(member)}" for name, member in members.items())
    if isinstance(value, list | tuple):
        return ", ".join(_in_words(item) for item in cast("list[object]", value))
    return str(value)
