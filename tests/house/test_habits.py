"""Habits that no linter knows: file sizes, the words that must not appear, loosened checks."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MAX_LINES = 400

# Strict pyright does not get through Keras' and TensorFlow's untyped surface; only shrink this.
BASIC_PYRIGHT = {
    "runtime/edgesmith_runtime/bench/measuring/keras_subject.py",
    "toolkit/edgesmith/conversion/carrier.py",
    "toolkit/edgesmith/conversion/cleaning.py",
    "toolkit/edgesmith/conversion/fusion.py",
    "toolkit/edgesmith/conversion/handlers/carried.py",
    "toolkit/edgesmith/conversion/handlers/division.py",
    "toolkit/edgesmith/conversion/lowering/activations.py",
    "toolkit/edgesmith/conversion/lowering/attention.py",
    "toolkit/edgesmith/conversion/lowering/bias.py",
    "toolkit/edgesmith/conversion/lowering/colours.py",
    "toolkit/edgesmith/conversion/lowering/convolution_calls.py",
    "toolkit/edgesmith/conversion/lowering/convolution_onnx.py",
    "toolkit/edgesmith/conversion/lowering/convolution_tflite.py",
    "toolkit/edgesmith/conversion/lowering/ctc.py",
    "toolkit/edgesmith/conversion/lowering/dense.py",
    "toolkit/edgesmith/conversion/lowering/elementwise.py",
    "toolkit/edgesmith/conversion/lowering/fourier.py",
    "toolkit/edgesmith/conversion/lowering/gathering.py",
    "toolkit/edgesmith/conversion/lowering/lookups.py",
    "toolkit/edgesmith/conversion/lowering/loops.py",
    "toolkit/edgesmith/conversion/lowering/matrices.py",
    "toolkit/edgesmith/conversion/lowering/moving.py",
    "toolkit/edgesmith/conversion/lowering/normalization.py",
    "toolkit/edgesmith/conversion/lowering/pooling_adaptive.py",
    "toolkit/edgesmith/conversion/lowering/pooling_calls.py",
    "toolkit/edgesmith/conversion/lowering/pooling_onnx.py",
    "toolkit/edgesmith/conversion/lowering/pooling_tflite.py",
    "toolkit/edgesmith/conversion/lowering/products.py",
    "toolkit/edgesmith/conversion/lowering/recurrent_cells.py",
    "toolkit/edgesmith/conversion/lowering/recurrent_loop.py",
    "toolkit/edgesmith/conversion/lowering/recurrent_onnx.py",
    "toolkit/edgesmith/conversion/lowering/resizing.py",
    "toolkit/edgesmith/conversion/lowering/sampling.py",
    "toolkit/edgesmith/conversion/lowering/selection.py",
    "toolkit/edgesmith/conversion/lowering/signal.py",
    "toolkit/edgesmith/conversion/lowering/slicing.py",
    "toolkit/edgesmith/conversion/lowering/spectra.py",
    "toolkit/edgesmith/conversion/lowering/time_distributed.py",
    "toolkit/edgesmith/conversion/lowering/transposed_onnx.py",
    "toolkit/edgesmith/conversion/lowering/transposed_tflite.py",
    "toolkit/edgesmith/conversion/lowering/warping.py",
    "toolkit/edgesmith/conversion/lowering/windows.py",
    "toolkit/edgesmith/conversion/onnx.py",
    "toolkit/edgesmith/conversion/series.py",
    "toolkit/edgesmith/conversion/slowness.py",
    "toolkit/edgesmith/conversion/tflite.py",
    "toolkit/edgesmith/foreign/onnx.py",
    "toolkit/edgesmith/foreign/onnx_faults.py",
    "toolkit/edgesmith/foreign/onnx_sides.py",
    "toolkit/edgesmith/foreign/tflite.py",
    "toolkit/edgesmith/foreign/tflite_sides.py",
    "toolkit/edgesmith/fusing/averages.py",
    "toolkit/edgesmith/fusing/cropping.py",
    "toolkit/edgesmith/fusing/fused_model.py",
    "toolkit/edgesmith/fusing/graph_steps.py",
    "toolkit/edgesmith/fusing/numbers.py",
    "toolkit/edgesmith/fusing/powers.py",
    "toolkit/edgesmith/fusing/recordings.py",
    "toolkit/edgesmith/fusing/resizing.py",
    "toolkit/edgesmith/fusing/sequences.py",
    "toolkit/edgesmith/fusing/shapes.py",
    "toolkit/edgesmith/fusing/smoothing.py",
    "toolkit/edgesmith/optimization/emulation.py",
    "toolkit/edgesmith/optimization/integer_products.py",
    "toolkit/edgesmith/optimization/onnx.py",
    "toolkit/edgesmith/optimization/onnx_integer.py",
    "toolkit/edgesmith/optimization/onnx_weights.py",
    "toolkit/edgesmith/optimization/tflite.py",
    "toolkit/edgesmith/optimization/tflite_graph.py",
    "toolkit/edgesmith/profiling/onnx.py",
    "toolkit/edgesmith/profiling/origins.py",
    "toolkit/edgesmith/profiling/tflite.py",
    "toolkit/edgesmith/profiling/twins.py",
    "toolkit/edgesmith/reference/face.py",
    "toolkit/edgesmith/reference/files.py",
    "toolkit/edgesmith/reference/graph.py",
    "toolkit/edgesmith/reference/inner.py",
    "toolkit/edgesmith/reference/legacy/h5.py",
    "toolkit/edgesmith/reference/legacy/keras2.py",
    "toolkit/edgesmith/reference/legacy/layers.py",
    "toolkit/edgesmith/reference/legacy/settings.py",
    "toolkit/edgesmith/reference/legacy/weights.py",
    "toolkit/edgesmith/reference/lifted_calls.py",
    "toolkit/edgesmith/reference/lifted_layers.py",
    "toolkit/edgesmith/reference/lifted_trace.py",
    "toolkit/edgesmith/reference/lifting.py",
    "toolkit/edgesmith/reference/needs.py",
    "toolkit/edgesmith/reference/precision.py",
    "toolkit/edgesmith/reference/repairs.py",
    "toolkit/edgesmith/reference/saved_model.py",
    "toolkit/edgesmith/reference/scopes.py",
    "toolkit/edgesmith/reference/tracing.py",
    "toolkit/edgesmith/tflite_file.py",
    "toolkit/edgesmith/training/architectures/__init__.py",
    "toolkit/edgesmith/training/architectures/autoencoder.py",
    "toolkit/edgesmith/training/architectures/backbone.py",
    "toolkit/edgesmith/training/architectures/cnn.py",
    "toolkit/edgesmith/training/architectures/conv1d.py",
    "toolkit/edgesmith/training/architectures/ds_cnn.py",
    "toolkit/edgesmith/training/architectures/embedding_bag.py",
    "toolkit/edgesmith/training/architectures/ends.py",
    "toolkit/edgesmith/training/architectures/gru.py",
    "toolkit/edgesmith/training/architectures/image_layers.py",
    "toolkit/edgesmith/training/architectures/linear.py",
    "toolkit/edgesmith/training/architectures/mahalanobis.py",
    "toolkit/edgesmith/training/architectures/mlp.py",
    "toolkit/edgesmith/training/architectures/mobilenet.py",
    "toolkit/edgesmith/training/architectures/norm_layers.py",
    "toolkit/edgesmith/training/architectures/series_layers.py",
    "toolkit/edgesmith/training/architectures/tabular.py",
    "toolkit/edgesmith/training/architectures/tcn.py",
    "toolkit/edgesmith/training/architectures/text_cnn.py",
    "toolkit/edgesmith/training/architectures/text_transformer.py",
    "toolkit/edgesmith/training/architectures/token_tables.py",
    "toolkit/edgesmith/training/building.py",
    "toolkit/edgesmith/training/closed_form.py",
    "toolkit/edgesmith/training/copying.py",
    "toolkit/edgesmith/training/deployed_steps.py",
    "toolkit/edgesmith/training/determinism.py",
    "toolkit/edgesmith/training/fine_tuning.py",
    "toolkit/edgesmith/training/kernels.py",
    "toolkit/edgesmith/training/layer_graph.py",
    "toolkit/edgesmith/training/loop.py",
    "toolkit/edgesmith/training/losses.py",
    "toolkit/edgesmith/training/optimizers.py",
    "toolkit/edgesmith/training/pruning.py",
    "toolkit/edgesmith/training/rounded_model.py",
    "toolkit/edgesmith/training/rounding.py",
}


def _tracked(*patterns: str) -> list[Path]:
    listing = subprocess.run(
        ["git", "ls-files", "-z", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / name for name in listing.stdout.split("\0") if name]


def test_no_file_outgrows_one_reading() -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in _tracked("*.py")}

    assert {str(path): n for path, n in lengths.items() if n > MAX_LINES} == {}


def test_only_the_leaves_that_touch_keras_loosen_the_type_checker() -> None:
    loosened = {
        str(path.relative_to(ROOT))
        for path in _tracked("runtime/*.py", "toolkit/*.py")
        if path.read_text().startswith("# pyright: basic")
    }

    assert loosened == BASIC_PYRIGHT


def test_no_registry_or_machine_path_is_written_down() -> None:
    words = ["pypi" + ".org", "python" + "hosted", "/ro" + "ot/", "/ho" + "me/", "/wo" + "rk/"]
    texts = {path: path.read_bytes() for path in _tracked()}

    found = [
        (str(path), word)
        for path, content in texts.items()
        for word in words
        if word.encode() in content
    ]

    assert found == []
