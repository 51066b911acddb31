"""Series to tensors: missing points, filters, length, scale and features, before normalization."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from edgesmith.config import SeriesConfig
from edgesmith.preparation.augmentation.series import OF_SERIES
from edgesmith.preparation.filling import STATISTICS
from edgesmith.preparation.filtering import filter_steps
from edgesmith.preparation.plan import Plan, has_tail, marked
from edgesmith_runtime.errors import ConfigError, DataError, InputError
from edgesmith_runtime.manifest import Step
from edgesmith_runtime.transforms import OPS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from edgesmith.config import Config
    from edgesmith.preparation.training_rows import TrainingRows

__all__ = ["series_plan"]

TENSOR = "features"


def series_plan(config: Config, training: TrainingRows) -> Plan:
    """Read, mend, filter, bring to one length, scale; features come after augmentation.

    Where series keep their lengths, which statistics alone can bear, they are what is cached.

    Raises:
        ConfigError: The lengths differ and nothing brings them to one, or a way to fill that is
            for tables.
        DataError: No training series can be read, or a channel has no point to fill from.
    """
    series = config.series or SeriesConfig()
    facts = _facts(config, series, training)
    is_free = facts.length is None
    head = _mended(series, facts, training.raw_input)
    head += filter_steps(
        config.cleaning.filters, source=head[-1].outputs[0], n_axes=2, default_axes=(0,)
    )
    head += _to_one_length(series, facts, head[-1].outputs[0])
    if series.per_window != "none":
        params: dict[str, object] = {"axes": [0], "method": series.per_window}
        head += (_step("standardize_sample", head[-1].outputs[0], "scaled", params),)
    rest = _features(series, head[-1].outputs[0])
    if is_free:
        _refuse_augmentation(config)
        head, rest = (*head, *rest), ()
    if not has_tail(config):
        last = (rest or head)[-1]
        ended = replace(last, outputs=(TENSOR,))
        head, rest = (head, (*rest[:-1], ended)) if rest else ((*head[:-1], ended), rest)
    cure = 'set series.length, and series.to_length = "resample" or "pad"'
    return Plan(
        head=marked(head),
        value=head[-1].outputs[0],
        rest=rest,
        tensor=TENSOR,
        cures=((f"expected {facts.length} points, got", cure),),
    )


def _refuse_augmentation(config: Config) -> None:
    for key in OF_SERIES:
        if getattr(config.augmentation, key):
            raise ConfigError(
                f"augmentation.{key}: acts on series of one length; set series.length, or leave "
                "it out"
            )


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the training series have in common; ``length`` is None where they keep their own."""

    channels: int
    length: int | None
    fill: tuple[float, ...]


def _facts(config: Config, series: SeriesConfig, training: TrainingRows) -> _Facts:
    """What most training series have; one that is otherwise is told, or skipped, by the cache."""
    n_by_channels: Counter[int] = Counter()
    lengths: dict[int, set[int]] = {}
    columns: dict[int, list[NDArray[np.float32]]] = {}
    for points in _read(training):
        n_channels = points.shape[1]
        n_by_channels[n_channels] += 1
        lengths.setdefault(n_channels, set()).add(len(points))
        if series.missing == "fill":
            columns.setdefault(n_channels, []).append(points)
    if not n_by_channels:
        raise DataError("no training series can be read")
    channels = (
        n_by_channels.most_common(1)[0][0] if series.channels is None else series.channels
    )
    if channels not in n_by_channels:
        found = " or ".join(str(n) for n in sorted(n_by_channels))
        raise ConfigError(
            f"series.channels: expected {found}, as the training series have, got {channels}"
        )
    fill: tuple[float, ...] = ()
    if series.missing == "fill":
        fill = _fill_values(config, np.concatenate(columns[channels]), training)
    return _Facts(channels, _length(series, lengths[channels]), fill)


def _read(training: TrainingRows) -> Iterator[NDArray[np.float32]]:
    """The training series that can be read; what cannot is told, or skipped, by the cache."""
    read = OPS["read_series"]()
    for chunk in training.chunks():
        for raw in chunk:
            try:
                yield read([raw])[0]
            except InputError:
                continue


