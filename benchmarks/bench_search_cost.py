"""What a search costs: candidates, seconds and peak memory on MobileNetV2 at 96 x 96.

    python benchmarks/bench_search_cost.py [--samples 400]

Needs EDGESMITH_DATA: the network learns hand signs for one epoch, so that its activations are
those of a trained one. The conversion to float artifacts is counted apart from the search.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
import psutil
from harness import record

import edgesmith
from edgesmith.silence import Silent


def signs(split: str) -> tuple[Any, Any]:
    folder = Path(os.environ["EDGESMITH_DATA"], "sign_language_digits", split)
    pairs = list(
        keras.utils.image_dataset_from_directory(
            folder, image_size=(96, 96), batch_size=None, shuffle=False, verbose=False
        ).as_numpy_iterator()
    )
    pixels = np.stack([image for image, _ in pairs]) / 127.5 - 1
    return pixels.astype(np.float32), np.asarray([label for _, label in pairs])


class Peak:
    """The most memory that this process and its children had at once, in bytes."""

    def __init__(self) -> None:
        self.bytes = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Peak:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        process = psutil.Process()
        while not self._done.wait(0.1):
            total = 0
            for one in [process, *process.children(recursive=True)]:
                try:
                    total += one.memory_info().rss
                except psutil.Error:
                    continue
            self.bytes = max(self.bytes, total)


class Started(Silent):
    """Notes when the first recipe is tried."""

    def __init__(self) -> None:
        self.at: float | None = None

    def track(self, items: Any, label: str, *, total: int) -> Any:
        if label.startswith("Trying") and self.at is None:
            self.at = time.perf_counter()
        return super().track(items, label, total=total)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=400)
    options = parser.parse_args()
    keras.utils.set_random_seed(0)
    model = keras.applications.MobileNetV2((96, 96, 3), weights=None, classes=10)
    model.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy")
    images, labels = signs("train")
    order = np.random.default_rng(0).permutation(len(images))
    model.fit(images[order], labels[order], epochs=1, batch_size=32, verbose=0)
    samples, expected = signs("test")
    rows = np.random.default_rng(0).permutation(len(samples))[: options.samples]
    before = psutil.Process().memory_info().rss
    started, progress = time.perf_counter(), Started()
    with tempfile.TemporaryDirectory() as folder, Peak() as peak:
        result = edgesmith.export(
            model,
            Path(folder, "mobilenet_v2.edge"),
            samples=samples[rows],
            expected=expected[rows],
            n_rounds=3,
            target=edgesmith.Target(max_accuracy_drop=0.01),
            progress=progress,
        )
    total_s = time.perf_counter() - started
    search = result.summary.search
    if search is None:
        raise RuntimeError("nothing was searched")
    names = [(one.recipe.format, one.recipe.name) for one in search.candidates]
    figures = {
        "samples": len(rows),
        "candidates": len(search.candidates),
        "computed": search.n_computed,
        "computed_twice": len(names) - len(set(names)),
        "rejected": len(search.rejected),
        "search_s": search.seconds,
        "total_s": total_s,
        "memory_before_bytes": before,
        "peak_memory_bytes": peak.bytes,
        "choice": {
            str(one.artifact.format): {
                "recipe": one.recipe.name,
                "size_bytes": len(one.artifact.content),
                "reason": one.reason,
            }
            for one in result.summary.candidates
        },
    }
    record("search_cost", figures)
    print(figures, file=sys.stderr)


if __name__ == "__main__":
    main()
