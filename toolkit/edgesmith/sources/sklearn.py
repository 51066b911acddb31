"""The small real data sets that scikit-learn ships: no file, no network."""

from __future__ import annotations

import hashlib
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from sklearn import datasets  # pyright: ignore[reportMissingTypeStubs]

from edgesmith.core import Dataset, Provenance, Split
from edgesmith.sources.image_folder import IMAGE_INPUT
from edgesmith.sources.rows import ArraySamples, MemoryRows
from edgesmith.sources.splits import given_groups, splits_of_parts
from edgesmith.sources.table import TableSamples, row_input
from edgesmith.sources.targets import targets_from_array
from edgesmith_runtime.errors import ConfigError
from edgesmith_runtime.manifest import Task

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from edgesmith.config import SklearnSource, SplitConfig

__all__ = ["load_sklearn"]

LOADERS: dict[str, Callable[[], Any]] = {
    "breast_cancer": datasets.load_breast_cancer,
    "diabetes": datasets.load_diabetes,
    "digits": datasets.load_digits,
    "iris": datasets.load_iris,
    "linnerud": datasets.load_linnerud,
    "wine": datasets.load_wine,
}


def load_sklearn(source: SklearnSource, *, split: SplitConfig, task: Task) -> Dataset:
    """``digits`` as images (8, 8) of 0 to 16, the others as tables of numbers.

    Raises:
        ConfigError: Of several targets none is chosen, or a chosen one is not there.
    """
    where = f"scikit-learn {source.dataset}"
    bunch = LOADERS[source.dataset]()
    targets = _targets(bunch, source, task=task)
    digest = hashlib.sha256(np.ascontiguousarray(bunch.data).tobytes())
    digest.update("\n".join(str(target) for target in targets).encode())
    if source.dataset == "digits":
        raw_input = IMAGE_INPUT
        images = MemoryRows(bunch.images.astype(np.uint8))
        samples = ArraySamples([(where, images)], raw_input.name)
    else:
        columns = [str(name) for name in bunch.feature_names]
        raw_input = row_input(columns)
        samples = TableSamples(pl.DataFrame(bunch.data, schema=columns, orient="row"), where)
    return Dataset(
        raw_inputs=(raw_input,),
        samples=samples,
        targets=targets,
        splits=splits_of_parts(split, [(Split.TRAIN, len(samples))], where=where),
        groups=given_groups(split, None, where=where),
        provenance=Provenance(source=where, licence=source.licence, sha256=digest.hexdigest()),
    )


def _targets(bunch: Any, source: SklearnSource, *, task: Task) -> NDArray[Any]:
    key = "source.target"
    values = bunch.target
    names = bunch.get("target_names")
    if values.ndim == 2:
        known = [str(name) for name in bunch.target_names]
        if source.target not in known:
            close = get_close_matches(str(source.target), known, n=1)
            hint = f"; did you mean '{close[0]}'?" if close else ""
            raise ConfigError(
                f"{key}: expected one of {', '.join(known)}, got {source.target!r}{hint}"
            )
        values = values[:, known.index(source.target)]
    elif source.target is not None:
        raise ConfigError(f"{key}: {source.dataset} has one target; remove the key")
    elif task is not Task.REGRESSION and names is not None:
        values = np.asarray([str(name) for name in names], object)[values]
    return targets_from_array(values, task=task, where=f"scikit-learn {source.dataset}")
