from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from edgesmith.core import Curve, Report
from edgesmith.reporting import render_html, summary
from edgesmith.reporting.chapters import learning_chapter
from edgesmith.reporting.detection import detection_chapter
from edgesmith_runtime.manifest import Score, Task


@pytest.fixture
def report(classification_report: Report) -> Report:
    """Of ten normal samples one raises a false alarm, of five abnormal ones four are found."""
    score = Score(metric="auc", value=0.94, low=0.81, high=0.98, n_samples=15)
    return dataclasses.replace(
        classification_report,
        name="fan",
        task=Task.ANOMALY,
        bundle=Path("out/fan.edge"),
        original=dataclasses.replace(classification_report.original, score=score),
        labels=(),
        expected=np.repeat([0, 1], [10, 5]),
        predicted=np.array([*np.linspace(0.2, 1.8, 9), 2.5, 1.9, 3.0, 40.0, 50.0, 60.0]),
        threshold=2.0,
        provenance={"threshold": {"quantile": 0.99, "split": "validation", "n_samples": 94}},
    )


def test_the_chapter_counts_alarms_at_the_threshold(report: Report) -> None:
    chapter = detection_chapter(report)

    assert chapter is not None
    facts = {fact.name: (fact.value, fact.note) for fact in chapter.facts}
    assert facts == {
        "Threshold": (
            "2.00",
            "the 0.99 quantile of 94 normal samples of the validation split",
        ),
        "Found": ("80 %", "4 of 5 abnormal test samples reach it"),
        "False alarms": ("10 %", "1 of 10 normal test samples reach it"),
    }


def test_where_the_threshold_is_from_is_said_only_where_it_is_known(report: Report) -> None:
    chapter = detection_chapter(dataclasses.replace(report, provenance={}))

    assert chapter is not None
    assert chapter.facts[0].note == ""


@pytest.mark.parametrize("lacking", ["expected", "predicted", "threshold"])
def test_without_what_it_is_made_of_there_is_no_chapter(report: Report, lacking: str) -> None:
    assert detection_chapter(dataclasses.replace(report, **{lacking: None})) is None


def test_other_tasks_have_no_such_chapter(classification_report: Report) -> None:
    assert detection_chapter(classification_report) is None


def test_the_page_shows_scores_and_decisions(report: Report) -> None:
    page = render_html(report)

    assert '<section id="detection">' in page
    assert "Scores of normal and abnormal samples" in page
    assert "same decision" in page
    assert '<section id="answers">' not in page


def test_the_json_has_the_threshold(report: Report, classification_report: Report) -> None:
    assert summary(report)["threshold"] == 2.0
    assert summary(classification_report)["threshold"] is None


def test_a_closed_form_has_no_learning_curve() -> None:
    curve = Curve(train_loss=(1.5,), best_epoch=1, stop_reason="fitted in closed form")

    chapter = learning_chapter(curve)

    assert chapter is not None
    assert (chapter.picture, chapter.stop_reason) == ("", "fitted in closed form")
