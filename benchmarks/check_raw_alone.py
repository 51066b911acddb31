"""Every raw test sample of examples, predicted by the runtime alone, against what Keras decides.

    python benchmarks/check_raw_alone.py PYTHON OUT [OUT ...]

PYTHON is that of an environment with nothing but the runtime and its extras; OUT is the folder of a
finished build of an example, called like it (its cache is read). Needs EDGESMITH_DATA. Samples
that are files are read from their files.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

EXAMPLES = Path(__file__).parents[1] / "examples"
HEAVY = ("tensorflow", "keras", "onnx", "sklearn", "polars")


def main() -> None:
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    if sys.argv[1] == "--alone":
        print(json.dumps(compare_alone(Path(sys.argv[2]), Path(sys.argv[3]))))
        return
    python, folders = sys.argv[1], [Path(out) for out in sys.argv[2:]]
    all_equal = True
    for out in folders:
        with tempfile.TemporaryDirectory() as scratch:
            write_samples(out, Path(scratch))
            bundle = next(out.glob("*.edge"))
            command = [python, __file__, "--alone", scratch, str(bundle)]
            shown = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        found = json.loads(shown.stdout)
        for way in ("predict", "predict_batch"):
            print(
                f"{bundle.stem}, {way}: {found[way]} of {found['n']} answered as Keras does, "
                f"{found['us'][way]:.0f} us a sample from raw input to answer"
            )
            all_equal &= found[way] == found["n"]
    if not all_equal:
        raise SystemExit(1)


def write_samples(out: Path, folder: Path) -> None:
    """The raw test samples as an app has them, and what the Keras model of the build decides."""
    import keras

    from edgesmith.config.reading import load_config
    from edgesmith.core import Split
    from edgesmith.preparation import prepare
    from edgesmith.silence import Silent
    from edgesmith.sources import load_dataset
    from edgesmith_runtime.bundle import read_bundle
    from edgesmith_runtime.decoding import decode

    manifest = read_bundle(next(out.glob("*.edge"))).manifest
    seed = manifest.provenance["seed"]
    config = load_config(
        EXAMPLES / manifest.name / f"{manifest.name}.toml", overrides=[f"seed={seed}"]
    )
    dataset = load_dataset(config.source, split=config.split, task=config.task)
    prepared = prepare(dataset, config, directory=out / "build", progress=Silent())
    tensors = prepared.tensors(Split.TEST, slice(None))
    model = keras.models.load_model(out / "build" / "original.keras")
    given = tensors if len(tensors) > 1 else next(iter(tensors.values()))
    outputs = np.asarray(model.predict(given, verbose=0))
    answers = decode(manifest.task, manifest.outputs, {manifest.outputs[0].name: outputs})
    batch = dataset.samples.read(prepared.splits[Split.TEST].rows)
    raw = batch[dataset.raw_inputs[0].name]
    if isinstance(raw, dict):
        raw = [dict(zip(raw, cells, strict=True)) for cells in zip(*raw.values(), strict=True)]
    samples = [_written(sample, folder, index) for index, sample in enumerate(raw)]
    expected = [[one.label, one.value, one.is_anomaly] for one in answers]
    (folder / "samples.json").write_text(
        json.dumps({"samples": samples, "expected": expected}), encoding="utf-8"
    )


def _written(sample: Any, folder: Path, index: int) -> dict[str, Any]:
    if isinstance(sample, bytes | bytearray):
        (folder / f"{index}.bin").write_bytes(sample)
        return {"bytes": f"{index}.bin"}
    if isinstance(sample, os.PathLike):
        return {"path": os.fspath(Path(sample).resolve())}
    if isinstance(sample, np.ndarray):
        np.save(folder / f"{index}.npy", sample)
        return {"array": f"{index}.npy"}
    return {"plain": sample}


def compare_alone(folder: Path, bundle: Path) -> dict[str, Any]:
    import edgesmith_runtime as er

    heavy = [name for name in HEAVY if importlib.util.find_spec(name)]
    if heavy:
        raise SystemExit(f"not the runtime alone: {', '.join(heavy)} can be imported")
    document = json.loads((folder / "samples.json").read_text(encoding="utf-8"))
    raws = [_read(sample, folder) for sample in document["samples"]]
    expected = document["expected"]
    model = er.load(bundle, n_threads=1)
    model.selftest()
    started = time.perf_counter()
    one_by_one = [model.predict(raw) for raw in raws]
    middle = time.perf_counter()
    batched = [
        one
        for at in range(0, len(raws), 256)
        for one in model.predict_batch(raws[at : at + 256])
    ]
    ended = time.perf_counter()
    n = len(raws)
    return {
        "n": n,
        "predict": _n_equal(one_by_one, expected),
        "predict_batch": _n_equal(batched, expected),
        "us": {
            "predict": (middle - started) / n * 1e6,
            "predict_batch": (ended - middle) / n * 1e6,
        },
    }


def _read(sample: dict[str, Any], folder: Path) -> Any:
    if "bytes" in sample:
        return (folder / sample["bytes"]).read_bytes()
    if "array" in sample:
        return np.load(folder / sample["array"])
    return sample.get("path", sample.get("plain"))


def _n_equal(predictions: list[Any], expected: list[list[Any]]) -> int:
    return sum(
        one.label == label
        and one.is_anomaly == is_anomaly
        and (value is None or bool(np.isclose(one.value, value, rtol=1e-4)))
        for one, (label, value, is_anomaly) in zip(predictions, expected, strict=True)
    )


if __name__ == "__main__":
    main()
