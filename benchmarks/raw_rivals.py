"""What one would write without us, from the path of a file to a label, for examples with files."""

from __future__ import annotations

import csv
import os
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith_runtime.model import Model

__all__ = ["EXAMPLES", "RIVALS"]


@dataclass(frozen=True)
class Example:
    """Files of an example's test split, and its preparation by other means.

    ``by_hand`` makes a function of a path that gives the model's tensor in numpy; ``in_graph`` one
    that TensorFlow can trace.
    """

    files: Callable[[int], list[str]]
    by_hand: Callable[[Model], Callable[[str], np.ndarray]]
    in_graph: Callable[[Model], Callable[[Any], Any]]


MAX_BYTES = 1 << 17


def _step(model: Model, op: str) -> dict[str, Any]:
    return dict(next(step.params for step in model.manifest.transform if step.op == op))


def _spread(paths: list[Path], n: int) -> list[str]:
    return [str(paths[round(at)]) for at in np.linspace(0, len(paths) - 1, n)]


def _hands(n: int) -> list[str]:
    folder = Path(os.environ["EDGESMITH_DATA"]) / "sign_language_digits" / "test"
    # Three of the 400 are photographs of 9 megapixels, which the others' time would drown in.
    small = [path for path in folder.rglob("*.JPG") if path.stat().st_size < MAX_BYTES]
    return _spread(sorted(small), n)


def _hand_by_hand(model: Model) -> Callable[[str], np.ndarray]:
    from PIL import Image

    size, scale = _step(model, "resize"), _step(model, "scale")
    offset = np.array(scale["offset"], np.float32)
    factor = 1 / np.array(scale["scale"], np.float32)
    shape = (size["width"], size["height"])

    def prepare(path: str) -> np.ndarray:
        with Image.open(path) as image:
            pixels = np.asarray(
                image.convert("L").resize(shape, Image.Resampling.BILINEAR), np.float32
            )
        return ((pixels - offset) * factor)[None, :, :, None]

    return prepare


def _hand_in_graph(model: Model) -> Callable[[Any], Any]:
    import tensorflow as tf

    size, scale = _step(model, "resize"), _step(model, "scale")

    def prepare(path: Any) -> Any:
        pixels = tf.io.decode_jpeg(tf.io.read_file(path), channels=1)
        resized = tf.image.resize(
            pixels, (size["height"], size["width"]), size["method"], antialias=size["antialias"]
        )
        return (resized - scale["offset"]) / scale["scale"]

    return prepare


def _digits(n: int) -> list[str]:
    folder = Path(os.environ["EDGESMITH_DATA"]) / "fsdd"
    with (folder / "split.csv").open(newline="") as stream:
        test = [
            folder / row["path"] for row in csv.DictReader(stream) if row["split"] == "test"
        ]
    return _spread(test, n)


def _mel(model: Model) -> np.ndarray:
    """The triangles of `tf.signal.linear_to_mel_weight_matrix`, in numpy."""
    mel = _step(model, "mel")

    def scaled(hertz: np.ndarray) -> np.ndarray:
        return 1127 * np.log1p(hertz / 700)

    bins = scaled(np.linspace(0, mel["sample_rate"] / 2, mel["fft_length"] // 2 + 1))[:, None]
    ends = scaled(np.array([mel["low_hz"], mel["high_hz"]]))
    edges = np.linspace(ends[0], ends[1], mel["n_mels"] + 2)
    rise = (bins - edges[:-2]) / np.diff(edges)[:-1]
    fall = (edges[2:] - bins) / np.diff(edges)[1:]
    return np.maximum(0, np.minimum(rise, fall)).astype(np.float32)


def _digit_by_hand(model: Model) -> Callable[[str], np.ndarray]:
    length, stft = _step(model, "fit_length")["length"], _step(model, "stft")
    frame, hop, fft = stft["frame_length"], stft["hop"], stft["fft_length"]
    taper = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(frame) / frame)).astype(np.float32)
    mel, floor, scale = _mel(model), _step(model, "log")["floor"], _step(model, "scale")
    offset = np.array(scale["offset"], np.float32)
    factor = 1 / np.array(scale["scale"], np.float32)

    def prepare(path: str) -> np.ndarray:
        with wave.open(path) as file:
            samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        padded = np.zeros(length, np.float32)
        cut = samples[:length]
        padded[: len(cut)] = cut
        padded *= np.float32(1 / 32768)
        frames = np.lib.stride_tricks.sliding_window_view(padded, frame)[::hop]
        spectrum = np.fft.rfft(frames * taper, fft)
        power = spectrum.real**2 + spectrum.imag**2
        return ((np.log(np.maximum(power @ mel, floor)) - offset) * factor)[None]

    return prepare


