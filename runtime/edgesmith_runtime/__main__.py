"""The command ``edgesmith-runtime``: predict, self-test, inspect, bench and doctor, without the toolkit."""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
import math
import os
import sys
import traceback
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from edgesmith_runtime.bundle import read_bundle
from edgesmith_runtime.errors import (
    BackendError,
    EdgesmithError,
    InputError,
    PortabilityWarning,
)
from edgesmith_runtime.manifest import Kind
from edgesmith_runtime.model import load
from edgesmith_runtime.overview import overview
from edgesmith_runtime.raw_files import read_arrays, read_raw_inputs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from edgesmith_runtime.decoding import Prediction
    from edgesmith_runtime.model import Model
    from edgesmith_runtime.raw_files import Given

__all__ = ["main"]

_TRIALS_SHOWN = 6
INTERRUPTED = 130  # 128 + SIGINT, as shells have it


class _Parser(argparse.ArgumentParser):
    """An argument parser whose complaint is one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message}; see {self.prog} --help\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: The words after the command's name; None takes those of this process.

    Returns:
        The exit code: 0 done, 1 the work failed, 2 wrong use or unreadable input,
        130 interrupted.
    """
    if (reconfigure := getattr(sys.stdout, "reconfigure", None)) is not None:
        # A file name need not be one in UTF-8, and a label need not exist in the terminal's code.
        reconfigure(errors="backslashreplace")
    arguments = _parser().parse_args(argv)
    command: Callable[[argparse.Namespace], int] = arguments.command
    try:
        code = command(arguments)
        sys.stdout.flush()  # here, where a closed pipe is still met with an answer
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our answers has seen enough; Python would complain while it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:  # noqa: BLE001 - told in one line, as promised
        if arguments.debug:
            traceback.print_exc()
        return _failed(error)
    else:
        return code


def _failed(error: Exception) -> int:
    if isinstance(error, EdgesmithError):
        print(f"error: {_one_line(str(error))}", file=sys.stderr)
        return error.exit_code
    what = f"{type(error).__name__}: {_one_line(str(error))}"
    print(f"error: {what}; this is a fault of ours, --debug shows where", file=sys.stderr)
    return 1


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _parser() -> _Parser:
    common = _Parser(add_help=False)
    common.add_argument("bundle", metavar="BUNDLE", help="NAME.edge or its unpacked directory")
    common.add_argument("--json", action="store_true", help="answer in JSON")
    common.add_argument("--debug", action="store_true", help="show the traceback of a failure")
    engine = _Parser(add_help=False)
    engine.add_argument("--threads", type=_count, metavar="N", help="threads of one run")
    artifact = _Parser(add_help=False)
    artifact.add_argument(
        "--artifact", metavar="A", help="file or format (onnx, tflite) instead of the default"
    )
    parser = _Parser(prog="edgesmith-runtime", description="Run a model bundle on this host.")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    predict = commands.add_parser(
        "predict", help="answer for raw inputs", parents=[common, artifact, engine]
    )
    predict.add_argument(
        "inputs",
        metavar="INPUT",
        nargs="+",
        help="image, audio, series: file or folder; table: .csv, .tsv, .jsonl; tensor: .npy, "
        ".npz; text: the words, @FILE or -",
    )
    predict.set_defaults(command=_predict)
    selftest = commands.add_parser(
        "selftest", help="replay the golden samples", parents=[common, artifact, engine]
    )
    selftest.set_defaults(command=_selftest)
    inspect = commands.add_parser("inspect", help="what is in a bundle", parents=[common])
    inspect.set_defaults(command=_inspect)
    bench = commands.add_parser(
        "bench", help="latency of the artifacts, and of Keras", parents=[common, engine]
    )
    bench.add_argument("--against", metavar="MODEL.keras", help="the original Keras model")
    bench.add_argument("--rounds", type=_count, metavar="N", help="fresh processes each")
    bench.set_defaults(command=_bench)
    doctor = commands.add_parser(
        "doctor",
        help="how an app's own preprocessing differs",
        parents=[common, artifact, engine],
    )
    doctor.add_argument(
        "--tensor", metavar="T.npy", required=True, help="what the app feeds to the model"
    )
    doctor.add_argument(
        "--raw", metavar="INPUT", required=True, help="the same raw input, as predict takes it"
    )
    doctor.add_argument(
        "--input", metavar="NAME", help="of the model's input that the tensor is for"
    )
    doctor.add_argument(
        "--budget",
        metavar="S",
        type=_seconds,
        default=10.0,
        help="seconds to search for several mistakes at once (10)",
    )
    doctor.set_defaults(command=_doctor)
    return parser


