"""What a user would run by hand to quantize a model, with the defaults of each tool."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith_runtime.bundle import Artifact
from edgesmith_runtime.spec import Format, Precision, Signature, TensorSpec

if TYPE_CHECKING:
    from pathlib import Path

    from edgesmith.material import Material


class Calibration:
    """The calibration samples as onnxruntime's quantizer asks for them."""

    def __init__(self, batches: list[dict[str, Any]]) -> None:
        self.left = iter(batches)

    def get_next(self) -> dict[str, Any] | None:
        return next(self.left, None)


def rivals(found: Material, place: Path) -> dict[str, Artifact | str]:
    """Artifacts by the name of the tool and recipe; a text where the tool refuses."""
    makers = {
        "onnxruntime quantize_static": _static,
        "onnxruntime quantize_dynamic": _dynamic,
        "TensorFlow full integer": _full_integer,
        "ai-edge-quantizer static": _edge_static,
        "ai-edge-quantizer dynamic": _edge_dynamic,
    }
    made: dict[str, Artifact | str] = {}
    for name, maker in makers.items():
        try:
            made[name] = maker(found, place)
        except Exception as error:  # noqa: BLE001 - whatever the tool raises is its answer
            made[name] = f"{type(error).__name__}: {str(error).splitlines()[0][:200]}"
    return made


def _artifact(found: Material, fmt: Format, name: str, content: bytes) -> Artifact:
    original = found.ground.floats[fmt].artifact
    signature = (
        original.signature if fmt is Format.ONNX else _tflite_signature(original, content)
    )
    return Artifact(
        file=f"model.{name}.{fmt}",
        format=fmt,
        precision=Precision.INT8,
        version=original.version,
        signature=signature,
        content=content,
    )


def _tflite_signature(original: Artifact, content: bytes) -> Signature:
    """As the file has it: an int8 input or output has a scale."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=content)
    runner = interpreter.get_signature_runner()
    sides = {**runner.get_input_details(), **runner.get_output_details()}

    def spec(one: TensorSpec) -> TensorSpec:
        details = sides[one.name]
        dtype = np.dtype(details["dtype"]).name
        scale, zero_point = details["quantization"]
        if dtype == one.dtype:
            return one
        return TensorSpec(one.name, dtype, one.shape, scale=float(scale), zero_point=zero_point)

    specs = original.signature
    return Signature(tuple(map(spec, specs.inputs)), tuple(map(spec, specs.outputs)))


def _samples(found: Material) -> list[dict[str, Any]]:
    samples = found.ground.calibration
    if samples is None:
        raise ValueError("the build left no calibration samples")
    return list(samples.batches())


def _static(found: Material, place: Path) -> Artifact:
    from onnxruntime.quantization import quantize_static

    source, result = place / "rival.onnx", place / "rival.static.onnx"
    source.write_bytes(bytes(found.ground.floats[Format.ONNX].artifact.content))
    quantize_static(source, result, Calibration(_samples(found)))
    return _artifact(found, Format.ONNX, "ort_static", result.read_bytes())


def _dynamic(found: Material, place: Path) -> Artifact:
    from onnxruntime.quantization import quantize_dynamic

    source, result = place / "rival.onnx", place / "rival.dynamic.onnx"
    source.write_bytes(bytes(found.ground.floats[Format.ONNX].artifact.content))
    quantize_dynamic(source, result)
    return _artifact(found, Format.ONNX, "ort_dynamic", result.read_bytes())


def _full_integer(found: Material, place: Path) -> Artifact:
    import keras
    import tensorflow as tf

    model = keras.saving.load_model(place / "build" / "original.keras", compile=False)
    specs = found.ground.floats[Format.TFLITE].artifact.signature.inputs
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: (
        [one[spec.name][row : row + 1] for spec in specs]
        for one in _samples(found)
        for row in range(len(next(iter(one.values()))))
    )
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    content = converter.convert()
    return _artifact(found, Format.TFLITE, "tf_full_integer", _renamed(found, content))


def _renamed(found: Material, content: bytes) -> bytes:
    """Its SignatureDef with our names of the tensors, so that one bundle can hold both."""
    from ai_edge_litert import schema_py_generated as schema

    from edgesmith.tflite_file import tflite_bytes

    model = schema.ModelT.InitFromPackedBuf(content)
    signature = found.ground.floats[Format.TFLITE].artifact.signature
    definition = model.signatureDefs[0]
    definition.signatureKey = "serving_default"
    for maps, specs in (
        (definition.inputs, signature.inputs),
        (definition.outputs, signature.outputs),
    ):
        for one, spec in zip(maps, specs, strict=True):  # the subjects have one of each
            one.name = spec.name
    return tflite_bytes(model, size_bytes=len(content))


def _edge(found: Material, name: str) -> Artifact:
    from ai_edge_quantizer import quantizer, recipe

    recipes = {"static": recipe.static_wi8_ai8, "dynamic": recipe.dynamic_wi8_afp32}
    engine = quantizer.Quantizer(
        bytearray(found.ground.floats[Format.TFLITE].artifact.content), recipes[name]()
    )
    seen = None
    if engine.need_calibration:
        seen = engine.calibrate({"serving_default": _samples(found)}, num_threads=1)
    made = engine.quantize(seen, enable_progress_report=False)
    return _artifact(found, Format.TFLITE, f"edge_{name}", bytes(made.quantized_model))


def _edge_static(found: Material, _place: Path) -> Artifact:
    return _edge(found, "static")


def _edge_dynamic(found: Material, _place: Path) -> Artifact:
    return _edge(found, "dynamic")
