"""1,000 raw texts, answered by the runtime alone, against what Keras answers to them.

    python benchmarks/check_text_alone.py PYTHON

PYTHON is that of an environment with nothing but the runtime. The model has TextVectorization (int,
tf-idf and n-grams), Hashing with a salt and HashedCrossing. Its tensors must be those of Keras'
layers to the bit, and its outputs within 1e-5.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

N_SAMPLES = 1000
ENGLISH = "the cat sat on a mat and ate fish while rain fell over the old town"
ODD = "Zürich naïve ÜBER größe e\u0301te\u0301 日本語 テスト привет مرحبا 🙂 👩\u200d👧 don't re-do 3.14"
WORDS = [*ENGLISH.split(), *ODD.split()]
GLUE = [" ", "  ", "\t", "\n", ", ", "! ", "\u00a0", "\u3000", "\u2028", "—", "\0", "\x1c"]
USERS = ["", "ann", "bob", "Zoë", "\0", "a\u00a0b", "x" * 200, "日本"]


def main() -> None:
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    given = Path(sys.argv[1])
    if given.is_dir():
        compare_alone(given)
        return
    with tempfile.TemporaryDirectory() as folder:
        export_model(Path(folder))
        subprocess.run([str(given), __file__, folder], check=True)


def draw_texts(rng: np.random.Generator) -> list[dict[str, Any]]:
    samples: list[dict[str, Any]] = []
    for index in range(N_SAMPLES):
        n_words = 0 if index % 50 == 0 else int(rng.integers(0, 30))
        pieces = [str(rng.choice(WORDS)) + str(rng.choice(GLUE)) for _ in range(n_words)]
        user = str(USERS[int(rng.integers(len(USERS)))])
        samples.append(
            {"text": "".join(pieces), "user": user, "item": int(rng.integers(-9, 9))}
        )
    return samples


def build_model(texts: list[str]) -> Any:
    import keras

    keras.utils.set_random_seed(0)
    layers = keras.layers
    text = keras.Input((), dtype="string", name="text")
    user = keras.Input((1,), dtype="string", name="user")
    item = keras.Input((1,), dtype="int64", name="item")
    indices = layers.TextVectorization(output_sequence_length=24, name="indices")
    weights = layers.TextVectorization(output_mode="tf_idf", name="tf_idf")
    grams = layers.TextVectorization(
        output_mode="count", ngrams=3, max_tokens=900, name="grams"
    )
    for layer in (indices, weights, grams):
        layer.adapt(texts)
    embedded = layers.Embedding(indices.vocabulary_size(), 8)(indices(text))
    mixed = layers.Concatenate()(
        [
            layers.GlobalAveragePooling1D()(embedded),
            layers.Dense(6, activation="relu")(weights(text)),
            layers.Dense(6, activation="relu")(grams(text)),
            layers.Hashing(32, salt=[133, 137], output_mode="one_hot", name="salted")(user),
            layers.HashedCrossing(64, output_mode="one_hot", name="crossed")([user, item]),
        ]
    )
    outputs = layers.Dense(4, activation="softmax", name="topic")(mixed)
    return keras.Model({"text": text, "user": user, "item": item}, outputs)


def export_model(folder: Path) -> None:
    import keras
    import tensorflow as tf

    import edgesmith

    samples = draw_texts(np.random.default_rng(0))
    model = build_model([sample["text"] for sample in samples[::2]])
    raw = {name: [sample[name] for sample in samples] for name in samples[0]}
    edgesmith.export(model, folder / "text.edge", samples=raw, n_rounds=None)
    names = ["indices", "tf_idf", "grams", "salted", "crossed"]
    whole = keras.Model(
        model.input, [*(model.get_layer(n).output for n in names), model.output]
    )
    given = {
        name: tf.constant(values) if name == "text" else tf.constant(values)[:, None]
        for name, values in raw.items()
    }
    answers = dict(zip([*names, "topic"], whole(given), strict=True))
    np.savez(folder / "keras.npz", **{name: np.asarray(one) for name, one in answers.items()})
    (folder / "raw.json").write_text(json.dumps(samples), encoding="utf-8")


def compare_alone(folder: Path) -> None:
    import edgesmith_runtime as er

    heavy = [name for name in ("tensorflow", "keras", "onnx") if importlib.util.find_spec(name)]
    if heavy:
        raise SystemExit(f"not the runtime alone: {', '.join(heavy)} can be imported")
    samples = json.loads((folder / "raw.json").read_text(encoding="utf-8"))
    model = er.load(folder / "text.edge")
    with np.load(folder / "keras.npz") as archive:
        expected = dict(archive)
    differing = count_differing_tensors(model, samples, expected)
    started = time.perf_counter()
    one_by_one = [model.predict(sample).outputs["topic"] for sample in samples]
    seconds = time.perf_counter() - started
    batched = [prediction.outputs["topic"] for prediction in model.predict_batch(samples)]
    n_odd = sum(not sample["text"].isascii() for sample in samples)
    n_empty = sum(not sample["text"] for sample in samples)
    print(f"{len(samples)} texts, {n_odd} beyond ASCII, {n_empty} empty")
    for name, n_differing in differing.items():
        print(
            f"tensor {name}: {len(samples) - n_differing} of {len(samples)} to the bit as Keras'"
        )
    errors = [
        float(np.abs(np.stack(outputs) - expected["topic"]).max())
        for outputs in (one_by_one, batched)
    ]
    print(f"largest error: predict {errors[0]:.1e}, predict_batch {errors[1]:.1e}")
    print(f"predict: {seconds / len(samples) * 1e6:.0f} us a text, from raw inputs to outputs")
    if any(differing.values()) or max(errors) > 1e-5:
        raise SystemExit(1)


def count_differing_tensors(
    model: Any, samples: list[dict[str, Any]], expected: dict[str, Any]
) -> dict[str, int]:
    differing = dict.fromkeys((spec.name for spec in model.signature.inputs), 0)
    for index, sample in enumerate(samples):
        for name, tensor in model.prepare(sample).items():
            wanted = expected[name][index : index + 1]
            same = tensor.dtype == wanted.dtype and np.array_equal(tensor, wanted)
            differing[name] += not same
    return differing


if __name__ == "__main__":
    main()
