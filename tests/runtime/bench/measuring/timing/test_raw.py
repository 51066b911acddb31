"""Whole predictions, each raw input in turn."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from edgesmith_runtime.bench.measuring.timing.clock import Clock
from edgesmith_runtime.bench.measuring.timing.raw import RawCalls, least_seconds, time_raw
from edgesmith_runtime.loading import load

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from edgesmith_runtime.bench.effort import Effort


def test_raw_inputs_take_turns_and_every_turn_is_whole(
    tiny_bundle_path: Path, tiny_features: NDArray[np.float32], effort: Effort
) -> None:
    model, seen = load(tiny_bundle_path), list[int]()
    raws = list(enumerate(tiny_features[:3]))

    def predict(raw: object) -> object:
        assert isinstance(raw, tuple)
        seen.append(raw[0])
        return model.predict(raw[1])

    calls = RawCalls(raws=raws, check=lambda: None, predict=predict, record=model.record)
    now_ns = itertools.count(step=10_000_000).__next__  # two readings a call

    series = time_raw(calls, 1, effort, Clock(now_ns=now_ns))

    n_timed = len(series.measurement.latencies_ns)
    assert n_timed == 48  # of the 50 that fit
    assert seen == [index % 3 for index in range(series.measurement.n_warmup + n_timed)]


def test_every_timed_call_has_its_stages(
    tiny_bundle_path: Path, tiny_features: NDArray[np.float32], effort: Effort
) -> None:
    model = load(tiny_bundle_path)
    calls = RawCalls(
        raws=list(tiny_features),
        check=lambda: None,
        predict=model.predict,
        record=model.record,
    )

    series = time_raw(calls, 1, effort, Clock())

    latencies_ns = series.measurement.latencies_ns
    assert set(series.stages_ns) == {"wait", "decode", "prepare", "infer", "answer"}
    assert {len(taken) for taken in series.stages_ns.values()} == {len(latencies_ns)}
    spent = [sum(taken) for taken in zip(*series.stages_ns.values(), strict=True)]
    assert all(0 < parts <= whole for parts, whole in zip(spent, latencies_ns, strict=True))


def test_more_raw_inputs_than_calls_fit_are_all_called_once(
    tiny_bundle_path: Path, tiny_features: NDArray[np.float32], effort: Effort
) -> None:
    model = load(tiny_bundle_path)
    calls = RawCalls(
        raws=list(tiny_features) * 3,
        check=lambda: None,
        predict=model.predict,
        record=model.record,
    )
    now_ns = itertools.count(step=1_000_000_000).__next__

    series = time_raw(calls, 1, effort, Clock(now_ns=now_ns))

    assert len(series.measurement.latencies_ns) == 15


def test_the_fewest_calls_are_made_up_to_whole_turns(
    tiny_bundle_path: Path, tiny_features: NDArray[np.float32], effort: Effort
) -> None:
    model = load(tiny_bundle_path)
    calls = RawCalls(
        raws=list(tiny_features)[:4],
        check=lambda: None,
        predict=model.predict,
        record=model.record,
    )
    now_ns = itertools.count(step=1_000_000_000).__next__

    series = time_raw(calls, 1, effort, Clock(now_ns=now_ns))

    assert effort.min_calls == 5
    assert len(series.measurement.latencies_ns) == 8


def test_no_pause_is_planned(effort: Effort) -> None:
    assert least_seconds(1, effort) == 0
