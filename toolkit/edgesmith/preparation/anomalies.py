"""Normal and abnormal samples: which are kept, and that only the test split holds abnormal ones."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith.core import Split
from edgesmith.ordering import naturally_sorted
from edgesmith.preparation.splitting import Units, assign_splits
from edgesmith_runtime.errors import ConfigError, DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgesmith.config import AnomalyConfig, SplitConfig
    from edgesmith.preparation.selection import Selection

__all__ = [
    "drop_abnormal",
    "drop_unnamed",
    "is_abnormal",
    "splits_of_normal_first",
]


def is_abnormal(targets: NDArray[Any], config: AnomalyConfig) -> NDArray[np.bool_]:
    """Which samples are abnormal, ``(n,)``; labels in neither list are gone by then."""
    return ~np.isin(targets.astype(str), config.normal)


def drop_unnamed(selection: Selection, config: AnomalyConfig) -> None:
    """Leave out what is neither normal nor abnormal.

    Raises:
        ConfigError: A listed label is on no sample.
    """
    targets = selection.targets.astype(str)
    present = set(targets.tolist())
    named = (("normal", config.normal), ("abnormal", config.abnormal or ()))
    for key, labels in named:
        for label in labels:
            if label not in present:
                raise ConfigError(
                    f"anomaly.{key}: no sample is labelled {_unknown(label, present)}"
                )
    if config.abnormal is not None:
        unnamed = ~np.isin(targets, [*config.normal, *config.abnormal])
        selection.drop(unnamed, "label neither normal nor abnormal", is_asked=True)


def _unknown(label: str, present: set[str]) -> str:
    close = get_close_matches(label, present, n=1)
    hint = f"did you mean '{close[0]}'?" if close else ""
    return f"'{label}'; {hint or 'the labels are ' + ', '.join(naturally_sorted(present))}"


def splits_of_normal_first(
    selection: Selection, units: Units, anomaly: AnomalyConfig, split: SplitConfig, *, seed: int
) -> NDArray[np.str_]:
    """A split for every sample: normal ones as always, and abnormal ones where they are of use.

    An abnormal sample without a given split tests where the test split is drawn here: nothing
    learns from it. Groups are not torn: where there are some, they are drawn with all that is in
    them.

    Args:
        selection: The rows with their given splits.
        units: What stays together.
        anomaly: The ``[anomaly]`` section.
        split: The ``[split]`` section.
        seed: Of the draws.

    Raises:
        DataError: No normal sample trains; or as ``assign_splits``.
    """
    given, targets = selection.splits, selection.targets
    normal = ~is_abnormal(targets, anomaly)
    if not np.isin(given[normal], ["", Split.TRAIN]).any():
        raise DataError("no normal training sample: all of them are in validation or test")
    if units.grouped:
        return assign_splits(given, None, units, split, seed=seed)
    splits = given.copy()
    splits[normal] = assign_splits(
        given[normal],
        targets[normal] if split.stratify else None,
        Units(units.ids[normal], grouped=False),
        split,
        seed=seed,
    )
    is_drawn = Split.TEST not in given and Split.TEST in splits
    splits[~normal & (given == "")] = Split.TEST if is_drawn else Split.TRAIN
    return splits


def drop_abnormal(selection: Selection, config: AnomalyConfig) -> None:
    """Leave abnormal samples out of training and validation, and say where none are left to test."""
    for part, name in ((Split.TRAIN, "training"), (Split.VALIDATION, "validation")):
        which = is_abnormal(selection.targets, config) & (selection.splits == part)
        selection.drop(which, f"abnormal, in the {name} split", is_asked=True)
    abnormal = is_abnormal(selection.targets, config)[selection.splits == Split.TEST]
    for name, is_there in (("normal", (~abnormal).any()), ("abnormal", abnormal.any())):
        if len(abnormal) and not is_there:
            selection.warnings.append(f"no {name} test sample: nothing can be scored")
