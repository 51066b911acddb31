# pyright: basic
"""The configured architecture, found, called with its options, and its model checked."""

from __future__ import annotations

import importlib
import inspect
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, cast

import keras
import numpy as np

from edgesmith.core import Split
from edgesmith.training.architectures import OF_ANOMALIES, architectures
from edgesmith.training.architectures.ends import arguments, shape_text
from edgesmith.training.closed_form import CLOSED_FORMS
from edgesmith_runtime.errors import ConfigError
from edgesmith_runtime.manifest import Kind, Task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from edgesmith.config.training import TrainingConfig
    from edgesmith.core import Prepared

__all__ = ["build_model"]

KEY = "training.architecture"
PROBED_SAMPLES = 4
MIXABLE = (Kind.IMAGE, Kind.AUDIO, Kind.SERIES, Kind.TENSOR)
N_GIVEN = 3  # inputs, output, task; what follows are options


def build_model(prepared: Prepared, config: TrainingConfig) -> keras.Model:
    """A model for the prepared tensors with fresh weights, tried on a few training samples.

    A module of ``package.module:function`` is imported as Python finds it: installed, or on
    PYTHONPATH. Neither the working directory nor the folder of the configuration is added.

    Raises:
        ConfigError: The architecture or an option is not known, or the model does not take the
            prepared tensors, cannot learn, or gives something else than the task needs.
    """
    architecture = _architecture(config.architecture)
    _check_task(config.architecture, prepared.task)
    _check_mixup(prepared, config)
    _check_options(config.architecture, architecture, config.options)
    inputs, output, task = prepared.inputs, prepared.output, prepared.task
    try:
        options = _with_categories(architecture, config.options, prepared)
        options = _with_n_tokens(architecture, options, prepared)
        model = architecture(inputs, output, task, **options)
    except ConfigError:
        raise
    except Exception as error:  # a user's function can raise anything
        raise ConfigError(
            f"{KEY}: '{config.architecture}' failed: {type(error).__name__}: {error}"
        ) from error
    if not isinstance(model, keras.Model):
        raise ConfigError(
            f"{KEY}: expected a keras.Model from '{config.architecture}', "
            f"got {type(model).__module__}.{type(model).__name__}"
        )
    model = _by_input_name(model, prepared, config.architecture)
    _check_outputs(model, prepared, config.architecture)
    return model


def _architecture(name: str) -> Callable[..., Any]:
    if ":" not in name:
        return architectures[name]
    module_name, _, function_name = name.partition(":")
    try:
        module = importlib.import_module(module_name)
    except Exception as error:  # a user's module can raise anything
        raise ConfigError(
            f"{KEY}: cannot import '{module_name}': {type(error).__name__}: {error}; "
            "install its package, or put its folder on PYTHONPATH"
        ) from error
    function = getattr(module, function_name, None)
    if not callable(function):
        functions = [key for key, value in vars(module).items() if callable(value)]
        raise ConfigError(
            f"{KEY}: the module '{module_name}' has no function '{function_name}'"
            f"{_closest(function_name, functions)}"
        )
    return function


def _with_categories(
    architecture: Callable[..., Any], options: dict[str, Any], prepared: Prepared
) -> dict[str, Any]:
    """The options, and how many codes each column has that the transform leaves as codes.

    An architecture asks for that by an option ``categories``; one that the user set stays.
    """
    if (
        "categories" in options
        or "categories" not in inspect.signature(architecture).parameters
    ):
        return options
    steps = prepared.transform.steps
    scaled = {name for step in steps if step.op == "scale" for name in step.inputs}
    for step in steps:
        if step.op == "ordinal" and step.outputs[0] not in scaled:
            n_unknown = int(step.params["unknown"] == "index")
            codes = cast("list[list[str]]", step.params["categories"])
            return {**options, "categories": tuple(len(texts) + n_unknown for texts in codes)}
    return options


def _with_n_tokens(
    architecture: Callable[..., Any], options: dict[str, Any], prepared: Prepared
) -> dict[str, Any]:
    """The options, and how many indices a sequence of tokens has, as ``n_tokens`` asks for it."""
    wanted = "n_tokens" in inspect.signature(architecture).parameters
    if not wanted or "n_tokens" in options or prepared.n_tokens is None:
        return options
    return {**options, "n_tokens": prepared.n_tokens}


