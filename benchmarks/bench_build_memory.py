"""Peak memory of a build on an image folder of many files.

    python benchmarks/bench_build_memory.py [--files 10000 60000] [--source DIR]

The folder is made from MNIST's training images, one PNG a file, in a temporary place.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from harness import record
from PIL import Image

CONFIG = """
name = "folder"
task = "classification"
source = { kind = "image_folder", path = "images" }
image = { mode = "rgb", height = 64, width = 64 }
augmentation = { rotation = 10 }
benchmark = { enabled = false }
[training]
architecture = "cnn"
options = { width = 8 }
batch_size = 128
epochs = 1
"""


def make_folder(folder: Path, n_files: int) -> None:
    """64 x 64 RGB PNG files, one folder a class."""
    data = Path(os.environ["EDGESMITH_DATA"]) / "mnist"
    with gzip.open(data / "train-images-idx3-ubyte.gz") as file:
        images = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 28, 28)
    with gzip.open(data / "train-labels-idx1-ubyte.gz") as file:
        labels = np.frombuffer(file.read(), np.uint8, offset=8)
    for digit in range(10):
        (folder / "images" / str(digit)).mkdir(parents=True)
    for index in range(n_files):
        picture = Image.fromarray(images[index]).resize((64, 64)).convert("RGB")
        picture.save(folder / "images" / str(labels[index]) / f"{index}.png", compress_level=1)


def peak_of_build(folder: Path) -> dict[str, Any]:
    """Largest resident memory of the build's process and of the whole tree, in bytes."""
    (folder / "folder.toml").write_text(CONFIG)
    command = [
        *(sys.executable, "-m", "edgesmith", "build", str(folder / "folder.toml")),
        *("--out", str(folder / "out"), "--json"),
    ]
    started = time.perf_counter()
    process = psutil.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peak_process = peak_tree = 0
    while process.poll() is None:
        try:
            tree = [process, *process.children(recursive=True)]
            resident = [member.memory_info().rss for member in tree]
        except psutil.NoSuchProcess:
            continue
        peak_process, peak_tree = max(peak_process, resident[0]), max(peak_tree, sum(resident))
        time.sleep(0.05)
    if process.returncode != 0:
        raise SystemExit(f"the build ended with {process.returncode}")
    return {
        "peak_process_bytes": peak_process,
        "peak_tree_bytes": peak_tree,
        "seconds": time.perf_counter() - started,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, nargs="+", default=[10_000, 60_000])
    options = parser.parse_args()
    figures: dict[str, Any] = {}
    for n_files in options.files:
        with tempfile.TemporaryDirectory() as name:
            make_folder(Path(name), n_files)
            figures[str(n_files)] = peak_of_build(Path(name))
            print(n_files, figures[str(n_files)], file=sys.stderr)
    print(json.dumps(figures, indent=1))
    print(record("build_memory", figures))


if __name__ == "__main__":
    main()
