"""``[training]``: the model and the loop that fits it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    Field,
    PlainSerializer,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from edgesmith.config.section import ConfigPath, Section

__all__ = ["TrainingConfig"]

_Options = dict[str, int | float | str | bool | tuple[int, ...]]
_PATH: TypeAdapter[Path] = TypeAdapter(ConfigPath)


def _portable(options: _Options) -> _Options:
    """A path to weights by its last part, as a bundle holds all paths."""
    weights = options.get("weights")
    return {**options, "weights": Path(weights).name} if isinstance(weights, str) else options


class TrainingConfig(Section):
    """Initialise, forward, loss, gradient, update, until a stop condition."""

    architecture: str = Field(
        description="linear, mlp; cnn, mobilenet, backbone for images; ds_cnn for sound; conv1d, "
        "tcn, gru for series; embedding_bag, text_cnn, text_transformer for sequences of tokens; "
        "tabular for tables with codes; autoencoder, mahalanobis for an anomaly detection; or "
        "package.module:function that returns a Keras model; its package must be installed or on "
        "PYTHONPATH."
    )
    options: Annotated[_Options, PlainSerializer(_portable, when_used="json")] = Field(
        default={},
        description="Arguments of the architecture. The `weights` of backbone are a file.",
    )
    loss: Literal[
        "auto", "crossentropy", "mean_squared_error", "mean_absolute_error", "huber"
    ] = Field(
        default="auto",
        description="auto: crossentropy, mean_squared_error for a regression, and the mean score "
        "for an anomaly detection.",
    )
    label_smoothing: float = Field(default=0, ge=0, lt=1, description="Of the crossentropy.")
    mixup: float = Field(
        default=0,
        ge=0,
        description="Learn from mixtures of two samples each, by shares of a Beta distribution of "
        "this parameter, e.g. 0.2; 0: from the samples.",
    )
    optimizer: Literal["sgd", "adam", "adamw"] = Field(
        default="adam", description="The update rule."
    )
    learning_rate: float = Field(default=1e-3, gt=0, description="At its highest.")
    momentum: float = Field(default=0, ge=0, lt=1, description="Of sgd.")
    weight_decay: float = Field(default=0, ge=0, description="Of adamw.")
    schedule: Literal["constant", "cosine", "step", "exponential"] = Field(
        default="constant", description="How the learning rate falls over the epochs."
    )
    decay: float = Field(
        default=0.5,
        gt=0,
        lt=1,
        description="Of step and exponential: its factor every decay_epochs.",
    )
    decay_epochs: float = Field(default=10, gt=0, description="Of step and exponential.")
    warmup_epochs: float = Field(
        default=0, ge=0, description="Epochs over which it rises from 0."
    )
    batch_size: int = Field(default=32, ge=1, description="Samples an update.")
    epochs: int = Field(
        default=50, ge=1, description="At most so many passes over the training split."
    )
    patience: int = Field(
        default=0,
        ge=0,
        description="Stop after so many epochs without a better validation loss (training loss, "
        "where there is no validation split) and take the best weights; 0: never early, the last weights.",
    )
    min_delta: float = Field(
        default=0, ge=0, description="What counts as better, in units of the loss."
    )
    tolerance: float = Field(
        default=0,
        ge=0,
        description="Stop when an epoch changed the training loss by less; 0: never.",
    )
    class_weights: Literal["none", "balanced"] = Field(
        default="none", description="balanced: rare classes weigh more in the loss."
    )

    @field_validator("options")
    @classmethod
    def _find_weights(cls, options: _Options, info: ValidationInfo) -> _Options:
        weights = options.get("weights")
        of_backbone = info.data.get("architecture") == "backbone"
        if not (of_backbone and isinstance(weights, str) and weights):
            return options
        try:
            path = _PATH.validate_python(weights, context=info.context)
        except ValidationError as error:
            reason = error.errors()[0]["msg"].removeprefix("Value error, ")
            raise ValueError(f"weights: {reason}") from error
        return {**options, "weights": str(path)}

    @model_validator(mode="after")
    def _each_key_has_its_use(self) -> TrainingConfig:
        if self.momentum and self.optimizer != "sgd":
            raise ValueError(f"momentum is for sgd, and the optimizer is {self.optimizer}")
        if self.weight_decay and self.optimizer != "adamw":
            raise ValueError(
                f"weight_decay is for adamw, and the optimizer is {self.optimizer}"
            )
        if self.label_smoothing and self.loss not in ("auto", "crossentropy"):
            raise ValueError(
                f"label_smoothing is for crossentropy, and the loss is {self.loss}"
            )
        if self.warmup_epochs >= self.epochs:
            raise ValueError(
                f"warmup_epochs must be below epochs, and {self.warmup_epochs:g} is not below {self.epochs}"
            )
        return self
