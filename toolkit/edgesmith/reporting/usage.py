"""Ten lines of code that use the bundle of a report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgesmith_runtime.manifest import Kind, Task

if TYPE_CHECKING:
    from edgesmith.core import Report

__all__ = ["usage_code"]

EXAMPLES = {
    Kind.IMAGE: '"photo.jpg"',
    Kind.AUDIO: '"speech.wav"',
    Kind.TEXT: '"the words themselves"',
    Kind.TABLE: "row",
    Kind.SERIES: '"series.csv"',
    Kind.TENSOR: "array",
}
COMMENTS = {
    Kind.IMAGE: "a path, bytes or an array",
    Kind.AUDIO: "a path, bytes or an array",
    Kind.TEXT: "a str",
    Kind.TABLE: "a dict: column name to value",
    Kind.SERIES: "a path, bytes, a list or an array",
    Kind.TENSOR: "a numpy array",
}
ANSWERS = {
    Task.CLASSIFICATION: "print(prediction.label, prediction.score)",
    Task.REGRESSION: "print(prediction.value, prediction.unit)",
    Task.ANOMALY: "print(prediction.is_anomaly, prediction.score)",
    Task.TENSOR: "print(prediction.outputs)",
}


def usage_code(report: Report) -> str:
    """Install, load, prove, predict: what an app does with the bundle."""
    install = "edgesmith-runtime"
    if any(one.kind == Kind.IMAGE for one in report.raw_inputs):
        install = "'edgesmith-runtime[image]'"
    return "\n".join(
        [
            f"# pip install {install}        (no TensorFlow, no Keras)",
            "import edgesmith_runtime as er",
            "",
            f'model = er.load("{report.bundle.name}")  # every byte is checked first',
            "model.selftest()  # replays the golden samples on this machine",
            "",
            f"prediction = model.predict({_argument(report)})  # {_comment(report)}",
            ANSWERS[report.task],
            f"tensors = model.prepare({_argument(report)})  # the transform alone",
            "outputs = model.run(tensors)  # the fast lane: tensors in, arrays out",
        ]
    )


def _argument(report: Report) -> str:
    if len(report.raw_inputs) == 1:
        return EXAMPLES[report.raw_inputs[0].kind]
    pairs = [f'"{one.name}": {EXAMPLES[one.kind]}' for one in report.raw_inputs]
    return "{" + ", ".join(pairs) + "}" if pairs else "raw"


def _comment(report: Report) -> str:
    if len(report.raw_inputs) == 1:
        return COMMENTS[report.raw_inputs[0].kind]
    return "raw inputs by name" if report.raw_inputs else "the raw input"
