"""A slot is swapped under load: is an answer ever neither the old nor the new one's?

python benchmarks/check_swaps.py BUNDLE [--swaps 1000] [--on-disk 100] [--threads 8]

The second bundle is made of the first: other weights, its own golden samples. Eight threads
predict golden samples without a pause; each answer is compared bit by bit with those of the two
models by themselves. Then the same with a folder: `current.edge` is swapped, confirmed, and in
one of ten not confirmed but opened again: then the old one must be back. The exit code is 1 where
anything of this does not hold.
"""

from __future__ import annotations

import argparse
import gc
import tempfile
import threading
import time
import warnings
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from harness import record

import edgesmith_runtime as er
from edgesmith_runtime.bundle import make_bundle, read_bundle, write_bundle
from edgesmith_runtime.errors import RollbackWarning
from edgesmith_runtime.golden import Media, golden_files, read_golden

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgesmith_runtime.bundle import Bundle

load = partial(er.load, n_threads=1, engine="onnxruntime")
MAX_GROWTH_BYTES = 5_000_000
N_WARM = 50  # swaps before the first look at memory


def one_artifact(bundle: Bundle, *, factor: float) -> Bundle:
    """The default artifact alone, its largest weights times a factor, golden outputs by itself."""
    entry = bundle.manifest.artifact(bundle.manifest.default_artifact.file)
    graph = onnx.load_from_string(bytes(bundle.files[entry.file]))
    floats = [one for one in graph.graph.initializer if one.data_type == onnx.TensorProto.FLOAT]
    largest = max(floats, key=lambda one: np.prod(one.dims))
    scaled = onnx.numpy_helper.to_array(largest) * np.float32(factor)
    largest.CopyFrom(onnx.numpy_helper.from_array(scaled, largest.name))
    content = graph.SerializeToString(deterministic=True)
    manifest = replace(
        bundle.manifest,
        artifacts=(entry,),
        fastest=None,
        calibration=None,
        portability=None,
        layers=None,
        host_part={},
    )
    files = {
        name: bytes(one) for name, one in bundle.files.items() if name.startswith("assets/")
    }
    files[entry.file] = content
    artifact = replace(bundle.artifact(entry.file), content=content)
    golden = read_golden(bundle)
    outputs = er.open_runner(artifact, n_threads=1).run(golden.tensors)
    tolerances = golden.output_tolerances[entry.file]
    golden = replace(
        golden,
        outputs={entry.file: outputs},
        output_tolerances={entry.file: tolerances},
    )
    return make_bundle(manifest, {**files, **golden_files(golden)})


def raw_samples(bundle: Bundle) -> list[object]:
    """Golden samples as an app has them."""
    samples: list[object] = []
    for sample in read_golden(bundle).raw:
        values = {
            name: value.content if isinstance(value, Media) else value
            for name, value in sample.items()
        }
        samples.append(next(iter(values.values())) if len(values) == 1 else values)
    return samples


def told(outputs: Mapping[str, np.ndarray]) -> bytes:
    return b"".join(np.ascontiguousarray(array).tobytes() for array in outputs.values())


def resident_bytes() -> int:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


def thread_count() -> int:
    return sum(1 for _ in Path("/proc/self/task").iterdir())


class Askers:
    """Threads that predict until they are told to stop, and count what they see."""

    def __init__(self, slot: er.Slot, samples: list[object], right: list[list[bytes]]) -> None:
        self.counts: Counter[str] = Counter()
        self.slot = slot
        self._samples, self._right = samples, right
        self._is_over = threading.Event()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []

    def start(self, n_threads: int) -> None:
        self._threads = [
            threading.Thread(target=self._ask, args=[seed]) for seed in range(n_threads)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, seed: int) -> None:
        counts: Counter[str] = Counter()
        rng = np.random.default_rng(seed)
        while not self._is_over.is_set():
            index = int(rng.integers(len(self._samples)))
            try:
                answer = told(self.slot.predict(self._samples[index]).outputs)
            except Exception as error:  # noqa: BLE001 - counted
                counts[f"error: {error}"] += 1
                continue
            old, new = self._right[index]
            counts["old" if answer == old else "new" if answer == new else "neither"] += 1
        with self._lock:
            self.counts += counts


