"""A training that goes on from every state that a kill leaves: the same weights, to the bit."""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith.config.reading import parse_config
from edgesmith.preparation import prepare
from edgesmith.silence import Silent
from edgesmith.sources import load_dataset
from edgesmith.training import fit
from writer_faults.recording import Recorder
from writer_faults.trees import Depot, broken

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgesmith.config import Config
    from edgesmith.core import Prepared
    from writer_faults.trees import Tree

N_EPOCHS = 8
DIGITS = f"""
name = "digits"
task = "classification"
seed = 3
source = {{ kind = "sklearn", dataset = "digits" }}
image = {{ mode = "grey", height = 8, width = 8 }}
augmentation = {{ rotation = 10, shift = 0.1 }}
[training]
architecture = "mlp"
options = {{ widths = [8], dropout = 0.2, batch_norm = true }}
epochs = {N_EPOCHS}
batch_size = 256
schedule = "cosine"
"""


def resumed(folder: Path, *, n_kills: int) -> dict[str, Any]:
    """Counts over states that were spread over the run, with each checkpoint damaged, too."""
    config = parse_config(DIGITS, where="digits.toml", folder=folder)
    dataset = load_dataset(config.source, split=config.split, task=config.task)
    prepared = prepare(dataset, config, directory=folder / "prepared", progress=Silent())
    place, depot = folder / "place", Depot(folder / "depot")
    place.mkdir()
    recorder = Recorder(place, depot)
    recorder.install()
    unbroken = trained(prepared, config, place)
    trees = list(recorder.trees)  # later trainings have operations, too
    counts: Counter[str] = Counter(operations=len(trees), same=0, broken=0)
    counts["strays at the end"] = len(depot.tree_of(place))
    for tree in trees:
        counts["broken"] += bool(broken(tree, depot, old={}, new={}))
    chosen = [trees[(2 * k + 1) * len(trees) // (2 * n_kills)] for k in range(n_kills)]
    for tree in chosen:
        depot.restore(tree, place)
        counts["kills"] += 1
        counts["same"] += _is_same(unbroken, trained(prepared, config, place))
        counts["strays"] += len(depot.tree_of(place))
    fullest = max(trees, key=_n_checkpoints)
    for n_damaged in (1, 2):
        depot.restore(fullest, place)
        for path in sorted(place.glob("*.checkpoint"), reverse=True)[:n_damaged]:
            path.write_bytes(path.read_bytes()[:-1])
        counts["damaged"] += 1
        counts["same of damaged"] += _is_same(unbroken, trained(prepared, config, place))
    return dict(counts)


def trained(prepared: Prepared, config: Config, place: Path) -> list[NDArray[Any]]:
    """The weights, with a checkpoint after every epoch."""
    hours = itertools.count(step=3_600_000_000_000)
    fitted = fit(
        prepared,
        config.training,
        seed=config.seed,
        directory=place,
        progress=Silent(),
        clock_ns=lambda: next(hours),
    )
    return [variable.value.numpy() for variable in fitted.model.variables]


def _n_checkpoints(tree: Tree) -> int:
    return sum(Path(path).suffix == ".checkpoint" and path[0] != "." for path in tree)


def _is_same(left: list[NDArray[Any]], right: list[NDArray[Any]]) -> bool:
    return all(map(np.array_equal, left, right)) and len(left) == len(right)
