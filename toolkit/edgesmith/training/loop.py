# pyright: basic
"""The loop that a course shows: initialise, forward, loss, gradient, update, until it stops."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol

import keras
import tensorflow as tf

from edgesmith.core import Curve, Split
from edgesmith.training.architectures.ends import arguments
from edgesmith.training.batches import EVALUATION_BATCH, Batches
from edgesmith.training.building import build_model
from edgesmith.training.checkpoint import Checkpoints, State
from edgesmith.training.closed_form import CLOSED_FORMS, settle
from edgesmith.training.determinism import reproducible
from edgesmith.training.fingerprint import fingerprint
from edgesmith.training.losses import loss_of_pairs, sample_loss, sample_weights
from edgesmith.training.optimizers import learning_rate, make_optimizer
from edgesmith.training.stopping import History, stop_reason
from edgesmith_runtime.errors import EdgesmithError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from edgesmith.config.training import TrainingConfig
    from edgesmith.core import KerasModel, Prepared, Progress
    from edgesmith.training.batches import Batch
    from edgesmith.training.losses import SampleLoss

__all__ = ["Fitted", "Learner", "Training", "fit"]

CHECKPOINT_PAUSE_NS = 1_000_000_000  # short epochs would else spend their time on the disk
TOLD_EPOCHS = 10


@dataclass(frozen=True, slots=True)
class Fitted:
    """A trained model, and how its training went."""

    model: KerasModel
    curve: Curve


def fit(
    prepared: Prepared,
    config: TrainingConfig,
    *,
    seed: int,
    directory: Path,
    progress: Progress,
    clock_ns: Callable[[], int] = time.perf_counter_ns,
) -> Fitted:
    """Train the configured architecture on the training split.

    The same arguments give the same weights, to the bit, whether or not the training was killed
    on the way: it goes on from the checkpoint of its last whole epoch, or of one up to a second
    older. ``curve.best_epoch`` is the epoch, from 1, whose weights the model has: with
    ``patience`` the one of the lowest validation loss, else the last. An architecture in closed
    form has no epochs, and its curve one point.

    Args:
        prepared: The data set; without a validation split the training loss decides.
        config: Architecture and loop.
        seed: Of initial weights, order, augmentation and dropout.
        directory: For checkpoints, made if absent; they are removed when the training is done.
        progress: Told of every update, and of about ten epochs in words.
        clock_ns: For the pause between checkpoints only.

    Raises:
        ConfigError: The configuration does not fit the data or itself.
        EdgesmithError: The loss became NaN or infinite.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with reproducible(seed):
        model = build_model(prepared, config)
        if config.architecture in CLOSED_FORMS:
            return Fitted(model, settle(model, prepared, config))
        digest = fingerprint(
            prepared,
            config,
            seed=seed,
            initial=_values(model.variables),
            versions=(tf.__version__, keras.__version__),
        )
        checkpoints = Checkpoints(directory, digest)
        cure = (
            f"lower training.learning_rate, which is {config.learning_rate:g}, "
            "or set training.warmup_epochs"
        )
        training = Training(model, prepared, config, seed=seed, cure=cure)
        found = checkpoints.newest(progress)
        if found is not None:
            training.restore(found)
            progress.say(f"training goes on after epoch {found.history.n_epochs}")
        updates = training.updates(progress, _Saving(training, checkpoints, clock_ns))
        for _ in progress.track(updates, "Training", total=training.n_updates_left):
            pass
        curve = training.finish()
    checkpoints.clear()
    return Fitted(model, curve)


class Learner(Protocol):
    """What training changes: a Keras model, or what computes with the weights of one."""

    @property
    def variables(self) -> list[keras.Variable]:
        """All that the updates change."""
        ...

    @property
    def trainable_variables(self) -> list[keras.Variable]:
        """Those that have a gradient."""
        ...

    @property
    def losses(self) -> list[Any]:
        """Penalties on the weights."""
        ...

    def __call__(self, inputs: Any, *, training: bool) -> Any:
        """The outputs."""
        ...


