"""``edgesmith-runtime predict``: answers for raw inputs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith_runtime.commands.options import artifact, common, engine, trust
from edgesmith_runtime.commands.showing import loaded, one_line, print_table
from edgesmith_runtime.errors import EdgesmithError
from edgesmith_runtime.prediction_json import prediction_json
from edgesmith_runtime.raw_files import read_raw_inputs

if TYPE_CHECKING:
    import argparse

    from edgesmith_runtime.commands.options import Commands
    from edgesmith_runtime.decoding import Prediction
    from edgesmith_runtime.model import Model
    from edgesmith_runtime.raw_files import Given

__all__ = ["add", "run"]


def add(commands: Commands) -> None:
    """Put the command among the others."""
    parser = commands.add_parser(
        "predict",
        help="answer for raw inputs",
        parents=[common(), artifact(), engine(), trust()],
    )
    parser.add_argument(
        "inputs",
        metavar="INPUT",
        nargs="+",
        help="image, audio, series: file or folder; table: .csv, .tsv, .jsonl; tensor: .npy, "
        ".npz; text: the words, @FILE or -",
    )
    parser.add_argument(
        "--non-finite",
        choices=["error", "pass"],
        default="error",
        help="what is done about NaN and infinity; passed, they are null in JSON (error)",
    )
    parser.set_defaults(command=run)


def run(arguments: argparse.Namespace) -> int:
    """The command; its exit code."""
    model = loaded(arguments, non_finite=arguments.non_finite)
    n_failed = 0
    rows: list[tuple[str, ...]] = []
    for given in read_raw_inputs(model.manifest.raw_inputs, arguments.inputs):
        answer = _answer(model, given)
        n_failed += isinstance(answer, EdgesmithError)
        if arguments.json:
            print(json.dumps({"input": given.name, **_answer_json(answer)}))
        else:
            rows.append((given.name, *_answer_cells(answer)))
    print_table(rows)
    return 1 if n_failed else 0


def _answer(model: Model, given: Given) -> Prediction | EdgesmithError:
    if isinstance(given.raw, EdgesmithError):
        return given.raw
    try:
        return model.predict(given.raw)
    except EdgesmithError as error:
        return error


def _answer_json(answer: Prediction | EdgesmithError) -> dict[str, Any]:
    if isinstance(answer, EdgesmithError):
        return {"error": one_line(str(answer))}
    return prediction_json(answer)


def _answer_cells(answer: Prediction | EdgesmithError) -> tuple[str, ...]:
    if isinstance(answer, EdgesmithError):
        return (f"error: {one_line(str(answer))}",)
    if answer.label is not None:
        return answer.label, f"{answer.score:.4f}"
    if answer.value is not None:
        return _numbers(answer.value), answer.unit or ""
    if answer.is_anomaly is not None:
        verdict = "anomaly" if answer.is_anomaly else "normal"
        return verdict, f"{answer.score:.4g}", f"threshold {answer.threshold:.4g}"
    return tuple(f"{name}: {_numbers(array)}" for name, array in answer.outputs.items())


def _numbers(value: Any) -> str:
    return np.array2string(np.asarray(value), precision=6, threshold=8, edgeitems=3).replace(
        "\n", ""
    )
