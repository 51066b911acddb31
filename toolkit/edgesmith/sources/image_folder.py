"""A folder of images, one sub-folder a class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgesmith.sources.class_folders import FileKind, load_class_folders
from edgesmith_runtime.manifest import Kind, RawInput

if TYPE_CHECKING:
    from edgesmith.config import ImageFolderSource, SplitConfig
    from edgesmith.core import Dataset
    from edgesmith_runtime.manifest import Task

__all__ = ["IMAGE_INPUT", "load_image_folder"]

SUFFIXES = frozenset(
    [".bmp", ".gif", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"]
)
IMAGE_INPUT = RawInput(
    name="image",
    kind=Kind.IMAGE,
    accepts="an image: a path, the bytes of a file, or an array (h, w) or (h, w, c) of 0 to 255",
)
IMAGES = FileKind(
    raw_input=IMAGE_INPUT, suffixes=SUFFIXES, singular="an image", plural="images"
)


def load_image_folder(source: ImageFolderSource, *, split: SplitConfig, task: Task) -> Dataset:
    """Images by class, in natural order; deeper folders count to their class.

    Raises:
        DataError: A folder is missing, has no sub-folders or no images; a file cannot be read.
    """
    return load_class_folders(source, IMAGES, split=split, task=task)
