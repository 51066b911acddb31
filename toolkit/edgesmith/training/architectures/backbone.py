# pyright: basic
"""A net of ``keras.applications`` by name, with weights from a local file, under a new head."""

from __future__ import annotations

import inspect
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, cast

import keras

from edgesmith.training.architectures.ends import arguments, head, input_layers
from edgesmith.training.architectures.image_layers import image_pixels
from edgesmith.training.architectures.options import check_share
from edgesmith_runtime.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgesmith_runtime.manifest import Output, Task
    from edgesmith_runtime.spec import TensorSpec

__all__ = ["backbone"]

_NET = "training.options.net"
SUFFIXES = (".h5", ".keras")  # .weights.h5 among them


def backbone(  # noqa: PLR0913 - its options are arguments
    inputs: tuple[TensorSpec, ...],
    output: Output,
    task: Task,
    *,
    net: str = "",
    weights: str = "",
    frozen: bool = False,
    alpha: float = 1.0,
    dropout: float = 0.2,
) -> keras.Model:
    """A net of ``keras.applications`` without its top, the mean over the image, a new output layer.

    With weights it learns in two builds: first ``frozen = true``, where the head alone learns;
    then ``frozen = false`` and a learning rate a hundred times lower, with ``weights`` the
    ``build/original.keras`` that the first one left, whose head is taken too. Batch norms
    keep the statistics of given weights in both (https://keras.io/guides/transfer_learning).
    Nothing is downloaded.

    The images must be prepared as the weights were trained, with ``[normalization] method``:

    - "none" for EfficientNet, EfficientNetV2, MobileNetV3 and ConvNeXt, which scale inside;
    - "given" with offset [127.5] and scale [127.5] for MobileNet, MobileNetV2, Xception,
      Inception, NASNet and ResNetV2;
    - "given" with offset [123.675, 116.28, 103.53] and scale [58.395, 57.12, 57.375] for
      DenseNet;
    - "given" with offset [103.939, 116.779, 123.68] and scale [1], with
      ``image.channel_order = "bgr"``, for ResNet and VGG.

    Args:
        inputs: One float32 image tensor, ``(batch, height, width, channel)``; most nets want 32
            pixels or more, and given weights three channels.
        output: What the model gives.
        task: Softmax follows for a classification.
        net: Of ``keras.applications``, e.g. MobileNetV2; it has to be given.
        weights: A ``.weights.h5`` or ``.h5`` file of the net without its top, or the
            ``original.keras`` of an earlier build with the same options and output; in a
            configuration ``${NAME}`` is taken from the environment, and a relative path starts
            at its folder. Empty: it learns from scratch.
        frozen: Whether the head alone learns.
        alpha: Width of the MobileNets, a share of the published one.
        dropout: Share of the averaged channels left out in training.

    Raises:
        ConfigError: An option has a value that it cannot have, the file does not hold such
            weights, or the input is no such image.
    """
    check_share("dropout", dropout)
    image_pixels(inputs, "backbone")
    if frozen and not weights:
        raise ConfigError(
            "training.options.frozen: a net of random weights would stay so; give weights"
        )
    make = _application(net)
    layers = input_layers(inputs)
    base = make(
        include_top=False,
        weights=None,
        input_tensor=layers[inputs[0].name],
        pooling="avg",
        **_width(make, net, alpha),
    )
    features = cast("keras.KerasTensor", base.output)
    if dropout:
        features = keras.layers.Dropout(dropout, name="dropout")(features)
    model = keras.Model(arguments(layers), head(features, output, task), name="backbone")
    if weights:
        _load(model if weights.endswith(".keras") else base, Path(weights), net)
        for layer in base.layers:
            is_norm = isinstance(layer, keras.layers.BatchNormalization)
            layer.trainable = not frozen and not is_norm
    return model


def _application(net: str) -> Callable[..., keras.Model]:
    if not net:
        raise ConfigError(
            f"{_NET}: missing; expected one of keras.applications, e.g. MobileNetV2"
        )
    known = [name for name in dir(keras.applications) if name[0].isupper()]
    if net not in known:
        close = get_close_matches(net, known, n=1)
        hint = f"; did you mean '{close[0]}'?" if close else f"; known: {', '.join(known)}"
        raise ConfigError(f"{_NET}: keras.applications has no '{net}'{hint}")
    return getattr(keras.applications, net)


def _width(make: Callable[..., keras.Model], net: str, alpha: float) -> dict[str, float]:
    if alpha == 1.0:
        return {}
    if "alpha" not in inspect.signature(make).parameters:
        raise ConfigError(f"training.options.alpha: {net} has one width only")
    return {"alpha": alpha}


def _load(model: keras.Model, path: Path, net: str) -> None:
    key = "training.options.weights"
    if path.suffix not in SUFFIXES:
        raise ConfigError(f"{key}: expected a .h5 or .keras file, got '{path.name}'")
    if not path.is_file():
        raise ConfigError(f"{key}: there is no file '{path}'")
    try:
        model.load_weights(path)
    except Exception as error:  # h5py and Keras raise whatever they stumble on
        raise ConfigError(
            f"{key}: '{path.name}' does not hold the weights of {net} with these options: {error}"
        ) from error
