"""Settings, and the series that are measured under them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from edgesmith_runtime.bench.phases import Phase, Series, Setting
from edgesmith_runtime.latency import Measurement

if TYPE_CHECKING:
    from edgesmith_runtime.host import Host


@pytest.mark.parametrize(
    ("setting", "key", "text", "batch"),
    [
        (Setting(Phase.STEADY, 32), "steady:32", "batch 32", 32),
        (Setting(Phase.RAW), "raw:1", "raw input", 1),
        (Setting(Phase.IDLE, 0.5), "idle:0.5", "after 0.5 s idle", 1),
        (Setting(Phase.PACED, 100), "paced:100", "at 100 Hz", 1),
        (Setting(Phase.PACED, 33.333333), "paced:33.333333", "at 33.333333 Hz", 1),
        (Setting(Phase.PACED, 33.333334), "paced:33.333334", "at 33.333334 Hz", 1),
        (Setting(Phase.STEADY, 1_234_567), "steady:1234567", "batch 1234567", 1_234_567),
        (Setting(Phase.CONCURRENT, 4), "concurrent:4", "4 callers", 1),
        (Setting(Phase.SUSTAINED, 120), "sustained:120", "120 s on end", 1),
    ],
)
def test_a_setting_has_a_key_a_text_and_a_batch(
    setting: Setting, key: str, text: str, batch: int
) -> None:
    assert (setting.key, str(setting), setting.batch) == (key, text, batch)
    assert Setting.from_key(key) == setting


def test_a_series_survives_json(made_up_host: Host) -> None:
    series = Series(
        measurement=Measurement(latencies_ns=(5, 7), n_warmup=3, host=made_up_host),
        begins_ns=(0, 9),
        n_untimed=8,
        stages_ns={"infer": (4, 6)},
        wall_ns=20,
        cpu_ns=30,
        energy_uj=None,
        memory_bytes=1 << 20,
        is_stable=False,
    )

    assert Series.from_json(json.loads(json.dumps(series.to_json())), made_up_host) == series
    assert series.n_calls == 10
