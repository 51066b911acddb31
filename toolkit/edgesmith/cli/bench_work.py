"""What ``edgesmith bench`` measures, here or on a device, with a line that tells how far it is."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from edgesmith.cli.device_options import note
from edgesmith.cli.left_original import left_original, scored
from edgesmith_runtime.bench import compare
from edgesmith_runtime.bench.progress_line import ProgressLine

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

    from edgesmith.devices import Device
    from edgesmith.layer_times import Profile
    from edgesmith_runtime.bench import Comparison, Plan

__all__ = ["compared_here", "compared_there", "profiled"]


def compared_here(
    bundle: Path, *, against: Sequence[Path], engines: Sequence[str], plan: Plan
) -> Comparison:
    """The artifacts and the other files; without such the original that the build left."""
    original = None if against else left_original(bundle)
    rivals = against if original is None else (original.path,)
    with _progress() as progress:
        comparison = compare(
            bundle, against=rivals, engines=engines, plan=plan, progress=progress
        )
    return comparison if original is None else scored(comparison, original)


def compared_there(
    device: Device, bundle: Path, *, engines: Sequence[str], plan: Plan
) -> Comparison:
    """The artifacts, on another machine."""
    from edgesmith.devices import bench_on

    with _progress() as progress:
        return bench_on(
            device, bundle, plan=plan, engines=engines, progress=progress, told=note
        )


def profiled(bundle: Path, *, n_threads: int | None) -> Profile:
    """The artifacts by layer, here."""
    from edgesmith.profiling import profile_bundle

    with _progress() as progress:

        def told(n_done: int, n_processes: int, file: str) -> None:
            progress(n_done, n_processes, f"layers of {file}")

        return profile_bundle(bundle, n_threads=n_threads, progress=told)


@contextmanager
def _progress() -> Generator[ProgressLine]:
    line = ProgressLine(sys.stderr)
    try:
        yield line
    finally:
        line.close()
