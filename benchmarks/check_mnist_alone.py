"""MNIST's 10,000 raw test images, predicted by the runtime alone, against what Keras decided.

    PYTHON benchmarks/check_mnist_alone.py OUT

PYTHON is that of an environment with nothing but the runtime; OUT is the folder of a finished
build of examples/mnist, whose build/test holds the original's outputs. Needs EDGESMITH_DATA.
"""

from __future__ import annotations

import gzip
import importlib.util
import os
import sys
import time
from pathlib import Path

import numpy as np

import edgesmith_runtime as er


def main() -> None:
    heavy = [name for name in ("tensorflow", "keras", "onnx") if importlib.util.find_spec(name)]
    if heavy:
        raise SystemExit(f"not the runtime alone: {', '.join(heavy)} can be imported")
    out = Path(sys.argv[1])
    with gzip.open(
        Path(os.environ["EDGESMITH_DATA"]) / "mnist/t10k-images-idx3-ubyte.gz"
    ) as file:
        images = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 28, 28)
    keras_decisions = np.load(out / "build/test/output_0.npy").argmax(axis=1)
    model = er.load(out / "mnist.edge")
    started = time.perf_counter()
    one_by_one = [model.predict(image).label for image in images]
    seconds = time.perf_counter() - started
    batched = [prediction.label for prediction in model.predict_batch(images)]
    expected = [str(digit) for digit in keras_decisions]
    for way, labels in (("predict", one_by_one), ("predict_batch", batched)):
        n_equal = sum(ours == theirs for ours, theirs in zip(labels, expected, strict=True))
        print(f"{way}: {n_equal} of {len(expected)} decided as Keras did")
    print(f"predict: {seconds / len(images) * 1e6:.0f} us an image, from raw image to label")
    if one_by_one != expected or batched != expected:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
