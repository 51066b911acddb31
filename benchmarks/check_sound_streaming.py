"""Sound in chunks against sound as a whole: the frames, the decisions, and what a minute costs.

    python benchmarks/check_sound_streaming.py BUNDLE

BUNDLE is that of the example ``fsdd``. Needs EDGESMITH_DATA. Every recording of the set is fed in
chunks of 1, 160, 1,000 and random sizes; its frames must be those of the whole within 1e-5 of their
range, and its first window must be answered as ``predict`` answers the file. A minute of noise at
16 kHz, as chunks of each size, must take less than 5 % of its length on one core.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import edgesmith_runtime as er
from edgesmith_runtime.manifest import Step
from edgesmith_runtime.transforms import Transform
from edgesmith_runtime.transforms.streaming import TransformStream
from edgesmith_runtime.transforms.wav import read_wav

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

SIZES = (1, 160, 1000, "random")
RATE = 16_000
MINUTE = 60 * RATE
SHARE = 0.05
TOLERANCE = 1e-5


def main() -> None:
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    model = er.load(sys.argv[1], n_threads=1)
    folder = Path(os.environ["EDGESMITH_DATA"], "fsdd", "recordings")
    found: dict[str, Any] = {"recordings": 0, "decisions": {}, "frames": {}}
    found["seconds_for_a_minute"] = {str(size): minute(size) for size in SIZES}
    frames = frames_of(model)
    paths = sorted(folder.glob("*.wav"))
    found["recordings"] = len(paths)
    expected = [model.predict(path).label for path in paths]
    recordings = [read_wav(path.read_bytes(), str(path))[1][:, 0] for path in paths]
    for size in SIZES:
        rng = np.random.default_rng(0)
        labels = [first_label(model, one, size, rng) for one in recordings]
        found["decisions"][str(size)] = sum(map(str.__eq__, labels, expected))
        found["frames"][str(size)] = max(worst(frames, one, size, rng) for one in recordings)
    print(json.dumps(found, indent=2))
    holds = (
        all(n == len(paths) for n in found["decisions"].values())
        and all(error <= TOLERANCE for error in found["frames"].values())
        and all(s <= SHARE * 60 for s in found["seconds_for_a_minute"].values())
    )
    raise SystemExit(0 if holds else 1)


def chunks(
    samples: NDArray[np.float32], size: int | str, rng: np.random.Generator
) -> Iterator[NDArray[np.float32]]:
    start = 0
    while start < len(samples):
        step = size if isinstance(size, int) else int(rng.integers(1, 2000))
        yield samples[start : start + step]
        start += step


def first_label(
    model: er.Model, samples: NDArray[np.float32], size: int | str, rng: np.random.Generator
) -> str:
    stream = model.stream(hop_s=0.25)
    for chunk in chunks(samples, size, rng):
        for answer in stream.feed(chunk):
            return str(answer.label)
    return str(stream.finish()[0].label)


def frames_of(model: er.Model) -> Transform:
    """The transform of a model without the step that makes one window of a recording."""
    steps: list[Step] = []
    for step in model.transform.steps:
        if step.op != "fit_length":
            source = steps[-1].outputs if steps else step.inputs
            steps.append(
                Step(op=step.op, inputs=source, outputs=step.outputs, params=step.params)
            )
    return Transform(tuple(steps), model.transform.raw_inputs)


def worst(
    transform: Transform,
    samples: NDArray[np.float32],
    size: int | str,
    rng: np.random.Generator,
) -> float:
    """The largest difference of a frame, as a share of the range of all."""
    name, last = transform.raw_inputs[0], transform.steps[-1].outputs[0]
    whole = transform({name: [samples]})[last][0]
    stream = TransformStream(transform)
    made = [stream.feed(chunk) for chunk in chunks(samples, size, rng)]
    frames = np.concatenate([*made, stream.finish()])
    return float(np.abs(frames - whole).max() / np.ptp(whole)) if len(whole) else 0.0


def minute(size: int | str) -> float:
    """Seconds of one core for a minute at 16 kHz to 40 log-mel bands every 10 ms."""
    params = {
        "decode_audio": {"sample_rate": RATE},
        "stft": {"frame_length": 400, "hop": 160, "fft_length": 512},
        "mel": {"sample_rate": RATE, "fft_length": 512, "n_mels": 40},
        "log": {"floor": 1e-6},
    }
    steps = tuple(
        Step(op=op, inputs=(f"v{i}",), outputs=(f"v{i + 1}",), params=given)
        for i, (op, given) in enumerate(params.items())
    )
    rng = np.random.default_rng(0)
    samples = (rng.normal(size=MINUTE) * 0.1).astype(np.float32)
    stream = TransformStream(Transform(steps, ("v0",)))
    start = time.process_time()
    for chunk in chunks(samples, size, rng):
        stream.feed(chunk)
    stream.finish()
    return time.process_time() - start


if __name__ == "__main__":
    main()
