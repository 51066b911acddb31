"""Which charts a report has, and what is in them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from edgesmith.reporting.charts import (
    Bar,
    Mark,
    Series,
    bars,
    histogram,
    line,
    marks,
    matrix,
    scatter,
)
from edgesmith.reporting.drawing import Axis
from edgesmith.reporting.latencies import figures_of, median_of, style_figures
from edgesmith.reporting.quantities import (
    SHARE_METRICS,
    latency_text,
    latency_tick_text,
    number_text,
    percent_tick_text,
    size_text,
    tick_text,
)
from edgesmith_runtime.bench import CallStyle, SubjectKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from edgesmith.core import Curve, Report
    from edgesmith_runtime.bench import Comparison
    from edgesmith_runtime.manifest import Score

__all__ = [
    "candidates_picture",
    "confusion_picture",
    "latency_picture",
    "learning_picture",
    "rate_picture",
    "residuals_picture",
    "score_label",
    "sizes_picture",
    "truth_picture",
]

MOST_POINTS = 1500
NAMES = {
    "f1_macro": "F1, mean over classes",
    "f1": "F1 of the second class",
    "r2": "R\N{SUPERSCRIPT TWO}",
    "rmse": "RMSE",
    "mae": "MAE",
    "auc": "AUC",
    "auc_or_agreement": "AUC or agreement",
}


def learning_picture(curve: Curve) -> str:
    """Training and validation loss by epoch, the kept epoch pointed out."""
    series = [Series(name="training", values=curve.train_loss)]
    if curve.validation_loss:
        series.append(Series(name="validation", values=curve.validation_loss))
    return line("Loss by epoch", series, ("epoch", "loss"), marked=curve.best_epoch)


def rate_picture(curve: Curve) -> str:
    """The learning rate by epoch; empty where it never changed."""
    if len(set(curve.learning_rate)) < 2:
        return ""
    series = [Series(name="learning rate", values=curve.learning_rate)]
    return line("Learning rate by epoch", series, ("epoch", "learning rate"), may_be_log=False)


def confusion_picture(counts: NDArray[np.int64], names: Sequence[str]) -> str:
    """The confusion matrix, ``(actual, predicted)``."""
    return matrix("Confusion matrix", counts, names)


def truth_picture(
    true: NDArray[np.float64], predicted: NDArray[np.float64], unit: str | None
) -> str:
    """Predicted against true values; of many samples, evenly picked ones."""
    picked = np.linspace(0, len(true) - 1, min(len(true), MOST_POINTS)).round().astype(int)
    points = np.stack([true[picked], predicted[picked]], axis=1)
    hints = [f"true {number_text(x)}, predicted {number_text(y)}" for x, y in points.tolist()]
    labels = (f"true{_in(unit)}", f"predicted{_in(unit)}")
    return scatter("Predicted against true values", points, labels, hints=hints)


def residuals_picture(
    true: NDArray[np.float64], predicted: NDArray[np.float64], unit: str | None
) -> str:
    """How far the predictions are off, and in which direction."""
    labels = (f"predicted minus true{_in(unit)}", "test samples")
    return histogram("Residuals", predicted - true, labels)


def _in(unit: str | None) -> str:
    return f" ({unit})" if unit else ""


def candidates_picture(report: Report) -> str:
    """Score against latency, with the interval of the score; empty without a latency or score."""
    found: list[Mark] = []
    predict = style_figures(report.comparison, CallStyle.PREDICT)
    if predict is not None and report.original.score is not None:
        found.append(_mark("Keras predict", predict.median_ns.value, report.original.score))
    for candidate in report.candidates:
        file = candidate.artifact.file
        median_ns = median_of(report.comparison, file)
        if median_ns is not None and candidate.score is not None:
            chosen = file == report.choice.file
            found.append(_mark(file, median_ns.value, candidate.score, chosen=chosen))
    if len(found) < 2 or report.original.score is None:
        return ""
    metric, unit = report.original.score.metric, report.unit
    x = Axis.around([one.x for one in found], "latency (log scale)", log=True)
    low, high = min(one.low for one in found), max(one.high for one in found)
    room = (high - low) / 4  # for names above and below the intervals
    y = Axis.around([low - room, high + room], score_label(metric, unit, report.labels))
    as_text = percent_tick_text if metric in SHARE_METRICS else tick_text
    return marks(
        "Score against latency",
        found,
        dataclasses.replace(x, text=latency_tick_text),
        dataclasses.replace(y, text=as_text),
    )


def score_label(metric: str, unit: str | None, labels: Sequence[str] = ()) -> str:
    """What the score is, with its unit where it has the target's, and its class where it has one."""
    if metric == "f1" and len(labels) == 2:
        return f"F1 of {labels[1]}"
    of_unit = _in(unit) if metric in ("rmse", "mae") else ""
    return NAMES.get(metric, metric.replace("_", " ")) + of_unit


def _mark(name: str, latency_ns: float, score: Score, *, chosen: bool = False) -> Mark:
    return Mark(
        name=name, x=latency_ns, y=score.value, low=score.low, high=score.high, chosen=chosen
    )


def sizes_picture(report: Report) -> str:
    """Sizes of the original and of every candidate."""
    original = Bar(
        name=report.original.name,
        value=report.original.size_bytes,
        text=size_text(report.original.size_bytes),
    )
    artifacts = [
        Bar(
            name=one.artifact.file,
            value=one.artifact.size_bytes,
            text=size_text(one.artifact.size_bytes),
            chosen=one.artifact.file == report.choice.file,
        )
        for one in report.candidates
    ]
    return bars("Size of the files", [original, *artifacts])


def latency_picture(comparison: Comparison, chosen: str | None) -> str:
    """Median latency at batch 1 of every subject, the slowest first; empty without any.

    The baseline's twin is left out: it is there for the noise alone.
    """
    measured = [
        (subject.name, figures.median_ns.value)
        for subject in comparison.subjects
        if subject.kind is not SubjectKind.AGAIN
        and (figures := figures_of(comparison, subject.name)) is not None
    ]
    items = [
        Bar(name=name, value=value, text=latency_text(value), chosen=name == chosen)
        for name, value in sorted(measured, key=lambda pair: -pair[1])
    ]
    return bars("Median latency at batch 1, log scale", items, log=True) if items else ""
