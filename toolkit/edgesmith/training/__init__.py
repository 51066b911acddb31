"""Training: a prepared data set in, a fitted Keras model and its learning curve out."""

from __future__ import annotations

from edgesmith.quiet import quiet_start

with quiet_start():
    from edgesmith.training.fine_tuning import Pruning, QuantizationAware, fine_tune
    from edgesmith.training.loop import Fitted, fit

__all__ = ["Fitted", "Pruning", "QuantizationAware", "fine_tune", "fit"]
