"""When training ends, and which epoch's weights it keeps: decided from the losses alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgesmith.config.training import TrainingConfig

__all__ = ["History", "stop_reason"]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """One number an epoch so far.

    Args:
        train_loss: Mean over the training samples, while the weights moved.
        validation_loss: After the epoch; empty without a validation split.
        learning_rate: Of the epoch's last update.
        best_epoch: The epoch, from 1, with the lowest monitored loss; 0 before the first.
    """

    train_loss: tuple[float, ...] = ()
    validation_loss: tuple[float, ...] = ()
    learning_rate: tuple[float, ...] = ()
    best_epoch: int = 0

    @property
    def n_epochs(self) -> int:
        """Epochs done."""
        return len(self.train_loss)

    @property
    def monitored(self) -> tuple[float, ...]:
        """What early stopping looks at: the validation loss, or else the training loss."""
        return self.validation_loss or self.train_loss

    def after(
        self, *, train_loss: float, validation_loss: float | None, rate: float, min_delta: float
    ) -> History:
        """The history with one more epoch; it is the best when ``min_delta`` below the best so far."""
        loss = train_loss if validation_loss is None else validation_loss
        is_best = not self.best_epoch or loss < self.monitored[self.best_epoch - 1] - min_delta
        return History(
            train_loss=(*self.train_loss, train_loss),
            validation_loss=self.validation_loss
            if validation_loss is None
            else (*self.validation_loss, validation_loss),
            learning_rate=(*self.learning_rate, rate),
            best_epoch=self.n_epochs + 1 if is_best else self.best_epoch,
        )


def stop_reason(history: History, config: TrainingConfig) -> str | None:
    """Why training ends here, in words; None while it goes on."""
    waited = history.n_epochs - history.best_epoch
    if config.patience and waited >= config.patience:
        which = "validation" if history.validation_loss else "training"
        epochs = "1 epoch" if config.patience == 1 else f"{config.patience} epochs"
        return f"{which} loss did not improve for {epochs}"
    if config.tolerance and history.n_epochs > 1:
        change = abs(history.train_loss[-1] - history.train_loss[-2])
        if change < config.tolerance:
            return f"training loss changed by less than {config.tolerance:g}"
    if history.n_epochs >= config.epochs:
        return "the 1 epoch done" if config.epochs == 1 else f"all {config.epochs} epochs done"
    return None
