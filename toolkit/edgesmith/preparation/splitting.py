"""Which sample trains, validates and tests: given splits win, the rest is drawn, seeded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.model_selection import (  # pyright: ignore[reportMissingTypeStubs]
    ShuffleSplit,
    StratifiedShuffleSplit,
)

from edgesmith.core import Split
from edgesmith_runtime.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgesmith.config import SplitConfig

__all__ = ["Units", "assign_splits", "check_classes"]


@dataclass(frozen=True, slots=True)
class Units:
    """What stays together when a split is drawn.

    Args:
        ids: ``(n,)``, equal within a unit.
        grouped: Units are groups by configuration: the share is one of groups, unstratified.
    """

    ids: NDArray[Any]
    grouped: bool


def assign_splits(
    given: NDArray[np.str_],
    labels: NDArray[Any] | None,
    units: Units,
    config: SplitConfig,
    *,
    seed: int,
) -> NDArray[np.str_]:
    """A split for every sample.

    Where no test split is given, it is drawn from the samples without a given split; where no
    validation split is given, it is drawn from what then trains.

    Args:
        given: ``(n,)`` splits, "" where open.
        labels: ``(n,)`` classes whose balance is kept, or None.
        units: What stays together.
        config: The ``[split]`` section.
        seed: Of the draws.

    Raises:
        DataError: A class is too small to be in two splits (named), or nothing is left to train.
    """
    splits = given.copy()
    is_open = splits == ""
    splits[is_open] = Split.TRAIN
    if Split.TEST not in given and config.test > 0 and is_open.any():
        drawn = _drawn(np.flatnonzero(is_open), labels, units, config.test, seed)
        splits[drawn] = Split.TEST
    if Split.TRAIN not in splits:
        raise DataError("no training split: every row is given to validation or test")
    if Split.VALIDATION not in given and config.validation > 0:
        training = np.flatnonzero(splits == Split.TRAIN)
        drawn = _drawn(training, labels, units, config.validation, seed)
        splits[drawn] = Split.VALIDATION
    return splits


def _drawn(
    rows: NDArray[np.intp],
    labels: NDArray[Any] | None,
    units: Units,
    share: float,
    seed: int,
) -> NDArray[np.intp]:
    """Some of the rows, whole units of them."""
    _, first, unit_of = np.unique(units.ids[rows], return_index=True, return_inverse=True)
    if len(first) < 2:
        thing = "group" if units.grouped else "distinct sample"
        raise DataError(f"{len(first)} {thing} cannot be split; at least 2 are needed")
    unit_labels = None if labels is None or units.grouped else labels[rows[first]]
    if unit_labels is not None:
        _check_stratifiable(unit_labels, share, is_rest=len(rows) < len(units.ids))
    kind = ShuffleSplit if unit_labels is None else StratifiedShuffleSplit
    splitter: Any = kind(n_splits=1, test_size=share, random_state=seed)
    try:
        _, chosen = next(splitter.split(first, unit_labels))
    except ValueError as error:
        raise DataError(f"{len(first)} samples cannot be split: {error}") from error
    return rows[np.isin(unit_of, chosen)]


def _check_stratifiable(labels: NDArray[Any], share: float, *, is_rest: bool) -> None:
    names, counts = np.unique(labels.astype(str), return_counts=True)
    if counts.min() < 2:
        name = names[counts.argmin()]
        left = " left beside the other splits" if is_rest else ""
        raise DataError(
            f"class '{name}' has one sample{left}, which cannot be in two splits; "
            "add samples, leave the class out, or set split.stratify = false"
        )
    n_drawn = int(np.ceil(share * len(labels)))
    if n_drawn < len(names) or len(labels) - n_drawn < len(names):
        raise DataError(
            f"a share of {share} of {len(labels)} samples cannot hold each of {len(names)} "
            "classes in both splits; change the share, or set split.stratify = false"
        )


def check_classes(targets: NDArray[Any], splits: NDArray[np.str_]) -> None:
    """Refuse classes that cannot be learned or scored.

    Raises:
        DataError: A class with one sample, a label that training lacks, or one class alone.
    """
    names, counts = np.unique(targets.astype(str), return_counts=True)
    if counts.min() < 2:
        raise DataError(
            f"class '{names[counts.argmin()]}' has one sample; add samples or leave the class out"
        )
    trained = set(targets[splits == Split.TRAIN])
    for part in (Split.VALIDATION, Split.TEST):
        of_part = targets[splits == part]
        lacking = sorted(set(of_part) - trained)
        if lacking:
            n_samples = int((of_part == lacking[0]).sum())
            raise DataError(
                f"label '{lacking[0]}' is in the {part} split ({n_samples} samples) and missing "
                "from training"
            )
    if len(trained) < 2:
        raise DataError(f"expected two classes or more, got '{names[0]}' alone")
