"""Columns that a person should look at: constant, identifiers, repeating, giving the target away."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.tree import DecisionTreeClassifier  # pyright: ignore[reportMissingTypeStubs]

from edgesmith_runtime.manifest import Task

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from edgesmith.preparation.columns import Column

__all__ = ["misread_numbers", "screen"]

MIN_ROWS = 20  # with fewer rows chance alone makes columns look so
IDENTIFIER_SHARE = 0.5  # a text that is another one in every second row
MAX_DISTINCT_SHARE = 0.25  # more distinct values than this fit any target by chance
REVEALING = 0.98  # of what a guess by the commonest class leaves open
MONOTONE = 0.9999
ODD_SHARE = 0.1  # so few texts among numbers are rather slips than categories


def screen(
    columns: Iterable[Column], targets: NDArray[Any], *, task: Task, target: str
) -> tuple[str, ...]:
    """Warnings on columns of the training split; nothing is dropped.

    Args:
        columns: Of the training split, before filling.
        targets: ``(row,)`` texts, or float64 in a regression.
        task: Decides what "gives the target away" means.
        target: Its name, for the message.
    """
    if len(targets) < MIN_ROWS:
        return ()
    codes = {column.name: column.as_codes() + 1 for column in columns}
    numbers = {column.name: column.numbers for column in columns}
    constant = [name for name in codes if len(np.unique(codes[name])) == 1]
    identifiers = [column.name for column in columns if _is_identifier(column)]
    open_names = [name for name in codes if name not in constant and name not in identifiers]
    reveals = _reveals_value if task is Task.REGRESSION else _reveals_class
    revealing = [name for name in open_names if reveals(codes[name], numbers[name], targets)]
    warnings: list[str] = []
    if constant:
        warnings.append(f"{_named(constant)}: one value only, nothing to learn from")
    if identifiers:
        warnings.append(
            f"{_named(identifiers)}: like an identifier, another value in most rows; "
            "the model would learn rows by heart; see source.drop"
        )
    if revealing:
        warnings.append(
            f"{_named(revealing)}: gives the target '{target}' away; if the device will not know "
            "it beforehand, add it to source.drop"
        )
    repeated = _repeats({name: codes[name] for name in open_names}, numbers)
    warnings += [f"{_named(names)}: repeat each other; one is enough" for names in repeated]
    return tuple(warnings)


def misread_numbers(columns: Iterable[Column]) -> tuple[str, ...]:
    """Warnings on columns that a few texts among their numbers turned into categories.

    Args:
        columns: Of the training split; those that the user named categories left out.
    """
    warnings: list[str] = []
    for column in columns:
        odd = [code for code, text in enumerate(column.texts) if not _is_number(text)]
        codes = column.as_codes()
        if odd and np.isin(codes, odd).sum() <= ODD_SHARE * (codes >= 0).sum():
            warnings.append(
                f"column '{column.name}': '{column.texts[odd[0]]}' is no number, so all of its "
                "cells are categories; mend the cell or name it in source.missing; or name the "
                "column in source.categories"
            )
    return tuple(warnings)


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _named(names: Iterable[str]) -> str:
    names = list(names)
    listed = ", ".join(f"'{name}'" for name in names)
    return f"column{'s' if len(names) > 1 else ''} {listed}"


def _is_identifier(column: Column) -> bool:
    """A text that is distinct in most rows, or a whole number that counts the rows."""
    codes = column.as_codes()
    present = codes >= 0
    n_present = int(present.sum())
    if n_present < MIN_ROWS:
        return False
    n_distinct = len(np.unique(codes[present]))
    if column.numbers is None:
        return n_distinct > IDENTIFIER_SHARE * n_present
    numbers = column.numbers[present]
    if n_distinct < n_present or not np.array_equal(numbers, np.rint(numbers)):
        return False
    steps = np.diff(numbers)
    is_dense = numbers.max() - numbers.min() < 2 * n_present
    return bool(is_dense or (steps > 0).all() or (steps < 0).all())


def _reveals_class(
    codes: NDArray[np.intp], numbers: NDArray[np.float64] | None, targets: NDArray[Any]
) -> bool:
    """Whether a value of the column as good as decides the class."""
    classes = np.unique(targets.astype(str), return_inverse=True)[1]
    n_classes = int(classes.max()) + 1
    if n_classes < 2:
        return False
    if len(np.unique(codes)) <= MAX_DISTINCT_SHARE * len(codes):
        counts = np.zeros((int(codes.max()) + 1, n_classes), np.intp)
        np.add.at(counts, (codes, classes), 1)
        return _decides(counts.max(axis=1).sum() / len(codes), classes)
    if numbers is None:
        return False
    present = ~np.isnan(numbers)
    column = numbers[present, None]
    # As many intervals as classes: what thresholds alone can do where there is a number.
    tree: Any = DecisionTreeClassifier(max_leaf_nodes=n_classes, random_state=0)
    return _decides(tree.fit(column, classes[present]).score(column, classes[present]), classes)


def _decides(share: float, classes: NDArray[np.intp]) -> bool:
    """Whether a share of right guesses leaves next to nothing open."""
    guessed = np.bincount(classes).max() / len(classes)
    return bool(share - guessed >= REVEALING * (1 - guessed))


def _reveals_value(
    codes: NDArray[np.intp], numbers: NDArray[np.float64] | None, targets: NDArray[Any]
) -> bool:
    """Whether the target is a rising or falling function of the column, or one of its categories."""
    values = targets.astype(np.float64)
    if values.std() == 0:
        return False
    if numbers is not None and not np.isnan(numbers).any():
        ranks = np.unique(numbers, return_inverse=True)[1]
        target_ranks = np.unique(values, return_inverse=True)[1]
        return abs(np.corrcoef(ranks, target_ranks)[0, 1]) >= MONOTONE
    if len(np.unique(codes)) > MAX_DISTINCT_SHARE * len(codes):
        return False
    counts = np.maximum(np.bincount(codes), 1)
    means = np.bincount(codes, values) / counts
    return bool(((values - means[codes]) ** 2).mean() <= (1 - MONOTONE) * values.var())


def _repeats(
    codes: Mapping[str, NDArray[np.intp]], numbers: Mapping[str, NDArray[np.float64] | None]
) -> list[list[str]]:
    """Groups of columns that are one another under other names for the values."""
    alike: dict[bytes, list[str]] = {}
    for name, column in codes.items():
        if len(np.unique(column)) <= MAX_DISTINCT_SHARE * len(column):
            _, first, inverse = np.unique(column, return_index=True, return_inverse=True)
            pattern = np.argsort(np.argsort(first))[inverse]  # values by first appearance
        elif numbers[name] is not None:
            # So many values pair up by chance; rising or falling together they do not.
            pattern = (
                column if column[0] <= column[-1] else column.max() + column.min() - column
            )
        else:
            continue
        alike.setdefault(pattern.astype(np.int64).tobytes(), []).append(name)
    return [names for names in alike.values() if len(names) > 1]
