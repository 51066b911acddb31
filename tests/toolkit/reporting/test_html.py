from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser

import pytest

from edgesmith.core import Choice, Report
from edgesmith.reporting import render_html
from edgesmith_runtime.bench import SubjectKind

VOID = {"meta", "link", "br", "rect", "path", "circle"}


class _Page(HTMLParser):
    """Text by section, every address, and whether tags are closed in order."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.texts: dict[str, str] = {}
        self.addresses: list[str] = []
        self.scripts = 0
        self._open: list[str] = []
        self._section = "header"
        self.feed(content)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        if tag == "section":
            self._section = names.get("id") or ""
        self.scripts += tag == "script"
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self._open:
            self.texts[self._section] = f"{self.texts.get(self._section, '')} {data}"

    def words(self, section: str) -> str:
        return " ".join(self.texts[section].split())


@pytest.fixture(params=["classification_report", "regression_report", "bare_report"])
def any_report(request: pytest.FixtureRequest) -> Report:
    return request.getfixturevalue(request.param)


def test_the_page_loads_nothing(any_report: Report) -> None:
    content = render_html(any_report)

    page = _Page(content)
    assert page.addresses == ["data:,"]
    assert page.scripts == 0
    assert not re.search(r"url\(|@import|@font-face", content)


def test_the_header_tells_the_choice_and_the_key_figures(classification_report: Report) -> None:
    header = _Page(render_html(classification_report)).words("header")

    assert "classification , 10 classes" in header.replace(
        "classification,", "classification ,"
    )
    assert "model.onnx ships as the default: it runs on the base install" in header
    assert "accuracy 98.3 % 96.4 to 99.2 % on 360 test samples" in header
    assert "size 64.3 kB" in header
    assert "latency of a call 13." in header
    assert "faster than Keras predict 3," in header


def test_a_classification_has_its_confusion_matrix(classification_report: Report) -> None:
    page = _Page(render_html(classification_report))

    assert "6 of 360 test samples." in page.words("answers")
    assert "errors" not in page.texts


def test_a_regression_has_its_residuals(regression_report: Report) -> None:
    page = _Page(render_html(regression_report))

    assert "predicted minus true (mpg)" in page.words("errors")
    assert "answers" not in page.texts


def test_every_artifact_is_in_the_table_and_in_the_parity(
    classification_report: Report,
) -> None:
    page = _Page(render_html(classification_report))

    for section in ("artifacts", "parity"):
        assert "model.onnx" in page.words(section)
        assert "model.tflite" in page.words(section)
    assert "tflite_int8 accuracy fell by 0.031; allowed 0.01" in page.words("artifacts")
    assert "model.tflite 100 % 4.8e-7 5.2e-8" in page.words("parity")


def test_the_speed_chapter_names_host_and_every_subject(classification_report: Report) -> None:
    words = _Page(render_html(classification_report)).words("speed")

    assert "Intel(R) Xeon(R) Platinum 8488C, 2 of 2 processors" in words
    for name in (
        "model.onnx",
        "model.tflite",
        "keras predict",
        "keras call",
        "keras tf_function",
    ):
        assert name in words


def test_the_baseline_measured_again_is_no_artifact_of_the_speed_chapter(
    classification_report: Report,
) -> None:
    comparison = classification_report.comparison
    assert comparison is not None
    first = comparison.subjects[0]
    twin = dataclasses.replace(first, name=f"{first.name} again", kind=SubjectKind.AGAIN)
    report = dataclasses.replace(
        classification_report,
        comparison=dataclasses.replace(comparison, subjects=(*comparison.subjects, twin)),
    )

    words = _Page(render_html(report)).words("speed")

    assert first.name in words
    assert twin.name not in words


def test_what_went_in_is_accounted_for(classification_report: Report) -> None:
    words = _Page(render_html(classification_report)).words("ingredients")

    assert "rows read 1,797" in words
    assert "exact duplicates in the training split e.g. row 311, row 1204 12" in words
    assert "3 test samples are also in the training split" in words
    assert "Licence CC BY 4.0" in words


def test_filled_cells_are_told_by_column(regression_report: Report) -> None:
    words = _Page(render_html(regression_report)).words("ingredients")

    assert "horsepower 6" in words
    assert "weight" not in words


def test_the_learning_chapter_tells_why_training_stopped(regression_report: Report) -> None:
    words = _Page(render_html(regression_report)).words("learning")

    assert "120 epochs, then stopped: no better loss for 8 epochs." in words
    assert "The weights of epoch 112 were kept." in words


def test_what_was_not_done_has_no_chapter(bare_report: Report) -> None:
    page = _Page(render_html(bare_report))

    assert set(page.texts) == {"header", "artifacts", "parity", "use"}


def test_without_a_test_split_no_sample_is_called_one(bare_report: Report) -> None:
    assert "test samples" not in render_html(bare_report)


def test_the_code_shows_the_bundle(classification_report: Report) -> None:
    words = _Page(render_html(classification_report)).words("use")

    assert 'er.load("digits.edge")' in words


def test_what_comes_from_data_cannot_become_markup(classification_report: Report) -> None:
    hostile = "<script>alert(1)</script>"
    report = dataclasses.replace(
        classification_report,
        name=hostile,
        choice=Choice(file="model.onnx", reason=hostile),
        labels=(hostile, *classification_report.labels[1:]),
    )

    assert _Page(render_html(report)).scripts == 0


def test_many_classes_show_the_largest_and_the_smallest(classification_report: Report) -> None:
    account = classification_report.account
    assert account is not None
    many = {f"class {index}": index + 1 for index in range(77)}
    balance = dict.fromkeys(account.balance, many)
    report = dataclasses.replace(
        classification_report, account=dataclasses.replace(account, balance=balance)
    )

    words = _Page(render_html(report)).words("ingredients")

    assert "the largest and the smallest of 77 classes" in words
    assert "class 76" in words
    assert "class 0" in words
    assert "class 40" not in words