def _length(series: SeriesConfig, lengths: set[int]) -> int | None:
    """Points of every tensor, or None where only statistics follow and lengths may differ."""
    is_free = set(series.features) == {"statistics"} and series.to_length == "exact"
    if is_free and series.length is None:
        return None
    if series.missing == "drop" and series.to_length == "exact":
        raise ConfigError(
            'series.to_length: "exact" does not go with missing = "drop", which leaves series '
            'of many lengths; take "resample" or "pad"'
        )
    if series.length is not None:
        if series.to_length == "exact" and series.length not in lengths:
            raise ConfigError(
                f"series.length: no training series has {series.length} points, they have "
                f'{_span(lengths)}; set to_length = "resample" or "pad", or leave the length out'
            )
        return series.length
    if len(lengths) > 1:
        raise ConfigError(
            f"series.length: missing; the training series have {_span(lengths)} "
            'points; set it, and to_length = "resample" or "pad"'
        )
    return next(iter(lengths))


def _span(lengths: set[int]) -> str:
    return " to ".join(str(length) for length in sorted({min(lengths), max(lengths)}))


def _fill_values(
    config: Config, points: NDArray[np.float32], training: TrainingRows
) -> tuple[float, ...]:
    way = config.cleaning.fill
    if isinstance(way, float):
        return (way,)
    if way not in STATISTICS:
        raise ConfigError(
            f"cleaning.fill: '{way}' is for tables; series take a number or one of "
            f"{', '.join(STATISTICS)}"
        )
    values: list[float] = []
    for channel in range(points.shape[1]):
        column = points[:, channel].astype(np.float64)
        present = column[~np.isnan(column)]
        if not len(present):
            raise DataError(
                f"'{training.raw_input}', channel {channel}: all points of the training split "
                "are missing"
            )
        values.append(STATISTICS[way](present))
    return tuple(values)


def _step(op: str, source: str, result: str, params: dict[str, object]) -> Step:
    return Step(op=op, inputs=(source,), outputs=(result,), params=params)


def _mended(series: SeriesConfig, facts: _Facts, raw_input: str) -> tuple[Step, ...]:
    """Read, and what is done about missing points."""
    is_exact = series.to_length == "exact" and facts.length is not None
    params: dict[str, object] = {"channels": facts.channels}
    if is_exact:
        params["length"] = facts.length
    read = _step("read_series", raw_input, "read", params)
    match series.missing:
        case "interpolate":
            gap: dict[str, object] = {}
            if series.max_gap is not None:
                gap = {"max_gap": series.max_gap}
            return read, _step("interpolate", "read", "mended", gap)
        case "fill":
            return read, _step("fill", "read", "mended", {"values": list(facts.fill)})
        case "drop":
            return read, _step("drop_missing_points", "read", "mended", {})
        case "error":
            return read, _step("interpolate", "read", "mended", {"max_gap": 0})


def _to_one_length(series: SeriesConfig, facts: _Facts, source: str) -> tuple[Step, ...]:
    if series.to_length == "exact":
        return ()
    params: dict[str, object] = {"length": facts.length}
    if series.to_length == "resample":
        return (_step("resample_series", source, "resampled", params),)
    params["pad"] = series.pad_with
    return (_step("fit_length_series", source, "fitted", params),)


def _features(series: SeriesConfig, source: str) -> tuple[Step, ...]:
    if series.features == ("raw",):
        return ()
    is_joined = len(series.features) > 1
    steps: list[Step] = []
    for feature in series.features:
        if feature == "statistics":
            params: dict[str, Any] = {"names": list(series.statistics)}
            steps.append(_step("statistics", source, feature, params))
        else:
            params = {"window": series.window, "log": feature == "log_spectrum"}
            params["flat"] = is_joined
            steps.append(_step("power_spectrum", source, feature, params))
    if is_joined:
        names = tuple(cast("tuple[str, ...]", series.features))
        steps.append(Step(op="concat", inputs=names, outputs=("joined",), params={}))
    return tuple(steps)
