"""What a stretch of time cost: processor time of this process, and energy of the machine.

Energy is that of RAPL as Linux gives it below ``/sys/class/powercap`` (Linux
Documentation/power/powercap/powercap.rst): a counter in microjoules for each processor package,
which starts again after ``max_energy_range_uj``. Since Linux 5.10 only root may read it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

__all__ = ["Meters", "Reading", "Spent"]

# A package is intel-rapl:N, on AMD too; its parts, intel-rapl:N:M, are in its counter already,
# and intel-rapl-mmio:N is a second way to the same one.
_PACKAGES = "intel-rapl:[0-9]*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the meters show at one moment; ``energy_uj`` by package."""

    wall_ns: int
    cpu_ns: int
    energy_uj: tuple[int, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What went by between two readings.

    Args:
        wall_ns: Time.
        cpu_ns: Processor time of all threads of this process, those that spin included.
        energy_uj: Of all packages, whoever used it; None where it cannot be read. The counter
            moves about once a millisecond, and one that started again twice is not noticed.
    """

    wall_ns: int
    cpu_ns: int
    energy_uj: int | None


@dataclass(frozen=True, slots=True)
class _Package:
    counter: Path
    range_uj: int

    def read(self) -> int:
        return int(self.counter.read_text(encoding="ascii"))


class Meters:
    """The meters of this machine.

    Args:
        root: Where ``sys`` is.
        wall_ns: Tells the time.
        cpu_ns: Tells the processor time of this process.
    """

    def __init__(
        self,
        *,
        root: str | os.PathLike[str] = "/",
        wall_ns: Callable[[], int] = time.perf_counter_ns,
        cpu_ns: Callable[[], int] = time.process_time_ns,
    ) -> None:
        self._packages = _packages(Path(root))
        self._wall_ns = wall_ns
        self._cpu_ns = cpu_ns

    def start(self) -> Reading:
        """A reading whose clock is read last."""
        energy_uj = self._energy_uj()
        cpu_ns = self._cpu_ns()
        return Reading(energy_uj=energy_uj, cpu_ns=cpu_ns, wall_ns=self._wall_ns())

    def since(self, start: Reading) -> Spent:
        """What went by since then; the clock is read first."""
        wall_ns = self._wall_ns() - start.wall_ns
        cpu_ns = self._cpu_ns() - start.cpu_ns
        return Spent(
            wall_ns=wall_ns, cpu_ns=cpu_ns, energy_uj=self._used_uj(start, self._energy_uj())
        )

    def _energy_uj(self) -> tuple[int, ...] | None:
        try:
            return tuple(package.read() for package in self._packages) or None
        except (OSError, ValueError):
            return None

    def _used_uj(self, start: Reading, end_uj: tuple[int, ...] | None) -> int | None:
        if start.energy_uj is None or end_uj is None:
            return None
        return sum(
            after - before + (package.range_uj if after < before else 0)
            for package, before, after in zip(
                self._packages, start.energy_uj, end_uj, strict=True
            )
        )


def _packages(root: Path) -> tuple[_Package, ...]:
    found: list[_Package] = []
    for zone in sorted((root / "sys/class/powercap").glob(_PACKAGES)):
        try:
            if (zone / "name").read_text(encoding="ascii").startswith("package"):
                range_uj = int((zone / "max_energy_range_uj").read_text(encoding="ascii"))
                found.append(_Package(zone / "energy_uj", range_uj))
        except (OSError, ValueError):
            return ()  # a sum without one of them would be taken for the whole
    return tuple(found)
