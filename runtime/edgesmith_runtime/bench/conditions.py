"""The state of the machine at one moment: what may change while a comparison runs."""

from __future__ import annotations

import dataclasses
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgesmith_runtime.host import allowed_cpus, cpu_groups

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Conditions", "this_state"]

# The columns of a processor in /proc/stat (proc_stat(5)): user, nice, system, idle, iowait, irq,
# softirq, steal; guest time stands in user already.
_STEAL, _N_COLUMNS = 7, 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """Settings and counters of the machine; ``None`` where it does not tell.

    The counters run since the machine or the control group was started: what happened meanwhile
    is the difference of two states.

    Args:
        governor: How the frequency is chosen, e.g. ``performance``; several with commas between
            where the processors of this process differ.
        min_mhz: Lowest frequency of the processors that this process may run on.
        max_mhz: Highest.
        mhz: Their median frequency at this moment.
        counted_s: Time of these processors, idle or not, all together.
        stolen_s: Of that, what the hypervisor gave to others while this machine wanted it.
        n_throttled: Periods in which the quota of the control group, or of one around it, was
            used up, so that its processes stood still until the next.
        throttled_s: How long they stood still, all processors together.
        n_thermal: Times that the cores slowed themselves down because of heat, all together.
    """

    governor: str | None = None
    min_mhz: float | None = None
    max_mhz: float | None = None
    mhz: float | None = None
    counted_s: float | None = None
    stolen_s: float | None = None
    n_throttled: int | None = None
    throttled_s: float | None = None
    n_thermal: int | None = None

    def to_json(self) -> dict[str, Any]:
        """The fields by name."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, members: Mapping[str, Any]) -> Conditions:
        """Read what ``to_json`` gave; a field that it lacks is not known."""
        return cls(**{field.name: members.get(field.name) for field in dataclasses.fields(cls)})


def this_state(*, root: str | os.PathLike[str] = "/") -> Conditions:
    """The state of this machine now, for the processors that this process may run on.

    Args:
        root: Where ``proc`` and ``sys`` are.
    """
    top = Path(root)
    cpus = allowed_cpus()
    folders = [top / f"sys/devices/system/cpu/cpu{cpu}" for cpu in cpus]
    counted_s, stolen_s = _accounted(top, cpus)
    n_throttled, throttled_s = _throttled(cpu_groups(root=root))
    # In kHz: Linux Documentation/admin-guide/pm/cpufreq.rst, cpuinfo_min_freq and so on
    lowest, highest, now = (
        [khz / 1e3 for khz in _numbers(folder / "cpufreq" / name for folder in folders)]
        for name in ("cpuinfo_min_freq", "cpuinfo_max_freq", "scaling_cur_freq")
    )
    governors = {_text(folder / "cpufreq/scaling_governor").strip() for folder in folders}
    n_thermal = _times_too_hot(folders)
    return Conditions(
        governor=",".join(sorted(governors - {""})) or None,
        min_mhz=min(lowest, default=None),
        max_mhz=max(highest, default=None),
        mhz=sorted(now)[len(now) // 2] if now else None,
        counted_s=counted_s,
        stolen_s=stolen_s,
        n_throttled=n_throttled,
        throttled_s=throttled_s,
        n_thermal=n_thermal,
    )


def _accounted(top: Path, cpus: tuple[int, ...]) -> tuple[float | None, float | None]:
    """Seconds of the processors in all, and those of them that were stolen."""
    names = {f"cpu{cpu}" for cpu in cpus}
    columns = [
        [int(word) for word in words[1 : 1 + _N_COLUMNS]]
        for words in map(str.split, _text(top / "proc/stat").splitlines())
        if words and words[0] in names
    ]
    if not columns or any(len(one) < _N_COLUMNS for one in columns):
        return None, None
    ticks = os.sysconf("SC_CLK_TCK")
    return (
        sum(sum(one) for one in columns) / ticks,
        sum(one[_STEAL] for one in columns) / ticks,
    )


def _times_too_hot(folders: list[Path]) -> int | None:
    """Of all cores together.

    Every logical processor of a core has a counter, and all of them count what befalls the core:
    Linux drivers/thermal/intel/therm_throt.c, and Documentation/admin-guide/cputopology.rst for
    ``core_cpus_list``, which kernels before 5.3 call ``thread_siblings_list``.
    """
    cores: dict[str, int] = {}
    for folder in folders:
        names = ("core_cpus_list", "thread_siblings_list")
        siblings = [_text(folder / "topology" / name).strip() for name in names]
        core = next(filter(None, siblings), folder.name)
        for count in _numbers([folder / "thermal_throttle/core_throttle_count"]):
            cores[core] = max(cores.get(core, 0), int(count))
    return sum(cores.values()) if cores else None


def _throttled(groups: list[str]) -> tuple[int | None, float | None]:
    """Of all groups together: each counts for its own limit alone.

    In version 1 one hierarchy has two names, as ``cpu`` leads to ``cpu,cpuacct``; it counts once.

    Microseconds in version 2 and nanoseconds in version 1 of control groups: Linux
    Documentation/admin-guide/cgroup-v2.rst, cpu.stat, and Documentation/scheduler/sched-bwc.rst.
    """
    stats = [
        dict(pair)
        for text in map(_text, _different(Path(group) / "cpu.stat" for group in groups))
        if (pair := [line.split() for line in text.splitlines() if len(line.split()) == 2])
    ]
    told = [stat for stat in stats if "nr_throttled" in stat]
    if not told:
        return None, None
    seconds = sum(
        int(stat.get("throttled_usec", 0)) / 1e6 + int(stat.get("throttled_time", 0)) / 1e9
        for stat in told
    )
    return sum(int(stat["nr_throttled"]) for stat in told), seconds


def _different(paths: Iterable[Path]) -> Iterable[Path]:
    """Those that are there, each file once whatever names lead to it."""
    seen: set[tuple[int, int]] = set()
    for path in paths:
        with suppress(OSError):
            status = path.stat()
            if (status.st_dev, status.st_ino) not in seen:
                seen.add((status.st_dev, status.st_ino))
                yield path


def _numbers(paths: Iterable[Path]) -> Iterable[float]:
    for path in paths:
        text = _text(path).strip()
        if text.isdigit():
            yield float(text)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
