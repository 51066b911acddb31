"""``[training]``: the model and the loop that fits it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from edgesmith.config.section import Section

__all__ = ["TrainingConfig"]


class TrainingConfig(Section):
    """Initialise, forward, loss, gradient, update, until a stop condition."""

    architecture: str = Field(
        description="linear, mlp; cnn, mobilenet, backbone for images; ds_cnn for sound; conv1d, "
        "tcn, gru for series; embedding_bag, text_cnn, text_transformer for sequences of tokens; "
        "tabular for tables with codes; autoencoder, mahalanobis for an anomaly detection; or "
        "package.module:function that returns a Keras model; its package must be installed or on "
        "PYTHONPATH."
    )
    options: dict[str, int | float | str | bool | tuple[int, ...]] = Field(
        default={}, description="Arguments of the architecture."
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