class Training:
    """A model on its way, with all that changes while it learns.

    Args:
        model: What learns.
        prepared: The data set.
        config: The loop.
        seed: Of order and augmentation.
        cure: What to do about a loss that is no number.
    """

    def __init__(
        self,
        model: Learner,
        prepared: Prepared,
        config: TrainingConfig,
        *,
        seed: int,
        cure: str,
    ) -> None:
        self._model = model
        self._config = config
        self._seed = seed
        self._cure = cure
        self._loss = sample_loss(config, prepared.task)
        self._optimizer = make_optimizer(config)
        self._optimizer.build(model.trainable_variables)
        self._train = _batches(prepared, Split.TRAIN, config)
        self._validation = (
            _batches(prepared, Split.VALIDATION, config)
            if Split.VALIDATION in prepared.splits
            else None
        )
        self._history = History()
        self._best: tuple[NDArray[Any], ...] = ()
        self._signature = _signature(prepared)

    @property
    def n_updates_left(self) -> int:
        """Updates to come if nothing stops the training early."""
        return (self._config.epochs - self._history.n_epochs) * len(self._train)

    def first_inputs(self, n_batches: int) -> Iterator[Any]:
        """What the model is called with in its first updates; nothing is learned."""
        for batch in islice(self._train.shuffled(self._seed, 0), n_batches):
            yield arguments(dict(batch.tensors))

    def updates(
        self, progress: Progress, after_epoch: Callable[[], None] = lambda: None
    ) -> Iterator[None]:
        """Learn until a stop condition holds, yielding after each update."""
        learned = loss_of_pairs(self._loss) if self._config.mixup else self._loss
        update_step = _update_step(self._model, self._optimizer, learned, self._signature)
        loss_step = _loss_step(self._model, self._loss, self._signature)
        while stop_reason(self._history, self._config) is None:
            epoch = self._history.n_epochs
            n_before = epoch * len(self._train)
            rate, total = 0.0, 0.0
            for index, batch in enumerate(self._train.shuffled(self._seed, epoch)):
                rate = learning_rate(self._config, n_before + index, len(self._train))
                loss = float(update_step(*_fed(batch), tf.constant(rate, tf.float32)))
                self._check_finite(loss, f"in epoch {epoch + 1}, update {index + 1}")
                total += loss * len(batch)
                yield
            train_loss = total / self._train.n_samples
            self._close_epoch(train_loss, self._validation_loss(loss_step), rate)
            self._tell(progress)
            after_epoch()

    def state(self) -> State:
        """All that decides how it goes on, after a whole epoch."""
        return State(
            history=self._history,
            weights=_values(self._model.variables),
            best=self._best,
            optimizer=_values(self._optimizer.variables),
        )

    def restore(self, state: State) -> None:
        """Take up a training where a checkpoint left it."""
        self._history, self._best = state.history, state.best
        _assign(self._model.variables, state.weights)
        _assign(self._optimizer.variables, state.optimizer)

    def finish(self) -> Curve:
        """Give the model the weights that count, and the curve."""
        history = self._history
        if self._best and history.best_epoch != history.n_epochs:
            _assign(self._model.variables, self._best)
        return Curve(
            train_loss=history.train_loss,
            validation_loss=history.validation_loss,
            learning_rate=history.learning_rate,
            best_epoch=history.best_epoch if self._config.patience else history.n_epochs,
            stop_reason=stop_reason(history, self._config) or "",
        )

    def _validation_loss(self, loss_step: Callable[..., tf.Tensor]) -> float | None:
        if self._validation is None:
            return None
        total = sum(
            float(loss_step(*_fed(batch))) * len(batch) for batch in self._validation.in_order()
        )
        loss = total / self._validation.n_samples
        self._check_finite(
            loss, f"on the validation split after epoch {self._history.n_epochs + 1}"
        )
        return loss

    def _close_epoch(
        self, train_loss: float, validation_loss: float | None, rate: float
    ) -> None:
        self._history = self._history.after(
            train_loss=train_loss,
            validation_loss=validation_loss,
            rate=rate,
            min_delta=self._config.min_delta,
        )
        if self._config.patience and self._history.best_epoch == self._history.n_epochs:
            self._best = _values(self._model.variables)

    def _check_finite(self, loss: float, where: str) -> None:
        if not math.isfinite(loss):
            raise EdgesmithError(f"training: the loss became {loss} {where}; {self._cure}")

    def _tell(self, progress: Progress) -> None:
        history, epochs = self._history, self._config.epochs
        is_last = stop_reason(history, self._config) is not None
        if not is_last and history.n_epochs % max(1, epochs // TOLD_EPOCHS):
            return
        line = f"epoch {history.n_epochs}/{epochs}: loss {history.train_loss[-1]:.4g}"
        if history.validation_loss:
            line += f", validation {history.validation_loss[-1]:.4g}"
        progress.say(line)


class _Saving:
    """Saves a training after an epoch where the last save is long enough ago."""

    def __init__(
        self, training: Training, checkpoints: Checkpoints, clock_ns: Callable[[], int]
    ) -> None:
        self._training = training
        self._checkpoints = checkpoints
        self._clock_ns = clock_ns
        self._saved_ns = clock_ns()

    def __call__(self) -> None:
        if self._clock_ns() - self._saved_ns >= CHECKPOINT_PAUSE_NS:
            self._checkpoints.save(self._training.state())
            self._saved_ns = self._clock_ns()


def _batches(prepared: Prepared, split: Split, config: TrainingConfig) -> Batches:
    targets = prepared.splits[split].targets
    weights = sample_weights(config, targets, prepared.splits[Split.TRAIN].targets)
    size = config.batch_size if split is Split.TRAIN else EVALUATION_BATCH
    return Batches(prepared, split, weights=weights, batch_size=size, mixup=config.mixup)


def _signature(prepared: Prepared) -> tuple[Any, ...]:
    """Shapes with a free batch axis, so that no batch size is traced anew."""
    tensors = {
        spec.name: tf.TensorSpec(
            [None, *(axis if isinstance(axis, int) else None for axis in spec.sample_shape)],
            spec.dtype,
        )
        for spec in prepared.inputs
    }
    targets = prepared.splits[Split.TRAIN].targets
    return (
        tensors,
        tf.TensorSpec([None, *targets.shape[1:]], targets.dtype),
        tf.TensorSpec([None], tf.float32),
    )


def _update_step(
    model: Learner,
    optimizer: keras.optimizers.Optimizer,
    sample_loss: SampleLoss,
    signature: tuple[Any, ...],
) -> Callable[..., tf.Tensor]:
    """One update of the weights on one batch; gives the batch's mean loss."""

    @tf.function(input_signature=[*signature, tf.TensorSpec([], tf.float32)])
    def update(tensors: Any, targets: Any, weights: Any, rate: Any) -> tf.Tensor:
        with tf.GradientTape() as tape:
            outputs = model(arguments(tensors), training=True)
            loss = tf.reduce_mean(weights * sample_loss(targets, outputs))
            penalised = tf.add_n([loss, *model.losses])
        gradients = tape.gradient(penalised, model.trainable_variables)
        optimizer.learning_rate = rate
        optimizer.apply(gradients, model.trainable_variables)
        return loss

    return update


def _loss_step(
    model: Learner, sample_loss: SampleLoss, signature: tuple[Any, ...]
) -> Callable[..., tf.Tensor]:
    """The mean loss of one batch, nothing learned."""

    @tf.function(input_signature=signature)
    def evaluate(tensors: Any, targets: Any, weights: Any) -> tf.Tensor:
        outputs = model(arguments(tensors), training=False)
        return tf.reduce_mean(weights * sample_loss(targets, outputs))

    return evaluate


def _fed(batch: Batch) -> tuple[Any, ...]:
    tensors = {name: tf.constant(tensor) for name, tensor in batch.tensors.items()}
    return tensors, tf.constant(batch.targets), tf.constant(batch.weights)


def _values(variables: list[keras.Variable]) -> tuple[NDArray[Any], ...]:
    return tuple(variable.value.numpy() for variable in variables)


def _assign(variables: list[keras.Variable], values: tuple[NDArray[Any], ...]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
