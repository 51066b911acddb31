"""The steps of preparation in order, and the account that they leave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, assert_never, cast

import numpy as np

from edgesmith.core import Account, Prepared, PreparedSplit, Split
from edgesmith.ordering import naturally_sorted
from edgesmith.preparation.anomalies import (
    drop_abnormal,
    drop_unnamed,
    is_abnormal,
    splits_of_normal_first,
)
from edgesmith.preparation.answers import (
    class_output,
    encoded_targets,
    score_output,
    value_output,
)
from edgesmith.preparation.audio_program import audio_plan
from edgesmith.preparation.augmentation import make_augment, needs_spread
from edgesmith.preparation.cache import cached_splits, size_warnings
from edgesmith.preparation.dropping import content_ids, duplicates, leaks, with_target
from edgesmith.preparation.image_program import image_plan
from edgesmith.preparation.plan import marked, tail_steps, value_spread
from edgesmith.preparation.selection import Selection
from edgesmith.preparation.series_program import series_plan
from edgesmith.preparation.splitting import Units, assign_splits, check_classes
from edgesmith.preparation.suitability import checked_kind
from edgesmith.preparation.table_rows import TableRows
from edgesmith.preparation.tensor_program import tensor_plan
from edgesmith.preparation.text_program import text_plan
from edgesmith.preparation.training_rows import TrainingRows
from edgesmith_runtime.errors import DataError
from edgesmith_runtime.manifest import Kind, Task
from edgesmith_runtime.spec import TensorSpec
from edgesmith_runtime.transforms import Transform

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from edgesmith.config import Config
    from edgesmith.core import Dataset, Progress
    from edgesmith.preparation.cache import CachedSplit
    from edgesmith.preparation.plan import Plan
    from edgesmith.store import Store
    from edgesmith_runtime.manifest import Output

__all__ = ["prepare"]

UNREADABLE = "not readable"


def prepare(
    dataset: Dataset, config: Config, *, directory: Path, progress: Progress
) -> Prepared:
    """Drop, split, fit on the training split, and cache what training reads.

    Args:
        dataset: As a source gives it.
        config: The whole configuration.
        directory: Of the build; ``cache/`` in it is reused while what made it is the same.
        progress: Shown while samples are read.

    Raises:
        DataError: Nothing is left to learn from, a class is too small or lacks in training, a
            sample cannot be read, or values are missing after cleaning.
        ConfigError: A setting does not go with the kind of data.
    """
    kind = checked_kind(dataset, config)
    selection = Selection(dataset)
    contents = _split(dataset, config, selection, kind)
    table = TableRows(dataset, config, selection) if kind is Kind.TABLE else None
    if table is not None:
        table.drop_missing(selection)
    _drop_duplicates(dataset, config, selection, contents)
    if config.task is Task.CLASSIFICATION:
        check_classes(selection.targets, selection.splits)
    if table is not None:
        selection.warnings += table.warnings(selection)
        plan = table.plan(selection, dataset.raw_inputs[0].name)
    else:
        plan = _plan(TrainingRows(dataset, selection.of(Split.TRAIN)), config, kind)
    selection.warnings += plan.warnings
    cached = cached_splits(
        dataset,
        plan,
        selection.by_split(),
        source=config.source,
        directory=directory,
        on_error=config.cleaning.on_error,
        progress=progress,
    )
    _drop_unreadable(config, selection, cached)
    selection.warnings += size_warnings(cached)
    return _prepared(dataset, config, selection, plan, cached)


def _split(
    dataset: Dataset, config: Config, selection: Selection, kind: Kind
) -> NDArray[np.intp]:
    """Drop rows without a target, give the others their splits; returns content ids by row.

    Equal images or tensors are one recording and stay in one split; equal table rows may well be
    different things that look alike, and are drawn one by one.
    """
    selection.drop(~with_target(dataset, config.task), "no target")
    if not len(selection.rows):
        raise DataError("the source has no rows")
    if config.anomaly is not None:
        drop_unnamed(selection, config.anomaly)
    contents = np.full(len(dataset.samples), -1, np.intp)
    contents[selection.rows] = content_ids(dataset.samples, selection.rows)
    if dataset.groups is not None:
        units = Units(dataset.groups[selection.rows].astype(str), grouped=True)
    elif kind is Kind.TABLE:
        units = Units(np.arange(len(selection.rows)), grouped=False)
    else:
        units = Units(contents[selection.rows], grouped=False)
    if config.anomaly is not None:
        selection.splits = splits_of_normal_first(
            selection, units, config.anomaly, config.split, seed=config.seed
        )
        drop_abnormal(selection, config.anomaly)
    else:
        is_stratified = config.task is Task.CLASSIFICATION and config.split.stratify
        selection.splits = assign_splits(
            selection.splits,
            selection.targets if is_stratified else None,
            units,
            config.split,
            seed=config.seed,
        )
    if Split.TEST not in selection.splits:
        selection.warnings.append("no test split: nothing can be scored")
    return contents


def _drop_duplicates(
    dataset: Dataset, config: Config, selection: Selection, contents: NDArray[np.intp]
) -> None:
    """Copies within training go; copies across splits and conflicting targets give warnings."""
    repeats, n_conflicts = duplicates(
        contents[selection.rows], selection.targets, selection.splits
    )
    if config.cleaning.drop_duplicates:
        selection.drop(repeats, "copy of another training row")
    if n_conflicts and config.task is Task.CLASSIFICATION:
        selection.warnings.append(
            f"{n_conflicts} training rows equal another one in content and differ in target"
        )
    selection.warnings += leaks(
        contents[selection.rows], selection.splits, selection.rows, dataset.samples
    )


def _plan(training: TrainingRows, config: Config, kind: Kind) -> Plan:
    match kind:
        case Kind.IMAGE:
            return image_plan(config, training.raw_input)
        case Kind.AUDIO:
            return audio_plan(config, training)
        case Kind.TEXT:
            return text_plan(config, training)
        case Kind.SERIES:
            return series_plan(config, training)
        case Kind.TENSOR:
            first = cast("NDArray[Any]", training.first())
            return tensor_plan(config, training.raw_input, first.shape)
        case Kind.TABLE:
            raise ValueError("a table is planned by its columns")
        case _:
            assert_never(kind)


def _drop_unreadable(
    config: Config, selection: Selection, cached: dict[Split, CachedSplit]
) -> None:
    """Note the rows that the cache has not; the classes must bear it."""
    readable = np.concatenate([part.rows for part in cached.values()])
    unreadable = ~np.isin(selection.rows, readable)
    if unreadable.any():
        selection.drop(unreadable, UNREADABLE)
        if config.task is Task.CLASSIFICATION:
            check_classes(selection.targets, selection.splits)


def _prepared(
    dataset: Dataset,
    config: Config,
    selection: Selection,
    plan: Plan,
    cached: dict[Split, CachedSplit],
) -> Prepared:
    stored = cached[Split.TRAIN].store
    spread = np.zeros(1, np.float32)
    kind = dataset.raw_inputs[0].kind
    if needs_spread(config.augmentation):
        over = "all" if kind in (Kind.IMAGE, Kind.AUDIO) else "last_axis"
        spread = value_spread(plan, stored, over=over)
    augment = make_augment(config.augmentation, kind, spread, unknown_token=plan.unknown_token)
    head = plan.head if augment is None else marked(plan.head)
    steps = (*head, *plan.rest, *tail_steps(plan, stored, config))
    names = tuple(raw.name for raw in dataset.raw_inputs)
    transform = Transform(steps, names, plan.assets)
    trained = dataset.targets[cached[Split.TRAIN].rows]
    output = _output(trained, config)
    splits = {
        split: PreparedSplit(
            store=part.store,
            targets=_targets(dataset.targets[part.rows], output, config),
            rows=part.rows,
        )
        for split, part in cached.items()
    }
    return Prepared(
        task=config.task,
        raw_inputs=dataset.raw_inputs,
        transform=transform,
        inputs=(_tensor_spec(transform, plan, stored),),
        output=output,
        splits=splits,
        augment=augment,
        account=_account(dataset, config, selection, plan, splits, output),
        n_tokens=plan.n_tokens,
    )


def _output(trained: NDArray[Any], config: Config) -> Output:
    match config.task:
        case Task.CLASSIFICATION:
            return class_output(trained)
        case Task.REGRESSION:
            return value_output(trained, config)
        case Task.ANOMALY:
            return score_output()
        case Task.TENSOR:
            raise ValueError("outputs that mean nothing cannot be learned")
        case _:
            assert_never(config.task)


def _targets(targets: NDArray[Any], output: Output, config: Config) -> NDArray[Any]:
    if config.anomaly is not None:
        return is_abnormal(targets, config.anomaly).astype(np.int64)
    return encoded_targets(targets, output)


def _tensor_spec(transform: Transform, plan: Plan, stored: Store) -> TensorSpec:
    _, rest = transform.split()
    tensor = cast("NDArray[Any]", rest(stored.read(slice(0, 1)))[plan.tensor])
    return TensorSpec(plan.tensor, str(tensor.dtype), ("batch", *tensor.shape[1:]))


def _account(
    dataset: Dataset,
    config: Config,
    selection: Selection,
    plan: Plan,
    splits: Mapping[Split, PreparedSplit],
    output: Output,
) -> Account:
    labels = output.labels or ()
    if config.anomaly is not None:
        labels = naturally_sorted({str(target) for target in selection.targets})
    balance: dict[Split, Mapping[str, int]] = {}
    for split, part in splits.items() if labels else ():
        names, counts = np.unique(dataset.targets[part.rows].astype(str), return_counts=True)
        found = dict(zip(names.tolist(), counts.tolist(), strict=True))
        balance[split] = {label: found.get(label, 0) for label in labels}
    return Account(
        n_read=len(dataset.samples),
        dropped=tuple(selection.dropped),
        filled=plan.filled,
        balance=balance,
        n_by_split={split: len(part) for split, part in splits.items()},
        warnings=tuple(selection.warnings),
    )
