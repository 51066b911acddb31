"""Other settings of a step that an app may have: the same op with one param changed."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, cast

from edgesmith_runtime.doctor.faults import Change, Fault, instead

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgesmith_runtime.manifest import Step
    from edgesmith_runtime.transforms import Op

__all__ = ["CHOICES", "of_settings"]

# By op and param: the mistake that another value is, and the values that apps have.
CHOICES: dict[tuple[str, str], tuple[Fault, tuple[Any, ...]]] = {
    ("fit_length", "align"): (Fault.PADDING, ("start", "center")),
    ("pre_emphasis", "coefficient"): (Fault.OTHER_STEP, (0.9, 0.95, 0.97)),
    ("stft", "window"): (Fault.WINDOW, ("hann", "hamming", "blackman", "rectangle")),
    ("stft", "center"): (Fault.FRAMING, ("none", "reflect", "zeros")),
    ("stft", "result"): (Fault.SPECTRUM, ("power", "magnitude")),
    ("mel", "scale"): (Fault.FILTER_BANK, ("htk", "slaney")),
    ("mel", "slopes"): (Fault.FILTER_BANK, ("mel", "hz")),
    ("mel", "norm"): (Fault.FILTER_BANK, ("none", "slaney")),
    ("mel", "low_hz"): (Fault.FILTER_BANK, (0.0, 20.0, 50.0, 60.0, 64.0, 80.0, 125.0, 300.0)),
    ("mel", "high_hz"): (Fault.FILTER_BANK, (None, 3400.0, 3800.0, 4000.0, 7600.0, 8000.0)),
    ("mel", "sample_rate"): (
        Fault.FILTER_BANK,
        (8000, 11025, 16000, 22050, 32000, 44100, 48000),
    ),
    ("mel", "n_mels"): (Fault.FILTER_BANK, (32, 40, 64, 80, 128)),
    ("log", "unit"): (Fault.LOGARITHM, ("natural", "ten", "decibel")),
    ("log", "floor"): (
        Fault.LOGARITHM,
        (1e-12, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2),
    ),
    ("dct", "norm"): (Fault.OTHER_STEP, ("ortho", "htk")),
    ("standardize_sample", "method"): (
        Fault.OTHER_NORMALIZATION,
        ("standard", "minmax", "peak"),
    ),
    ("standardize_sample", "axes"): (Fault.OTHER_NORMALIZATION, ((0,), (1,), (0, 1))),
    ("fit_length_series", "pad"): (Fault.PADDING, ("edge", "zero")),
    ("fit_length_series", "keep"): (Fault.PADDING, ("start", "end")),
    ("power_spectrum", "window"): (Fault.WINDOW, ("hann", "hamming", "blackman", "rectangle")),
    ("moving_average", "size"): (Fault.OTHER_STEP, (3, 5, 7, 9, 11)),
    ("median_filter", "size"): (Fault.OTHER_STEP, (3, 5, 7, 9, 11)),
    ("gaussian_filter", "sigma"): (Fault.OTHER_STEP, (0.5, 1.0, 1.5, 2.0, 3.0)),
}


def of_settings(index: int, step: Step, op: Op) -> Iterator[Change]:
    """The step with one of its params as other apps have it; a yes or no is turned round.

    Args:
        index: Of the step.
        step: What it is called.
        op: A dataclass, whose fields are its params.
    """
    if not dataclasses.is_dataclass(op) or isinstance(op, type):
        return
    for field in dataclasses.fields(op):
        own = getattr(op, field.name)
        if not field.init:
            continue
        fault, values = CHOICES.get((step.op, field.name), (Fault.OTHER_STEP, ()))
        if isinstance(own, bool):
            values = (not own,)
        for value in values:
            other = None if value == own else _with(op, field.name, value)
            if other is None:
                continue
            yield Change(
                fault=fault,
                words=f"does '{step.op}' with {field.name} {_shown(value)} where the bundle has "
                f"{_shown(own)}",
                step=index,
                wrap=instead(other),
                replaces=True,
            )


def _with(op: Any, name: str, value: object) -> Op | None:
    """The op with another param; None for a number that its others leave no room for.

    Raises:
        ValueError: A word that the op does not know, which is a mistake in ``CHOICES``.
    """
    try:
        return cast("Op", dataclasses.replace(op, **{name: value}))
    except ValueError:
        if isinstance(value, str):
            raise
        return None


def _shown(value: object) -> str:
    return "the highest" if value is None else f"{value}"
