"""Every error that Edgesmith raises on purpose, as one tree.

::

    EdgesmithError
    ├── BundleError        a bundle is damaged, incomplete, hostile or newer than its reader
    ├── SignatureError     a tensor has another name, dtype or shape than the model takes
    ├── InputError         a raw input cannot be read or is not what the bundle accepts
    ├── TransformError     a transform program is not well formed
    ├── BackendError       an engine or decoder is not installed, or refused the model
    ├── SelfTestError      a golden sample is not reproduced on this host
    ├── WriteError         a file cannot be written; what was there before still is
    ├── ConfigError        a configuration key or value is wrong                  (build side)
    ├── DataError          raw data cannot be read or cannot be learned from      (build side)
    ├── ConversionError    a model cannot be converted                            (build side)
    ├── ParityError        an artifact differs from the original beyond tolerance (build side)
    ├── OptimizationError  a recipe cannot be followed                            (build side)
    └── BudgetError        no artifact keeps what the device bears                (build side)

    PortabilityWarning     a UserWarning: an artifact answers otherwise on this host

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
    "EdgesmithError",
    "InputError",
    "OptimizationError",
    "ParityError",
    "PortabilityWarning",
    "SelfTestError",
    "SignatureError",
    "TransformError",
    "WriteError",
]


class EdgesmithError(Exception):
    """The root: catch this to catch everything that Edgesmith raises on purpose."""

    exit_code: ClassVar[int] = 1


class BundleError(EdgesmithError):
    """A bundle is damaged, incomplete, hostile, or newer than this reader."""

    exit_code = 2


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


class PortabilityWarning(UserWarning):
    """The artifact that was loaded answers otherwise on this host than where it was built."""
