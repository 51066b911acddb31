"""Files that a command writes beside what it shows: refused before the work, and whole after it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["OUTPUT", "check_outputs", "write_text"]


class _Output(click.Path):
    """A file to write: not the option that follows where its name was forgotten."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Any:
        if str(value).startswith("-"):
            self.fail(
                f"expected the name of a file to write, got '{value}'; for a file of that name "
                f"say ./{value}",
                param,
                ctx,
            )
        return super().convert(value, param, ctx)


OUTPUT = _Output(path_type=Path)


def check_outputs(outputs: Mapping[str, Path | None], read: Iterable[Path]) -> None:
    """Refuse at once a place that cannot be written, or that would overwrite what is read.

    Args:
        outputs: By option, ``--html``; None where it is not given.
        read: Files that the command reads, and folders, within which nothing may be written.

    Raises:
        UsageError: Two options name one file, or one names what is read or lies within it.
        WriteError: There a file cannot be written.
    """
    from edgesmith_runtime.files import check_place

    sources = list(read)
    taken: list[tuple[str, Path]] = []
    for option, place in outputs.items():
        if place is None:
            continue
        for other, known in taken:
            if _is_same(place, known):
                raise click.UsageError(
                    f"{option} {place}: {other} names the same file; give each its own"
                )
        for source in sources:
            if _is_same(place, source) or _is_within(place, source):
                raise click.UsageError(
                    f"{option} {place}: would overwrite what is read from {source}; "
                    "name another file"
                )
        check_place(place)
        taken.append((option, place))


def write_text(place: Path, text: str) -> None:
    """Write a file that appears whole; what UTF-8 cannot hold, of odd file names, becomes ``?``.

    Raises:
        WriteError: It cannot be written.
    """
    from edgesmith_runtime.files import replacing

    with replacing(place) as draft:
        draft.write_bytes(text.encode("utf-8", errors="replace"))


def _is_same(place: Path, other: Path) -> bool:
    if place.resolve() == other.resolve():
        return True
    try:
        return place.samefile(other)
    except OSError:  # one of them is not there
        return False


def _is_within(place: Path, folder: Path) -> bool:
    """By where the file would be, and by where a link there leads."""
    around = folder.resolve()
    return around in place.resolve().parents or around in (place.parent / "_").resolve().parents
