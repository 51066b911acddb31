"""The ways from a Keras model to an artifact that answers: ours, and those that come with others."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf
import tf2onnx

from conversion_run.reference import build, specs
from edgesmith.config.delivery import ConversionConfig
from edgesmith.conversion import convert_here
from edgesmith.lifted_samples import raw_batches
from edgesmith.recipe import Recipe
from edgesmith.reference import trace
from edgesmith_runtime.spec import Format, TensorSpec
from edgesmith_runtime.transforms import Transform

if TYPE_CHECKING:
    from pathlib import Path

    from conversion_cases.case import Case
    from numpy.typing import NDArray

    from edgesmith.reference import Lifted
    from edgesmith_runtime.bundle import Artifact

__all__ = ["OPSET", "ROUTES", "Outputs", "Route", "Run"]

OPSET = 18
Outputs = dict[str, "NDArray[Any]"]
Run = Callable[[Mapping[str, "NDArray[Any]"]], Outputs]


@dataclass(frozen=True, slots=True)
class Route:
    """One way.

    Args:
        name: As ``--routes`` takes it.
        side: ``ours`` or ``stock``.
        format: Of the artifact.
        convert: The artifact; ours as the noun, others as a file in the folder given.
        load: Makes of it what can be run.
    """

    name: str
    side: str
    format: Format
    convert: Callable[[Case, Path], Any]
    load: Callable[[Any], Run]


@dataclass(frozen=True, slots=True)
class Converted:
    """Our artifact, and the string layers that a bundle's transform has before it."""

    artifact: Artifact
    lifted: Lifted | None


def _ours(case: Case, fmt: Format) -> Converted:
    model = build(case)
    declared = getattr(model, "inputs", None)
    reference = trace(model, inputs=None if declared else _inputs(case))
    recipe = Recipe(name="float32", format=fmt)
    config = ConversionConfig(opset=OPSET)
    return Converted(
        convert_here(reference, recipe, labels={}, config=config), reference.lifted
    )


def _inputs(case: Case) -> tuple[TensorSpec, ...]:
    return tuple(
        TensorSpec(
            spec.name,
            spec.dtype.name,
            (
                "batch",
                *(
                    f"{spec.name}_{axis}" if size is None else size
                    for axis, size in enumerate(spec.shape[1:], 1)
                ),
            ),
        )
        for spec in specs(case)
    )


def _load_ours(converted: Converted) -> Run:
    from edgesmith_runtime.runners import open_runner

    runner, lifted = open_runner(converted.artifact, n_threads=1), converted.lifted
    if lifted is None:
        return runner.run
    names = [spec.name for spec in converted.artifact.signature.inputs]
    transform = Transform(
        lifted.steps, tuple(raw.name for raw in lifted.raw_inputs), lifted.assets
    )

    def run(feed: Mapping[str, NDArray[Any]]) -> Outputs:
        values = transform(raw_batches(lifted, feed))
        return runner.run({name: np.asarray(values[name]) for name in names})

    return run


def _tf2onnx(case: Case, folder: Path) -> Path:
    model, path = build(case), folder / "model.onnx"
    signature = None if getattr(model, "inputs", None) else specs(case)
    tf2onnx.convert.from_keras(
        model, input_signature=signature, opset=OPSET, output_path=str(path)
    )
    return path


def _exported(case: Case, folder: Path, fmt: str, suffix: str) -> Path:
    path = folder / f"model.{suffix}"
    build(case).export(path, format=fmt, verbose=False)
    return path


def _converter(case: Case, folder: Path) -> Path:
    path = folder / "model.tflite"
    path.write_bytes(tf.lite.TFLiteConverter.from_keras_model(build(case)).convert())
    return path


def _load_onnx(path: Path) -> Run:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    inputs = [value.name for value in session.get_inputs()]
    outputs = [value.name for value in session.get_outputs()]

    def run(feed: Mapping[str, NDArray[Any]]) -> Outputs:
        return dict(zip(outputs, session.run(None, _named(feed, inputs)), strict=True))

    return run


def _load_tflite(path: Path) -> Run:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(path), num_threads=1)
    signatures = list(interpreter.get_signature_list())
    if signatures:
        runner = interpreter.get_signature_runner(signatures[0])
        inputs = list(runner.get_input_details())
        return lambda feed: _in_order(runner(**_named(feed, inputs)))
    return lambda feed: _by_tensor(interpreter, feed)


def _by_tensor(interpreter: Any, feed: Mapping[str, NDArray[Any]]) -> Outputs:
    details = interpreter.get_input_details()
    named = _named(feed, [detail["name"] for detail in details])
    for detail in details:
        interpreter.resize_tensor_input(detail["index"], named[detail["name"]].shape)
    interpreter.allocate_tensors()
    for detail in details:
        interpreter.set_tensor(detail["index"], named[detail["name"]])
    interpreter.invoke()
    return {
        detail["name"]: interpreter.get_tensor(detail["index"])
        for detail in interpreter.get_output_details()
    }


def _named(feed: Mapping[str, NDArray[Any]], names: list[str]) -> dict[str, NDArray[Any]]:
    """The feed under the artifact's own input names: those that fit, else by position."""
    bare = {re.sub(r"^serving_default_|:\d+$", "", name): name for name in names}
    if set(bare) == set(feed):
        return {bare[name]: array for name, array in feed.items()}
    return dict(zip(names, feed.values(), strict=False))


def _in_order(outputs: Outputs) -> Outputs:
    """A signature lists its outputs by the alphabet: ``output_10`` before ``output_2``."""

    def place(name: str) -> tuple[Any, ...]:
        return tuple(int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name))

    return {name: np.asarray(outputs[name]) for name in sorted(outputs, key=place)}


ROUTES = {
    route.name: route
    for route in (
        Route("ours_onnx", "ours", Format.ONNX, lambda c, _: _ours(c, Format.ONNX), _load_ours),
        Route(
            "ours_tflite",
            "ours",
            Format.TFLITE,
            lambda c, _: _ours(c, Format.TFLITE),
            _load_ours,
        ),
        Route("tf2onnx", "stock", Format.ONNX, _tf2onnx, _load_onnx),
        Route(
            "keras_onnx",
            "stock",
            Format.ONNX,
            lambda case, folder: _exported(case, folder, "onnx", "onnx"),
            _load_onnx,
        ),
        Route("tflite_converter", "stock", Format.TFLITE, _converter, _load_tflite),
        Route(
            "keras_litert",
            "stock",
            Format.TFLITE,
            lambda case, folder: _exported(case, folder, "litert", "tflite"),
            _load_tflite,
        ),
    )
}
