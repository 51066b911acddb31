"""Every error that Edgesmith raises on purpose, as one tree.

::

    EdgesmithError
    ├── BundleError        a bundle is damaged, incomplete, hostile or newer than its reader
    │   └── SealError      a bundle is not signed by a trusted key, was altered, or is too old
    ├── SignatureError     a tensor has another name, dtype or shape than the model takes
    ├── InputError         a raw input cannot be read or is not what the bundle accepts
    ├── TransformError     a transform program is not well formed
    ├── BackendError       an engine or decoder is not installed, or refused the model
    ├── DeadlineError      a run took longer than its timeout and was ended; a TimeoutError too
    ├── SelfTestError      a golden sample is not reproduced on this host
    ├── WriteError         a file cannot be written; what was there before still is
    ├── ConfigError        a configuration key or value is wrong                  (build side)
    ├── DataError          raw data cannot be read or cannot be learned from      (build side)
    ├── ConversionError    a model cannot be converted                            (build side)
    ├── ParityError        an artifact differs from the original beyond tolerance (build side)
    ├── OptimizationError  a recipe cannot be followed                            (build side)
    ├── BudgetError        no artifact keeps what the device bears                (build side)
    └── DeviceError        another machine cannot be reached or cannot do the work (build side)

    NonFiniteWarning       a UserWarning: NaN or infinity goes into a model, or comes out
    PortabilityWarning     a UserWarning: an artifact answers otherwise on this host
    RollbackWarning        a UserWarning: a slot started with the bundle before the current one
    TuningWarning          a UserWarning: what tune recorded for a bundle cannot be used

A message says where, what was expected, what was there, and what to do.
``exit_code`` is what a command returns: 1 the work failed, 2 wrong use or unreadable input.
"""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "BackendError",
    "BudgetError",
    "BundleError",
    "ConfigError",
    "ConversionError",
    "DataError",
    "DeadlineError",
    "DeviceError",
    "EdgesmithError",
    "InputError",
    "NonFiniteWarning",
    "OptimizationError",
    "ParityError",
    "PortabilityWarning",
    "RollbackWarning",
    "SealError",
    "SelfTestError",
    "SignatureError",
    "TransformError",
    "TuningWarning",
    "WriteError",
]


class EdgesmithError(Exception):
    """The root: catch this to catch everything that Edgesmith raises on purpose."""

    exit_code: ClassVar[int] = 1


class BundleError(EdgesmithError):
    """A bundle is damaged, incomplete, hostile, or newer than this reader."""

    exit_code = 2


class SealError(BundleError):
    """A bundle is not signed by a trusted key, was altered since, or is older than it may be."""

    exit_code = 1


class SignatureError(EdgesmithError):
    """A tensor has another name, dtype or shape than the model takes."""

    exit_code = 2


class InputError(EdgesmithError):
    """A raw input cannot be read, or is not what the bundle accepts."""

    exit_code = 2


class TransformError(EdgesmithError):
    """A transform program is not well formed."""

    exit_code = 2


class BackendError(EdgesmithError):
    """An engine or a decoder is not installed, or refused the model."""


class DeadlineError(EdgesmithError, TimeoutError):
    """A run took longer than its timeout; it was ended, and the model can be used as before."""


class SelfTestError(EdgesmithError):
    """A golden sample is not reproduced on this host."""


class WriteError(EdgesmithError):
    """A file cannot be written (disk full, read-only, in use); what was there before still is."""


class ConfigError(EdgesmithError):
    """A configuration key or value is wrong; the message names it by path."""

    exit_code = 2


class DataError(EdgesmithError):
    """Raw data cannot be read, or cannot be learned from."""

    exit_code = 2


class ConversionError(EdgesmithError):
    """A model cannot be converted; the message names the layer where it can."""


class ParityError(EdgesmithError):
    """An artifact answers differently from the original, beyond tolerance."""


class OptimizationError(EdgesmithError):
    """A recipe cannot be followed for a model; the message says why."""


class BudgetError(EdgesmithError):
    """No artifact keeps the budget; the message names the nearest and what it misses."""


class DeviceError(EdgesmithError):
    """Another machine cannot be reached, lacks something, or was lost; the message has the cure."""


class NonFiniteWarning(UserWarning):
    """A number that goes into a model, or comes out of it, is NaN or infinite."""


class PortabilityWarning(UserWarning):
    """The artifact that was loaded answers otherwise on this host than where it was built."""


class RollbackWarning(UserWarning):
    """A slot did not start as its folder stood: an update was unconfirmed or cannot be loaded."""


class TuningWarning(UserWarning):
    """What ``tune`` recorded for a bundle cannot be used; it runs as if nothing were recorded."""
