"""Every fault on a small writer in turn, counted: kills, limits of file size, disks, races."""

from __future__ import annotations

import itertools
import json
import subprocess
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from writer_faults.kills import (
    forked,
    killed_before_call,
    killed_before_operation,
    limited,
    started,
    waited,
)
from writer_faults.trees import broken, canonical, strays

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence
    from pathlib import Path

    from writer_faults.small_writers import Writer
    from writer_faults.trees import Depot, Tree

    Act = Callable[[], object]
    Attempt = Callable[[Act], tuple[int, str]]

PAGE_BYTES = 4096
N_RACERS = 4
REFUSALS = (
    "another build is writing here",
    "a directory with files",
    "it has files",
    "exists already",
)
REASONS = ("File too large", "No space left on device", "Read-only file system")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A place to write to, with the states before and after.

    Args:
        writer: What is tried.
        place: Its folder.
        depot: Keeps contents.
        old: Before.
        new: After.
    """

    writer: Writer
    place: Path
    depot: Depot
    old: Tree
    new: Tree

    def reset(self) -> None:
        """The old state."""
        self.depot.restore(self.old, self.place)

    def act(self) -> None:
        """Write."""
        self.writer.act(self.place)

    def faults(self, tree: Tree) -> list[str]:
        """What the writer may not leave."""
        return broken(tree, self.depot, old=self.old, new=self.new, units=self.writer.units)

    def faults_again(self) -> list[str]:
        """What is wrong after the writer ran once more: another result, or strays."""
        self.act()
        tree = self.depot.tree_of(self.place)
        differing = {
            path
            for path in canonical(tree) | canonical(self.new)
            if tree.get(path) != self.new.get(path)
        }
        return [f"{path}: another result" for path in sorted(differing)] + [
            f"{path}: not swept" for path in strays(tree)
        ]


def staged(writer: Writer, place: Path, depot: Depot) -> Stage:
    """Run a writer once in a place to see what it makes there."""
    depot.restore({}, place)
    writer.before(place)
    old = depot.tree_of(place)
    writer.act(place)
    return Stage(writer=writer, place=place, depot=depot, old=old, new=depot.tree_of(place))


def kills(stage: Stage, numbers: Iterable[int] | None = None) -> Counter[str]:
    """Killed before every operation, or before those with some numbers."""
    counts: Counter[str] = Counter()
    seen: set[str] = set()
    for number in itertools.count(1) if numbers is None else numbers:
        stage.reset()
        if not _killed(stage, number):
            break
        counts["kills"] += 1
        tree = stage.depot.tree_of(stage.place)
        faults = stage.faults(tree)
        left = strays(tree)
        counts["strays"] += len(left)
        state = json.dumps(
            [canonical(tree), sorted(tree[path] for path in left)], sort_keys=True
        )
        if state not in seen:
            faults += stage.faults_again()
            seen.add(state)
            counts["states"] += 1
        counts["broken"] += bool(faults)
        _tell(stage, f"killed before {number}", faults)
    return counts


def _killed(stage: Stage, number: int) -> bool:
    if stage.writer.is_command:
        return killed_before_operation(number, stage.place, stage.act)
    return killed_before_call(number, stage.act)


def limits(stage: Stage, sizes: Sequence[int] | None = None) -> Counter[str]:
    """No file may become bigger than some sizes: around every file's own, and between."""
    return _limited(
        stage, ((size, partial(limited, size)) for size in sizes or file_sizes(stage))
    )


