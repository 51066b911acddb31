"""The folder that a build writes to: made, held against a second build, and named throughout."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from edgesmith_runtime.errors import ConfigError
from edgesmith_runtime.files import check_place, sweep

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["Drafts", "Workspace", "make_room", "workspace"]


@dataclass(frozen=True, slots=True)
class Workspace:
    """Where the files of one build go.

    Args:
        out: The output folder, for what people take away.
        name: Of the bundle.
    """

    out: Path
    name: str

    @property
    def bundle(self) -> Path:
        """What ships."""
        return self.out / f"{self.name}.edge"

    @property
    def build(self) -> Path:
        """What later steps need: the original, tensors, candidates; also caches and drafts."""
        return self.out / "build"


@dataclass(frozen=True, slots=True)
class Drafts:
    """Files that take their places when all is well; what an old build left stays until then.

    Args:
        folder: Where they are, a scratch folder beside their places.
        suffix: Of the original, with its dot.
    """

    folder: Path
    suffix: str

    @property
    def original(self) -> Path:
        """The original model's file."""
        return self.folder / f"draft{self.suffix}"

    @property
    def bundle(self) -> Path:
        """The bundle's."""
        return self.folder / "draft.edge"


def make_room(path: Path) -> None:
    """Make the folder of a file that is written after long work.

    Raises:
        ConfigError: It cannot be made.
        WriteError: The file could not be written there.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"{path.parent}: cannot be made: {error.strerror}; take another path"
        ) from error
    check_place(path)


@contextmanager
def workspace(out: str | Path, name: str) -> Generator[Workspace]:
    """Make the output folder and hold it until the build is over.

    What killed builds left half done in it is swept; nobody else can be at work there.

    Raises:
        ConfigError: The folder cannot be made, or another build holds it.
    """
    place = Workspace(Path(out), name)
    try:
        place.build.mkdir(parents=True, exist_ok=True)
        lock = FileLock(place.build / ".lock", timeout=0)
        lock.acquire()
    except Timeout as error:
        raise ConfigError(
            f"{place.out}: another build is writing here; wait for it, or take another --out"
        ) from error
    except OSError as error:
        raise ConfigError(
            f"{place.out}: cannot be written to: {error.strerror}; take another --out"
        ) from error
    try:
        sweep(place.out)
        for folder, _, _ in os.walk(place.build):
            sweep(folder)
        yield place
    finally:
        lock.release()