def _count(text: str) -> int:
    count = int(text) if text.isascii() and text.isdigit() else 0
    if count < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, got '{text}'")
    return count


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < math.inf:
        raise argparse.ArgumentTypeError(f"expected seconds from 0, got '{text}'")
    return seconds


def _loaded(arguments: argparse.Namespace) -> Model:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", PortabilityWarning)
        model = load(arguments.bundle, artifact=arguments.artifact, n_threads=arguments.threads)
    for warning in caught:
        print(f"warning: {_one_line(str(warning.message))}", file=sys.stderr)
    return model


def _predict(arguments: argparse.Namespace) -> int:
    model = _loaded(arguments)
    n_failed = 0
    rows: list[tuple[str, ...]] = []
    for given in read_raw_inputs(model.manifest.raw_inputs, arguments.inputs):
        answer = _answer(model, given)
        n_failed += isinstance(answer, EdgesmithError)
        if arguments.json:
            print(json.dumps({"input": given.name, **_answer_json(answer)}))
        else:
            rows.append((given.name, *_answer_cells(answer)))
    _print_table(rows)
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
        return {"error": _one_line(str(answer))}
    members = {
        field.name: getattr(answer, field.name)
        for field in dataclasses.fields(answer)
        if field.name != "outputs" and getattr(answer, field.name) is not None
    }
    if isinstance(answer.value, np.ndarray):
        members["value"] = answer.value.tolist()
    outputs = {name: _finite(array.tolist()) for name, array in answer.outputs.items()}
    return {**members, "outputs": outputs}


