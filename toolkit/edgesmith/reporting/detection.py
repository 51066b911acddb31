"""The chapter of an anomaly detection: how far normal and abnormal scores are apart, and the alarms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgesmith.reporting.chapters import Fact
from edgesmith.reporting.charts import Group, overlaid
from edgesmith.reporting.quantities import count_text, number_text, share_text
from edgesmith_runtime.manifest import Task

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgesmith.core import Report

__all__ = ["Detection", "detection_chapter"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """How an anomaly detection told normal and abnormal test samples apart."""

    picture: str
    facts: list[Fact]


def detection_chapter(report: Report) -> Detection | None:
    """The chapter of an anomaly detection with a test split and a threshold."""
    if (
        report.task != Task.ANOMALY
        or report.expected is None
        or report.predicted is None
        or report.threshold is None
    ):
        return None
    scores = np.asarray(report.predicted, np.float64)
    is_abnormal = np.asarray(report.expected) == 1
    groups = [
        Group(name="normal", values=scores[~is_abnormal]),
        Group(name="abnormal", values=scores[is_abnormal]),
    ]
    normal, abnormal = (group.values >= report.threshold for group in groups)
    return Detection(
        picture=overlaid(
            "Scores of normal and abnormal samples",
            groups,
            ("score", "share of the samples"),
            marked=report.threshold,
        ),
        facts=[
            Fact("Threshold", number_text(report.threshold), _origin(report)),
            Fact("Found", share_text(_share(abnormal)), _counts(abnormal, "abnormal")),
            Fact("False alarms", share_text(_share(normal)), _counts(normal, "normal")),
        ],
    )


def _origin(report: Report) -> str:
    """Which scores the threshold is of, where the bundle says so."""
    known = report.provenance.get("threshold")
    if not known:
        return ""
    return (
        f"the {number_text(known['quantile'], 2)} quantile of {count_text(known['n_samples'])} "
        f"normal samples of the {known['split']} split"
    )


def _share(alarms: NDArray[np.bool_]) -> float:
    return float(np.mean(alarms))


def _counts(alarms: NDArray[np.bool_], name: str) -> str:
    return f"{count_text(int(alarms.sum()))} of {count_text(len(alarms))} {name} test samples reach it"
