"""Raw data of many kinds as a Dataset: the samples are read when they are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from edgesmith.config import (
    ArraySource,
    AudioFolderSource,
    IdxSource,
    ImageFolderSource,
    ListSource,
    RecordingsSource,
    SeriesSource,
    SklearnSource,
    TableSource,
    TextSource,
)
from edgesmith.sources.arrays import load_arrays
from edgesmith.sources.audio_folder import load_audio_folder
from edgesmith.sources.idx import load_idx
from edgesmith.sources.image_folder import load_image_folder
from edgesmith.sources.list import load_list
from edgesmith.sources.recordings import load_recordings
from edgesmith.sources.series import load_series
from edgesmith.sources.sklearn import load_sklearn
from edgesmith.sources.table import load_table
from edgesmith.sources.text import load_text

if TYPE_CHECKING:
    from edgesmith.config import SourceConfig, SplitConfig
    from edgesmith.core import Dataset
    from edgesmith_runtime.manifest import Task

__all__ = ["load_dataset"]


def load_dataset(  # noqa: C901, PLR0911 - a case a kind
    source: SourceConfig, *, split: SplitConfig, task: Task
) -> Dataset:
    """Open a source: its samples, targets, given splits and groups, and a hash over its content.

    Args:
        source: The ``[source]`` section.
        split: The ``[split]`` section: which column or file gives splits and groups.
        task: Whether targets are classes (texts) or numbers.

    Raises:
        DataError: A file is missing, empty or not what its name says; a column is unknown; a
            target is not a number in a regression.
        ConfigError: The split section asks for what the source cannot give.
    """
    match source:
        case TableSource():
            return load_table(source, split=split, task=task)
        case ImageFolderSource():
            return load_image_folder(source, split=split, task=task)
        case ArraySource():
            return load_arrays(source, split=split, task=task)
        case IdxSource():
            return load_idx(source, split=split, task=task)
        case SklearnSource():
            return load_sklearn(source, split=split, task=task)
        case ListSource():
            return load_list(source, split=split, task=task)
        case AudioFolderSource():
            return load_audio_folder(source, split=split, task=task)
        case TextSource():
            return load_text(source, split=split, task=task)
        case SeriesSource():
            return load_series(source, split=split, task=task)
        case RecordingsSource():
            return load_recordings(source, split=split, task=task)
        case _:
            assert_never(source)