def _finite(value: Any) -> Any:
    """Nested lists of numbers with null where JSON has no number."""
    if isinstance(value, list):
        return [_finite(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
    return None if isinstance(value, float) and not np.isfinite(value) else value


def _answer_cells(answer: Prediction | EdgesmithError) -> tuple[str, ...]:
    if isinstance(answer, EdgesmithError):
        return (f"error: {_one_line(str(answer))}",)
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


def _print_table(rows: Iterable[tuple[str, ...]]) -> None:
    """Left-aligned columns; a row's last cell takes the room that it needs."""
    table = list(rows)
    widths: dict[int, int] = {}
    for row in table:
        for column, cell in enumerate(row[:-1]):
            widths[column] = max(widths.get(column, 0), len(cell))
    for row in table:
        cells = [cell.ljust(widths[column]) for column, cell in enumerate(row[:-1])]
        print("  ".join([*cells, row[-1]]).rstrip())


def _selftest(arguments: argparse.Namespace) -> int:
    model = _loaded(arguments)
    result = model.selftest()
    if arguments.json:
        print(json.dumps({"passed": True, **dataclasses.asdict(result)}))
        return 0
    way = "raw inputs" if result.started_from == "raw" else "stored tensors"
    print(f"passed: {result.n_samples} samples from {way} to outputs, {result.artifact}")
    if result.note is not None:
        print(f"note: the raw inputs were not read: {result.note}")
    return 0


def _inspect(arguments: argparse.Namespace) -> int:
    bundle = read_bundle(arguments.bundle)
    if arguments.json:
        members = {
            "bundle": arguments.bundle,
            "identity": bundle.identity,
            "size_bytes": bundle.size_bytes,
            "files": {name: len(content) for name, content in sorted(bundle.files.items())},
            "manifest": json.loads(bytes(bundle.files["manifest.json"])),
        }
        print(json.dumps(members, indent=2))
        return 0
    _print_table(overview(bundle))
    return 0


def _bench(arguments: argparse.Namespace) -> int:
    from edgesmith_runtime.bench import Plan, compare

    plan = Plan(n_threads=arguments.threads)
    if arguments.rounds is not None:
        plan = dataclasses.replace(plan, n_rounds=arguments.rounds)
    comparison = compare(
        arguments.bundle,
        against=arguments.against,
        plan=plan,
        progress=_show_progress,
    )
    if arguments.json:
        print(json.dumps(comparison.to_json()))
    else:
        print(comparison.table())
    if all(subject.problem is not None for subject in comparison.subjects):
        raise BackendError(
            f"{arguments.bundle}: nothing could be measured; the reasons stand above"
        )
    return 0


def _doctor(arguments: argparse.Namespace) -> int:
    from edgesmith_runtime.doctor import diagnose

    model = _loaded(arguments)
    try:
        tensor = read_arrays(Path(arguments.tensor), ["tensor"])["tensor"]
    except OSError as error:
        raise InputError(
            f"{arguments.tensor}: cannot be read: {error.strerror or error}"
        ) from error
    raw = _raw_of(model, arguments.raw, _n_rows(model, arguments.input, tensor))
    diagnosis = diagnose(model, tensor, raw, name=arguments.input, budget_s=arguments.budget)
    if arguments.json:
        print(json.dumps(diagnosis.to_json()))
    else:
        print(diagnosis.sentence)
        rows = [
            (f"{100 * trial.error:.3g} %", trial.words or "as it is")
            for trial in diagnosis.trials[:_TRIALS_SHOWN]
        ]
        _print_table([("difference", "the app"), *rows] if rows else [])
    return 1 if diagnosis.differs else 0


def _n_rows(model: Model, name: str | None, tensor: NDArray[Any]) -> int:
    """How many samples a tensor holds: 1 where it lacks the batch axis of the model's input."""
    axes = {len(spec.shape) for spec in model.signature.inputs if name in (None, spec.name)}
    return 1 if tensor.ndim + 1 in axes and tensor.ndim not in axes else len(tensor)


def _raw_of(model: Model, word: str, n_rows: int) -> object:
    """The raw input that a word stands for; of a table as many rows as the tensor has.

    Raises:
        InputError: It stands for none, for one that cannot be read, or for more or fewer than
            the tensor is of.
    """
    is_table = model.manifest.raw_inputs[0].kind is Kind.TABLE
    n_wanted = n_rows if is_table else 1
    # One more is enough to see that there are too many.
    found = list(
        itertools.islice(read_raw_inputs(model.manifest.raw_inputs, [word]), n_wanted + 1)
    )
    for given in found:
        if isinstance(given.raw, EdgesmithError):
            raise given.raw
    if not found:
        raise InputError(f"{word}: expected a raw input, found none")
    if is_table and len(found) != n_wanted:
        n_found = f"more than {n_wanted}" if len(found) > n_wanted else f"{len(found)}"
        raise InputError(
            f"{word}: expected as many rows as the tensor has, {n_wanted}, got {n_found}; give "
            "the rows that the tensor is of"
        )
    if not is_table and len(found) > 1:
        raise InputError(
            f"{word}: expected the one raw input that the tensor is of, got several "
            f"({found[0].name}, {found[1].name}, ...); name one"
        )
    raws = [given.raw for given in found]
    return raws if is_table else raws[0]


def _show_progress(n_done: int, n_processes: int, what: str) -> None:
    print(f"{n_done + 1} of {n_processes}  {what}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