def file_sizes(stage: Stage) -> list[int]:
    """Zero, one, every file's own and those beside it, and a grid of 64 up to the largest."""
    own = {len(stage.depot.content(one)) for one in stage.new.values() if one}
    around = {size + step for size in own for step in (-1, 0, 1)}
    largest = max(own)
    grid = set(range(0, largest, max(1, largest // 64)))
    return sorted(size for size in {0, 1, *around, *grid} if size >= 0)


def _limited(stage: Stage, tries: Iterable[tuple[int, Attempt]]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for size, attempt in tries:
        stage.reset()
        code, said = attempt(stage.act)
        counts["tried"] += 1
        tree = stage.depot.tree_of(stage.place)
        faults = stage.faults(tree) + [f"{path}: a stray" for path in strays(tree)]
        if code == 0:
            counts["done"] += 1
            if canonical(tree) != canonical(stage.new):
                faults.append("done, and another result")
        else:
            counts["clean errors"] += 1
            faults += [] if _is_clean(code, said) else [f"an unclear error: {code} {said}"]
        counts["broken"] += bool(faults)
        _tell(stage, f"at most {size} bytes", faults)
    return counts


def _is_clean(code: int, said: str) -> bool:
    """One line that says where and why."""
    return code == 1 and "\n" not in said and any(reason in said for reason in REASONS)


@contextmanager
def mounted(place: Path, size_bytes: int) -> Generator[None]:
    """A disk of a size in memory."""
    place.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "tmpfs", str(place)]
    subprocess.run(command, check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(place)], check=True, capture_output=True)


def remount(place: Path, option: str) -> None:
    """Change a mounted disk."""
    command = ["mount", "-o", f"remount,{option}", str(place)]
    subprocess.run(command, check=True, capture_output=True)


def disks(stage: Stage, folder: Path, n_sizes: int = 24) -> Counter[str]:
    """Disks that are full after some pages, and one that cannot be written to."""
    disk = folder / "disk"
    with mounted(disk, 1 << 28):
        on_disk = staged(stage.writer, disk / "place", stage.depot)
        needed = sum(len(stage.depot.content(one)) for one in on_disk.new.values() if one)
        step = max(PAGE_BYTES, needed // n_sizes)
        free = range(0, needed + 2 * step, step)
        counts = _limited(on_disk, ((size, partial(_filled, disk, size)) for size in free))
        counts["read-only"] = 0
        on_disk.reset()
        remount(disk, "ro")
        code, said = forked(on_disk.act)
        tree = stage.depot.tree_of(on_disk.place)
        remount(disk, "rw")
        faults = [] if _is_clean(code, said) else [f"an unclear error: {code} {said}"]
        faults += [] if tree == on_disk.old else ["changed on a read-only disk"]
        counts["read-only"] += 1
        counts["broken"] += bool(faults)
        _tell(stage, "read-only", faults)
    return counts


def _filled(disk: Path, free_bytes: int, act: Act) -> tuple[int, str]:
    """Act where so much is free."""
    used = subprocess.run(
        ["df", "--output=used", "-B1", str(disk)], check=True, capture_output=True, text=True
    )
    size = int(used.stdout.split()[-1]) + free_bytes
    remount(disk, f"size={max(PAGE_BYTES, size)}")
    answer = forked(act)
    remount(disk, f"size={1 << 28}")
    return answer


def races(stage: Stage, n_rounds: int = 3) -> Counter[str]:
    """Some writers at once, while the folder is read; one of them may be refused in words."""
    counts: Counter[str] = Counter()
    for _ in range(n_rounds):
        stage.reset()
        children = [started(stage.act) for _ in range(N_RACERS)]
        faults: list[str] = []
        for _ in range(20):
            faults += stage.faults(stage.depot.tree_of(stage.place))
            counts["reads"] += 1
        ends = [waited(*child) for child in children]
        counts["done"] += sum(code == 0 for code, _ in ends)
        counts["refused"] += sum(code != 0 for code, _ in ends)
        faults += [said for code, said in ends if code and not _is_refusal(said)]
        tree = stage.depot.tree_of(stage.place)
        if all(code for code, _ in ends):
            faults.append("nobody wrote")
        elif canonical(tree) != canonical(stage.new):
            faults.append("another result")
        faults += [f"{path}: a stray" for path in strays(tree)]
        counts["broken"] += bool(faults)
        _tell(stage, "a race", faults)
    return counts


def _is_refusal(said: str) -> bool:
    return any(words in said for words in REFUSALS)


def _tell(stage: Stage, what: str, faults: list[str]) -> None:
    for fault in faults:
        print(f"  {stage.writer.name}, {what}: {fault}", flush=True)
