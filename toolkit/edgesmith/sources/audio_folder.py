"""A folder of sound files, one sub-folder a class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgesmith.sources.class_folders import FileKind, load_class_folders
from edgesmith_runtime.manifest import Kind, RawInput

if TYPE_CHECKING:
    from edgesmith.config import AudioFolderSource, SplitConfig
    from edgesmith.core import Dataset
    from edgesmith_runtime.manifest import Task

__all__ = ["AUDIO_INPUT", "load_audio_folder"]

AUDIO_INPUT = RawInput(
    name="audio",
    kind=Kind.AUDIO,
    accepts=(
        "a recording: a path, the bytes of a file, an array (n,) or (n, channels) of samples, or "
        "(rate, array)"
    ),
)
RECORDINGS = FileKind(
    raw_input=AUDIO_INPUT,
    suffixes=frozenset([".flac", ".oga", ".ogg", ".wav", ".wave"]),
    singular="a recording",
    plural="recordings",
)


def load_audio_folder(source: AudioFolderSource, *, split: SplitConfig, task: Task) -> Dataset:
    """Recordings by class, in natural order; deeper folders count to their class.

    Raises:
        DataError: A folder is missing, has no sub-folders or no recordings; a file cannot be read.
    """
    return load_class_folders(source, RECORDINGS, split=split, task=task)
