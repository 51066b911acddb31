"""``[source]``: where raw data is; one model a kind."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from edgesmith.config.section import ConfigPath, Section

__all__ = [
    "ArraySource",
    "AudioFolderSource",
    "IdxSource",
    "ImageFolderSource",
    "ListSource",
    "RecordingsSource",
    "SeriesSource",
    "SklearnSource",
    "SourceConfig",
    "TableSource",
    "TextSource",
]

MISSING_MARKERS = ("NA", "N/A", "NaN", "nan", "null", "None", "?")


class _Source(Section):
    licence: str = Field(
        default="not stated", description="Licence of the data, kept in the bundle."
    )


class TableSource(_Source):
    """A CSV, TSV or Parquet table; one row a sample."""

    kind: Literal["table"]
    path: ConfigPath = Field(description="A .csv, .tsv or .parquet file, .gz too.")
    target: str = Field(description="The column to predict.")
    separator: str | None = Field(
        default=None,
        min_length=1,
        max_length=1,
        description="Between cells; , in a .csv and a tab in a .tsv if not given.",
    )
    features: tuple[str, ...] | None = Field(
        default=None,
        description="Columns to learn from; without it all but the target, split and `drop`.",
    )
    drop: tuple[str, ...] = Field(default=(), description="Columns to leave out.")
    categories: tuple[str, ...] = Field(
        default=(), description="Columns that hold categories although they look like numbers."
    )
    missing: tuple[str, ...] = Field(
        default=MISSING_MARKERS,
        description="Texts that mean a missing cell; a blank cell always does.",
    )
    missing_by_column: dict[str, tuple[str, ...]] = Field(
        default={}, description="Other markers for single columns."
    )


class _FolderSource(_Source):
    path: ConfigPath = Field(description="The folder; its sub-folders name the classes.")
    test_path: ConfigPath | None = Field(
        default=None, description="A second folder: the test split."
    )
    validation_path: ConfigPath | None = Field(
        default=None, description="One more: validation."
    )


class ImageFolderSource(_FolderSource):
    """A folder of images, one sub-folder a class."""

    kind: Literal["image_folder"]


class ArraySource(_Source):
    """Arrays in .npz or .npy files; the first axis is the sample."""

    kind: Literal["arrays"]
    path: ConfigPath = Field(
        description="An .npz with `samples` and `targets`, or an .npy of samples."
    )
    targets: ConfigPath | None = Field(
        default=None, description="An .npy of targets, with an .npy path."
    )
    test_path: ConfigPath | None = Field(
        default=None, description="The same for the test split."
    )
    test_targets: ConfigPath | None = Field(
        default=None, description="The same for the test split."
    )
    samples_key: str = Field(default="samples", description="Name of the samples in an .npz.")
    targets_key: str = Field(default="targets", description="Name of the targets in an .npz.")
    holds: Literal["image", "tensor"] = Field(
        default="tensor", description="What one sample is."
    )


class IdxSource(_Source):
    """IDX files, as MNIST comes; gz too."""

    kind: Literal["idx"]
    images: ConfigPath = Field(description="The idx3 file of the training images.")
    labels: ConfigPath = Field(description="The idx1 file of the training labels.")
    test_images: ConfigPath | None = Field(
        default=None, description="The idx3 file of the test images."
    )
    test_labels: ConfigPath | None = Field(
        default=None, description="The idx1 file of the test labels."
    )


class SklearnSource(_Source):
    """A data set that scikit-learn ships."""

    kind: Literal["sklearn"]
    dataset: Literal["breast_cancer", "diabetes", "digits", "iris", "linnerud", "wine"] = Field(
        description="Its name: the part after `load_`."
    )
    target: str | None = Field(
        default=None,
        description="Which target, where there are several: of linnerud Weight, Waist, Pulse.",
    )


class ListSource(_Source):
    """A list file: a table that names one file a sample."""

    kind: Literal["list"]
    path: ConfigPath = Field(description="The list, a CSV or TSV file.")
    base: ConfigPath | None = Field(
        default=None,
        description="The folder or .zip that the paths start at; the list's own folder if not given.",
    )
    path_column: str = Field(default="path", description="Column of file paths.")
    label_column: str = Field(default="label", description="Column of labels or target values.")
    holds: Literal["image", "audio", "series", "tensor"] = Field(
        default="image",
        description="What the files are: images, sound, series as .csv, or .npy arrays.",
    )


class AudioFolderSource(_FolderSource):
    """A folder of sound files, one sub-folder a class."""

    kind: Literal["audio_folder"]


class TextSource(_Source):
    """A table of texts; one row a sample."""

    kind: Literal["text"]
    path: ConfigPath = Field(description="A .csv, .tsv or .parquet file, .gz too.")
    test_path: ConfigPath | None = Field(
        default=None, description="The same for the test split."
    )
    text: str = Field(description="The column with the text; a blank cell is an empty text.")
    target: str = Field(description="The column to predict.")
    separator: str | None = Field(
        default=None,
        min_length=1,
        max_length=1,
        description="Between cells; , in a .csv and a tab in a .tsv if not given.",
    )
    quoting: bool = Field(
        default=True,
        description='Whether " holds a cell together; false takes it as part of the text.',
    )


class SeriesSource(_Source):
    """Series in .ts files, as the UCR and UEA archives have them; one case a sample."""

    kind: Literal["series"]
    path: ConfigPath = Field(description="A .ts file.")
    test_path: ConfigPath | None = Field(
        default=None, description="The same for the test split."
    )
    validation_path: ConfigPath | None = Field(
        default=None, description="One more: validation."
    )


class RecordingsSource(_Source):
    """Windows of long recordings: a table whose rows are points in time, each with its label."""

    kind: Literal["recordings"]
    path: ConfigPath = Field(description="A .csv, .tsv or .parquet file, .gz too.")
    target: str = Field(description="The column of labels.")
    channels: tuple[str, ...] | None = Field(
        default=None,
        min_length=1,
        description="Columns of numbers; without it all but target, recording, split and group.",
    )
    recording: str | None = Field(
        default=None,
        description="Column that tells recordings apart: no window spans two, and those of one "
        "stay in one split.",
    )
    length: int = Field(ge=1, description="Points of a window.")
    hop: int | None = Field(
        default=None,
        ge=1,
        description="Points from window to window; the length if not given, so that none overlap.",
    )
    mixed: Literal["drop", "most_frequent"] = Field(
        default="drop",
        description="A window with several labels: left out and counted, or has that of most points.",
    )
    missing: tuple[str, ...] = Field(
        default=MISSING_MARKERS,
        description="Texts that mean a missing point; a blank cell always does.",
    )


SourceConfig = Annotated[
    TableSource
    | ImageFolderSource
    | ArraySource
    | IdxSource
    | SklearnSource
    | ListSource
    | AudioFolderSource
    | TextSource
    | SeriesSource
    | RecordingsSource,
    Field(discriminator="kind"),
]