def under_load(askers: Askers, swap: Any, n_swaps: int, n_threads: int) -> dict[str, Any]:
    """Swap that often while threads ask; what they saw, and what the process grew by."""
    warm, n_warm_threads = 0, 0
    started = time.perf_counter()
    askers.start(n_threads)
    try:
        for number in range(n_swaps + N_WARM):
            if number == N_WARM:
                warm, n_warm_threads = resident_bytes(), thread_count()
            swap(number)
        grown, n_grown_threads = resident_bytes() - warm, thread_count() - n_warm_threads
    finally:
        askers.stop()
    known = {key: askers.counts[key] for key in ("old", "new", "neither")}
    errors = {key: n for key, n in askers.counts.items() if key.startswith("error")}
    return {
        "n_swaps": n_swaps,
        "n_threads": n_threads,
        "answers": known,
        "n_errors": sum(errors.values()),
        "errors": sorted(errors)[:3],
        "growth_bytes": grown,
        "growth_threads": n_grown_threads,
        "seconds": round(time.perf_counter() - started, 1),
    }


def holds(figures: dict[str, Any]) -> bool:
    answers = figures["answers"]
    return (
        answers["neither"] == figures["n_errors"] == 0
        and min(answers["old"], answers["new"]) > 0
        and figures["growth_bytes"] < MAX_GROWTH_BYTES
        and figures["growth_threads"] <= 0
    )


def goes_back(figures: dict[str, Any]) -> bool:
    """Each start after an unconfirmed swap found the old one, and no draft or note is left."""
    return figures["n_rolled_back"] == figures["n_unconfirmed"] > 0 and figures["left"] == [
        "current.edge",
        "previous.edge",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--swaps", type=int, default=1000)
    parser.add_argument("--on-disk", type=int, default=100)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--out", type=Path, help="a path for the figures; default: the results")
    options = parser.parse_args()
    bundle = read_bundle(options.bundle)
    with tempfile.TemporaryDirectory() as name:
        places = [Path(name, "old.edge"), Path(name, "new.edge")]
        for place, factor in zip(places, (1.0, 0.5), strict=True):
            write_bundle(one_artifact(bundle, factor=factor), place)
        samples = raw_samples(bundle)
        models = [load(place) for place in places]
        right = [[told(model.predict(one).outputs) for model in models] for one in samples]
        if any(old == new for old, new in right):
            raise SystemExit("the two bundles answer alike; take another")

        slot = er.Slot(places[0], load=load)
        memory = under_load(
            Askers(slot, samples, right),
            lambda number: slot.swap(places[(number + 1) % 2]),
            options.swaps,
            options.threads,
        )

        folder = Path(name, "app")
        folder.mkdir()
        (folder / "current.edge").write_bytes(places[0].read_bytes())
        askers = Askers(er.Slot(folder, load=load), samples, right)
        went_back: list[bool] = []

        def swap_on_disk(number: int) -> None:
            askers.slot.swap(places[(number + 1) % 2])
            if number % 10 != 9:
                askers.slot.confirm()
                return
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RollbackWarning)
                again = er.Slot(folder, load=load)  # as after a crash: back to the old one
            old = models[number % 2].bundle.identity
            went_back.append(again.rolled_back and again.model.bundle.identity == old)
            askers.slot = again

        disk = under_load(askers, swap_on_disk, options.on_disk, options.threads)
        disk["left"] = sorted(path.name for path in folder.iterdir())
        disk["n_unconfirmed"], disk["n_rolled_back"] = len(went_back), sum(went_back)
    figures = {"bundle": options.bundle.stem, "in_memory": memory, "on_disk": disk}
    print(record("swaps", figures, options.out).read_text())
    if not (holds(memory) and holds(disk) and goes_back(disk)):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
