"""Real data to hold steps against references on: what scikit-learn ships, and EDGESMITH_DATA."""

from __future__ import annotations

import csv
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import sklearn.datasets

__all__ = ["column", "photo_files", "photos", "recordings", "series", "texts", "wine"]


def photos() -> np.ndarray:
    """Parts of two photographs, uint8 ``(2, 240, 320, 3)``."""
    images = sklearn.datasets.load_sample_images().images
    return np.stack([image[:240, :320] for image in images])


def photo_files() -> list[bytes]:
    """The same photographs as JPEG files."""
    folder = Path(sklearn.datasets.__file__).parent / "images"
    return [path.read_bytes() for path in sorted(folder.glob("*.jpg"))]


def wine() -> np.ndarray:
    """Four chemical measures of 178 wines, float64, all above 0."""
    return np.asarray(sklearn.datasets.load_wine().data)[:, :4].astype(np.float64)


def texts() -> list[str]:
    """Messages of people, else the lines that describe scikit-learn's data sets."""
    root = _root()
    if root is not None:
        path = root / "sms_spam" / "SMSSpamCollection.tsv"
        lines = path.read_text(encoding="utf-8").splitlines()[:300]
        return [line.partition("\t")[2] for line in lines]
    described = (sklearn.datasets.load_wine(), sklearn.datasets.load_diabetes())
    return [line for bunch in described for line in bunch.DESCR.splitlines() if line.strip()]


def recordings() -> list[bytes] | None:
    """Eight spoken digits as WAV files, 8 kHz."""
    root = _root()
    if root is None:
        return None
    files = sorted((root / "fsdd" / "recordings").glob("*.wav"))[::400]
    return [path.read_bytes() for path in files[:8]]


def series() -> np.ndarray | None:
    """The training part of GunPoint, float32 ``(50, 150, 1)``."""
    root = _root()
    if root is None:
        return None
    lines = (root / "timeseries" / "GunPoint" / "GunPoint_TRAIN.ts").read_text().splitlines()
    rows = [line.rpartition(":")[0] for line in lines if line and line[0] not in "#@%"]
    points = [[float(point) for point in row.split(",")] for row in rows]
    return np.array(points, np.float32)[:, :, None]


def column(folder: str, file: str, name: str) -> list[Any] | None:
    """One column of a table under EDGESMITH_DATA, as text."""
    root = _root()
    return None if root is None else [row[name] for row in _rows(root / folder / file)]


@lru_cache(maxsize=4)
def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _root() -> Path | None:
    folder = os.environ.get("EDGESMITH_DATA")
    return Path(folder) if folder else None
