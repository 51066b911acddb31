"""What the machine tells of its state, from trees as Linux has them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from edgesmith_runtime.bench.conditions import Conditions, this_state
from edgesmith_runtime.host import allowed_cpus

if TYPE_CHECKING:
    from pathlib import Path

CPU = allowed_cpus()[0]


@pytest.fixture(autouse=True)
def one_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {CPU}, raising=False)


def _tree(top: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(text)
    return top


def test_frequency_and_governor_are_those_of_our_processors(tmp_path: Path) -> None:
    mine = f"sys/devices/system/cpu/cpu{CPU}/cpufreq"
    other = f"sys/devices/system/cpu/cpu{CPU + 1}/cpufreq"
    root = _tree(
        tmp_path,
        {
            f"{mine}/scaling_governor": "powersave\n",
            f"{mine}/cpuinfo_min_freq": "800000\n",
            f"{mine}/cpuinfo_max_freq": "3500000\n",
            f"{mine}/scaling_cur_freq": "1200000\n",
            f"{other}/cpuinfo_max_freq": "9900000\n",
        },
    )

    state = this_state(root=root)

    assert state.governor == "powersave"
    assert (state.min_mhz, state.mhz, state.max_mhz) == (800.0, 1200.0, 3500.0)


def test_stolen_time_is_a_part_of_all_time(tmp_path: Path) -> None:
    ticks = os.sysconf("SC_CLK_TCK")
    root = _tree(
        tmp_path,
        {
            "proc/stat": f"cpu  9 9 9 9 9 9 9 9 0 0\n"
            f"cpu{CPU} {ticks} 0 {ticks} {ticks} 0 0 0 {2 * ticks} 0 0\n"
            f"cpu{CPU + 1} 7 7 7 7 7 7 7 7 0 0\n"
        },
    )

    state = this_state(root=root)

    assert (state.counted_s, state.stolen_s) == (5.0, 2.0)


@pytest.mark.parametrize(
    ("group", "place", "stat"),
    [
        ("0::/a/b", "sys/fs/cgroup/a/cpu.stat", "throttled_usec 1500000"),
        (
            "4:cpu,cpuacct:/a",
            "sys/fs/cgroup/cpu,cpuacct/a/cpu.stat",
            "throttled_time 1500000000",
        ),
    ],
)
def test_quotas_that_were_used_up_are_counted(
    tmp_path: Path, group: str, place: str, stat: str
) -> None:
    root = _tree(
        tmp_path,
        {"proc/self/cgroup": f"{group}\n", place: f"nr_periods 40\nnr_throttled 7\n{stat}\n"},
    )

    state = this_state(root=root)

    assert (state.n_throttled, state.throttled_s) == (7, 1.5)


def test_one_hierarchy_with_two_names_counts_once(tmp_path: Path) -> None:
    stat = "nr_periods 40\nnr_throttled 7\nthrottled_time 1500000000\n"
    mount = "sys/fs/cgroup"
    root = _tree(
        tmp_path,
        {"proc/self/cgroup": "4:cpu,cpuacct:/a\n", f"{mount}/cpu,cpuacct/a/cpu.stat": stat},
    )
    (root / mount / "cpu").symlink_to("cpu,cpuacct")

    state = this_state(root=root)

    assert (state.n_throttled, state.throttled_s) == (7, 1.5)


def test_groups_around_ours_count_for_their_own_limits(tmp_path: Path) -> None:
    stat = "nr_periods 40\nnr_throttled 7\nthrottled_usec 1500000\n"
    files = {f"sys/fs/cgroup/{group}/cpu.stat": stat for group in ("a", "a/b")}
    root = _tree(tmp_path, {"proc/self/cgroup": "0::/a/b\n", **files})

    assert this_state(root=root).n_throttled == 14


@pytest.mark.parametrize(
    ("lists", "expected"),
    [
        ({"core_cpus_list": ("0-1", "0-1", "2-3")}, 9),
        ({"thread_siblings_list": ("0-1", "0-1", "2-3")}, 9),
        ({}, 13),
    ],
    ids=["siblings", "old kernel", "not told"],
)
def test_heat_is_counted_once_a_core(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    lists: dict[str, tuple[str, ...]],
    expected: int,
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2}, raising=False)
    folder = "sys/devices/system/cpu"
    counters = {
        f"{folder}/cpu{cpu}/thermal_throttle/core_throttle_count": f"{count}\n"
        for cpu, count in enumerate((4, 4, 5))
    }
    topology = {
        f"{folder}/cpu{cpu}/topology/{name}": f"{siblings}\n"
        for name, cores in lists.items()
        for cpu, siblings in enumerate(cores)
    }

    assert this_state(root=_tree(tmp_path, {**counters, **topology})).n_thermal == expected


def test_heat_is_counted(tmp_path: Path) -> None:
    folder = f"sys/devices/system/cpu/cpu{CPU}/thermal_throttle"
    root = _tree(tmp_path, {f"{folder}/core_throttle_count": "3\n"})

    assert this_state(root=root).n_thermal == 3


def test_what_the_machine_does_not_tell_is_not_known(tmp_path: Path) -> None:
    assert this_state(root=tmp_path) == Conditions()


def test_conditions_survive_json_and_a_field_that_is_missing() -> None:
    state = Conditions(governor="performance", n_throttled=3)

    assert Conditions.from_json(state.to_json()) == state
    assert Conditions.from_json({}) == Conditions()
