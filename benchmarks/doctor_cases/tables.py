"""Apps that prepare rows and series with numpy and scikit-learn, rightly and with a mistake each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.datasets import load_wine
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import StandardScaler

from doctor_cases.case import Case, model_of
from edgesmith_runtime.doctor import Fault
from edgesmith_runtime.manifest import Kind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgesmith_runtime.model import Model

__all__ = ["number_cases"]

N_COLUMNS = 6
N_POINTS, N_CHANNELS = 60, 3


def number_cases() -> list[Case]:
    """Rows of scikit-learn's wines with a cell missing, and a series of three channels."""
    return [*_rows(), *_series()]


def _rows() -> list[Case]:
    wine = load_wine()
    cells, names = wine.data[:, :N_COLUMNS], wine.feature_names[:N_COLUMNS]
    median = SimpleImputer(strategy="median").fit(cells)
    scaler = StandardScaler().fit(cells)
    model = model_of(
        Kind.TABLE,
        (N_COLUMNS,),
        ("numbers", {"columns": list(names), "missing": [[]] * N_COLUMNS}),
        ("fill", {"values": median.statistics_.tolist()}),
        ("scale", {"offset": scaler.mean_.tolist(), "scale": scaler.scale_.tolist()}),
    )
    row = cells[17].copy()
    row[2] = np.nan
    raw = {
        name: None if np.isnan(cell) else float(cell)
        for name, cell in zip(names, row, strict=True)
    }
    filled = median.transform(row[None])
    swapped = filled[:, [0, 3, 2, 1, 4, 5]]
    apps: dict[str, tuple[Any, ...]] = {
        "right": (scaler.transform(filled),),
        "not scaled": (filled, Fault.MISSING_NORMALIZATION),
        "scaled twice": (
            scaler.transform(scaler.transform(filled)),
            Fault.DOUBLE_NORMALIZATION,
        ),
        "zero for the missing cell": (
            scaler.transform(np.nan_to_num(row[None])),
            Fault.MISSING_FILL,
        ),
        "columns swapped before scaling": (scaler.transform(swapped), Fault.COLUMN_ORDER),
        "columns reversed": (scaler.transform(filled)[:, ::-1], Fault.COLUMN_ORDER),
    }
    return [_case(f"row: {name}", model, raw, app) for name, app in apps.items()]


def _series() -> list[Case]:
    rng = np.random.default_rng(11)
    series = rng.normal(size=(N_POINTS, N_CHANNELS)).cumsum(axis=0).astype(np.float32)
    offset, scale = np.array([1.0, -2.0, 0.5]), np.array([4.0, 3.0, 6.0])
    model = model_of(
        Kind.TENSOR,
        (N_POINTS, N_CHANNELS),
        ("tensor", {"dtype": "float32", "shape": [N_POINTS, N_CHANNELS]}),
        ("moving_average", {"size": 5, "axes": [0]}),
        ("scale", {"offset": offset.tolist(), "scale": scale.tolist()}),
    )
    padded = np.pad(series, ((2, 2), (0, 0)), mode="edge")
    smooth = np.stack([padded[i : i + 5].mean(axis=0) for i in range(N_POINTS)])
    right = (smooth - offset) / scale
    apps: dict[str, tuple[Any, ...]] = {
        "right": (right,),
        "time reversed": (right[::-1], Fault.TIME_AXIS),
        "channels before time": (right.T, Fault.TIME_AXIS),
        "not smoothed": ((series - offset) / scale, Fault.MISSING_STEP),
    }
    return [
        _case(f"series: {name}", model, series, (np.asarray(app[0])[None], *app[1:]))
        for name, app in apps.items()
    ]


def _case(name: str, model: Model, raw: Any, app: tuple[Any, ...]) -> Case:
    tensor: NDArray[Any] = np.asarray(app[0]).astype(np.float32)
    return Case(name=name, model=model, raw=raw, tensor=tensor, faults=tuple(app[1:]))
