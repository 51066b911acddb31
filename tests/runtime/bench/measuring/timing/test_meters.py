"""What a stretch of time cost, read from files as Linux has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgesmith_runtime.bench.measuring.timing.meters import Meters, Spent

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RANGE_UJ = 262_143_328_850


@pytest.fixture
def zone(tmp_path: Path) -> Callable[[str, str], Path]:
    """Make a zone of RAPL; its counter."""

    def make(folder: str, name: str) -> Path:
        place = tmp_path / "sys/class/powercap" / folder
        place.mkdir(parents=True)
        (place / "name").write_text(f"{name}\n")
        (place / "max_energy_range_uj").write_text(f"{RANGE_UJ}\n")
        return place / "energy_uj"

    return make


def test_energy_is_the_sum_of_the_packages_without_their_parts(
    zone: Callable[[str, str], Path], tmp_path: Path
) -> None:
    counted = [zone("intel-rapl:0", "package-0"), zone("intel-rapl:1", "package-1")]
    others = [
        zone("intel-rapl:0:0", "core"),
        zone("intel-rapl:2", "psys"),
        zone("intel-rapl-mmio:0", "package-0"),
    ]
    for counter in (*counted, *others):
        counter.write_text("1000\n")
    meters = Meters(root=tmp_path)

    start = meters.start()
    for counter, shown in zip((*counted, *others), (1500, 1020, 9000, 9000, 9000), strict=True):
        counter.write_text(f"{shown}\n")

    assert meters.since(start).energy_uj == 520


def test_a_counter_that_started_again_is_seen_through(
    zone: Callable[[str, str], Path], tmp_path: Path
) -> None:
    counter = zone("intel-rapl:0", "package-0")
    counter.write_text(f"{RANGE_UJ - 300}\n")
    meters = Meters(root=tmp_path)

    start = meters.start()
    counter.write_text("200\n")

    assert meters.since(start).energy_uj == 500


def test_without_a_counter_that_may_be_read_energy_is_not_known(
    zone: Callable[[str, str], Path], tmp_path: Path
) -> None:
    zone("intel-rapl:0", "package-0").write_text("1000\n")
    zone("intel-rapl:1", "package-1").mkdir()  # to read it fails, as without the rights
    meters = Meters(root=tmp_path)

    assert meters.since(meters.start()).energy_uj is None


def test_the_clock_is_read_next_to_what_is_measured(tmp_path: Path) -> None:
    read: list[str] = []
    walls, cpus = iter([100, 350]), iter([7, 30])

    def wall_ns() -> int:
        read.append("wall")
        return next(walls)

    def cpu_ns() -> int:
        read.append("cpu")
        return next(cpus)

    meters = Meters(root=tmp_path, wall_ns=wall_ns, cpu_ns=cpu_ns)

    spent = meters.since(meters.start())

    assert spent == Spent(wall_ns=250, cpu_ns=23, energy_uj=None)
    assert read == ["cpu", "wall", "wall", "cpu"]
