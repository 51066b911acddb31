"""Rows that are left out, and samples that stand in two splits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith.core import Dropped, Split
from edgesmith_runtime.manifest import Task

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from edgesmith.core import Dataset, Samples

__all__ = ["content_ids", "dropped_rows", "duplicates", "leaks", "with_target"]

N_EXAMPLES = 5


def with_target(dataset: Dataset, task: Task) -> NDArray[np.bool_]:
    """Which rows have a target."""
    if task is Task.REGRESSION:
        return ~np.isnan(dataset.targets.astype(np.float64))
    return np.array([target is not None for target in dataset.targets], bool)


def content_ids(samples: Samples, rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """A number for the content of each row: equal samples have equal ones."""
    seen: dict[bytes, int] = {}
    return np.array(
        [seen.setdefault(samples.key(int(row)), len(seen)) for row in rows], np.intp
    )


def duplicates(
    contents: NDArray[np.intp], targets: NDArray[Any], splits: NDArray[np.str_]
) -> tuple[NDArray[np.bool_], int]:
    """Copies within the training split.

    Returns:
        Which rows repeat an earlier training row, target included; and how many training rows
        have the content of an earlier one but another target.
    """
    repeats = np.zeros(len(contents), bool)
    first_targets: dict[int, set[object]] = {}
    n_conflicts = 0
    for row in np.flatnonzero(splits == Split.TRAIN):
        known = first_targets.setdefault(int(contents[row]), set())
        if targets[row] in known:
            repeats[row] = True
        elif known:
            n_conflicts += 1
        known.add(targets[row])
    return repeats, n_conflicts


def leaks(
    contents: NDArray[np.intp],
    splits: NDArray[np.str_],
    rows: NDArray[np.intp],
    samples: Samples,
) -> list[str]:
    """A warning for each two splits that share samples."""
    warnings: list[str] = []
    for part, other in (
        (Split.TEST, Split.TRAIN),
        (Split.VALIDATION, Split.TRAIN),
        (Split.TEST, Split.VALIDATION),
    ):
        shared = (splits == part) & np.isin(contents, contents[splits == other])
        n_shared = int(shared.sum())
        if n_shared:
            name = "training" if other is Split.TRAIN else str(other)
            places = _examples(samples, rows[shared])
            more = ", ..." if n_shared > len(places) else ""
            warnings.append(
                f"{n_shared} {part} sample{'s are' if n_shared > 1 else ' is'} also in {name}: "
                f"{', '.join(places)}{more}"
            )
    return warnings


def dropped_rows(
    reason: str, rows: NDArray[np.intp] | Sequence[int], samples: Samples
) -> Dropped:
    """The account's entry for some rows left out."""
    return Dropped(reason=reason, n_rows=len(rows), examples=_examples(samples, rows))


def _examples(samples: Samples, rows: NDArray[np.intp] | Sequence[int]) -> tuple[str, ...]:
    return tuple(samples.place(int(row)) for row in rows[:N_EXAMPLES])