def _digit_in_graph(model: Model) -> Callable[[Any], Any]:
    import tensorflow as tf

    length, stft, mel = (_step(model, op) for op in ("fit_length", "stft", "mel"))
    floor, scale = _step(model, "log")["floor"], _step(model, "scale")
    matrix = tf.signal.linear_to_mel_weight_matrix(
        mel["n_mels"],
        mel["fft_length"] // 2 + 1,
        mel["sample_rate"],
        mel["low_hz"],
        mel["high_hz"],
    )

    def prepare(path: Any) -> Any:
        decoded = tf.audio.decode_wav(
            tf.io.read_file(path), desired_channels=1, desired_samples=length["length"]
        )
        spectrum = tf.signal.stft(
            decoded.audio[:, 0], stft["frame_length"], stft["hop"], stft["fft_length"]
        )
        bands = tf.matmul(tf.square(tf.abs(spectrum)), matrix)
        return (tf.math.log(tf.maximum(bands, floor)) - scale["offset"]) / scale["scale"]

    return prepare


EXAMPLES = {
    "sign_language": Example(_hands, _hand_by_hand, _hand_in_graph),
    "fsdd": Example(_digits, _digit_by_hand, _digit_in_graph),
}


def keras_predict(out: Path, model: Model) -> Callable[[str], str]:
    """`model.predict` of a tf.data set of one file."""
    import keras
    import tensorflow as tf

    original = keras.models.load_model(out / "build" / "original.keras")
    prepare = EXAMPLES[model.manifest.name].in_graph(model)
    labels = model.manifest.outputs[0].labels or ()

    def answer(path: str) -> str:
        samples = tf.data.Dataset.from_tensors(path).map(prepare).batch(1)
        return labels[int(original.predict(samples, verbose=0).argmax())]

    return answer


def tf_function(out: Path, model: Model) -> Callable[[str], str]:
    """One traced function of decoding, preparation and model."""
    import keras
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    original = keras.models.load_model(out / "build" / "original.keras")
    prepare = EXAMPLES[model.manifest.name].in_graph(model)
    labels = model.manifest.outputs[0].labels or ()

    @tf.function(input_signature=[tf.TensorSpec((), tf.string)])
    def scores(path: Any) -> Any:
        return original(prepare(path)[None], training=False)

    return lambda path: labels[int(scores(tf.constant(path)).numpy().argmax())]


def by_hand(_out: Path, model: Model) -> Callable[[str], str]:
    """A loop with a decoder, numpy and a bare onnxruntime session."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    session = ort.InferenceSession(
        bytes(model.artifact.content), options, providers=["CPUExecutionProvider"]
    )
    name, output = session.get_inputs()[0].name, [session.get_outputs()[0].name]
    prepare = EXAMPLES[model.manifest.name].by_hand(model)
    labels = model.manifest.outputs[0].labels or ()

    def answer(path: str) -> str:
        return labels[int(session.run(output, {name: prepare(path)})[0].argmax())]

    return answer


RIVALS: dict[str, Callable[[Path, Model], Callable[[str], str]]] = {
    "keras_predict": keras_predict,
    "tf_function": tf_function,
    "by_hand": by_hand,
}
