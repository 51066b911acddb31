"""``edgesmith-runtime doctor``: how an app's own preprocessing differs."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgesmith_runtime.commands.options import artifact, common, engine, seconds, trust
from edgesmith_runtime.commands.showing import loaded, print_table
from edgesmith_runtime.errors import EdgesmithError, InputError
from edgesmith_runtime.manifest import Kind
from edgesmith_runtime.raw_files import read_arrays, read_raw_inputs

if TYPE_CHECKING:
    import argparse

    from numpy.typing import NDArray

    from edgesmith_runtime.commands.options import Commands
    from edgesmith_runtime.model import Model

__all__ = ["add", "run"]

_TRIALS_SHOWN = 6


def add(commands: Commands) -> None:
    """Put the command among the others."""
    parser = commands.add_parser(
        "doctor",
        help="how an app's own preprocessing differs",
        parents=[common(), artifact(), engine(), trust()],
    )
    parser.add_argument(
        "--tensor", metavar="T.npy", required=True, help="what the app feeds to the model"
    )
    parser.add_argument(
        "--raw", metavar="INPUT", required=True, help="the same raw input, as predict takes it"
    )
    parser.add_argument(
        "--input", metavar="NAME", help="of the model's input that the tensor is for"
    )
    parser.add_argument(
        "--budget",
        metavar="S",
        type=seconds,
        default=10.0,
        help="seconds to search for several mistakes at once (10)",
    )
    parser.set_defaults(command=run)


def run(arguments: argparse.Namespace) -> int:
    """The command; its exit code."""
    from edgesmith_runtime.doctor import diagnose

    model = loaded(arguments)
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
        print_table([("difference", "the app"), *rows] if rows else [])
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