def _check_task(name: str, task: Task) -> None:
    if ":" in name or (name in OF_ANOMALIES) == (task is Task.ANOMALY):
        return
    fitting = (
        f"expected {' or '.join(sorted(OF_ANOMALIES))}, or package.module:function, for an anomaly "
        f"detection, got '{name}'"
        if task is Task.ANOMALY
        else f"'{name}' is for an anomaly detection, this is a {task}"
    )
    raise ConfigError(f"{KEY}: {fitting}")


def _check_mixup(prepared: Prepared, config: TrainingConfig) -> None:
    kind = prepared.raw_inputs[0].kind
    if config.mixup and kind not in MIXABLE:
        raise ConfigError(
            f"training.mixup: for {', '.join(MIXABLE)}, the source is a {kind}, "
            "whose numbers mean nothing between two samples"
        )
    for spec in prepared.inputs:
        if config.mixup and not spec.dtype.startswith("float"):
            raise ConfigError(
                f"training.mixup: for floats, tensor '{spec.name}' is {spec.dtype}"
            )


def _check_options(name: str, architecture: Callable[..., Any], options: Iterable[str]) -> None:
    parameters = list(inspect.signature(architecture).parameters.values())[N_GIVEN:]
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return
    known = [parameter.name for parameter in parameters]
    for option in options:
        if option not in known:
            hint = _closest(option, known) or f"; known: {', '.join(known) or 'none'}"
            raise ConfigError(f"training.options.{option}: '{name}' has no such option{hint}")


def _closest(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; did you mean '{close[0]}'?" if close else ""


def _by_input_name(model: keras.Model, prepared: Prepared, name: str) -> keras.Model:
    """The model behind inputs by name, whatever structure its function gave them.

    A subclassed model has no inputs before its first call and is called as ``arguments`` say.
    """
    layers = getattr(model, "inputs", None)
    if not layers:
        return model
    expected = sorted(spec.name for spec in prepared.inputs)
    got = sorted(layer.name for layer in layers)
    if got != expected:
        raise ConfigError(
            f"{KEY}: '{name}': expected the inputs {expected}, got {got}; "
            "name each keras.Input as its TensorSpec"
        )
    if len(model.outputs) != 1:
        raise ConfigError(f"{KEY}: '{name}': expected one output, got {len(model.outputs)}")
    by_name = {layer.name: layer for layer in layers}
    ordered = {spec.name: by_name[spec.name] for spec in prepared.inputs}
    return keras.Model(arguments(ordered), model.outputs[0], name=model.name)


def _check_outputs(model: keras.Model, prepared: Prepared, name: str) -> None:
    n_samples = min(PROBED_SAMPLES, len(prepared.splits[Split.TRAIN]))
    tensors = prepared.tensors(Split.TRAIN, slice(0, n_samples))
    try:
        outputs = model(arguments(tensors), training=False).numpy()
    except Exception as error:  # a user's layers can raise anything
        raise ConfigError(
            f"{KEY}: '{name}' cannot run on the prepared tensors "
            f"{', '.join(f'{key} {value.shape}' for key, value in tensors.items())}: {error}"
        ) from error
    if not model.trainable_variables and name not in CLOSED_FORMS:
        raise ConfigError(
            f"{KEY}: '{name}' gave a model without trainable weights; "
            "a tf.Variable as an attribute is none to Keras: make it with self.add_weight"
        )
    if outputs.shape != (n_samples, *prepared.output.shape) or outputs.dtype != np.float32:
        raise ConfigError(
            f"{KEY}: '{name}': expected a float32 output of shape "
            f"{shape_text(('batch', *prepared.output.shape))}, "
            f"got {outputs.dtype} {shape_text(('batch', *outputs.shape[1:]))}"
        )
    if prepared.task is Task.CLASSIFICATION:
        _check_probabilities(outputs, name)
    if prepared.task is Task.ANOMALY and (outputs < 0).any():
        raise ConfigError(
            f"{KEY}: '{name}': expected scores from 0 up, the larger the stranger, got "
            f"{outputs.min():.3g}; give a distance or an error"
        )


def _check_probabilities(outputs: np.ndarray, name: str) -> None:
    sums = outputs.sum(axis=-1)
    if (outputs < 0).any() or not np.allclose(sums, 1, atol=1e-3):
        raise ConfigError(
            f"{KEY}: '{name}': expected probabilities that sum to 1 by sample, "
            f"got a sum of {sums[np.argmax(np.abs(sums - 1))]:.3g}; end the model in a softmax"
        )
