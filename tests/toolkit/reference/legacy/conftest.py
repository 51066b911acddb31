"""HDF5 files in the layout in which Keras 1 and 2 wrote their models."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

_TRAINING = {
    "optimizer_config": {"class_name": "Adam", "config": {"lr": 0.001, "decay": 0.0}},
    "loss": "mse",
    "metrics": ["acc"],
}


@pytest.fixture
def write_h5(tmp_path: Path) -> Callable[..., Path]:
    """Write ``model.h5``: attributes, weights by layer, and an optimizer's state."""

    def write(
        config: Mapping[str, Any],
        weights: Mapping[str, Sequence[NDArray[Any]]],
        *,
        version: str = "2.4.3",
        backend: str = "tensorflow",
    ) -> Path:
        path = tmp_path / "model.h5"
        with h5py.File(path, "w") as file:
            file.attrs["keras_version"] = version.encode()
            file.attrs["backend"] = backend.encode()
            file.attrs["model_config"] = json.dumps(config).encode()
            file.attrs["training_config"] = json.dumps(_TRAINING).encode()
            group = file.create_group("model_weights")
            group.attrs["layer_names"] = [name.encode() for name in weights]
            group.attrs["keras_version"] = version.encode()
            group.attrs["backend"] = backend.encode()
            for layer, arrays in weights.items():
                _write_weights(group.create_group(layer), layer, arrays)
            _write_weights(
                file.create_group("optimizer_weights"), "Adam", [np.array(7), np.ones((2, 2))]
            )
        return path

    return write


def _write_weights(group: Any, layer: str, arrays: Sequence[NDArray[Any]]) -> None:
    names = [f"{layer}/weight_{index}:0" for index in range(len(arrays))]
    group.attrs["weight_names"] = [name.encode() for name in names]
    for name, array in zip(names, arrays, strict=True):
        group[name] = array


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)
