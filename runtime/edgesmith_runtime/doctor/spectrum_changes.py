"""Mistakes with spectra: windows, frames, the length of the transform, logarithms."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from edgesmith_runtime.doctor.faults import Change, Fault, instead, left_out, on_samples
from edgesmith_runtime.transforms.framing import framed
from edgesmith_runtime.transforms.mel import Mel
from edgesmith_runtime.transforms.samples import each
from edgesmith_runtime.transforms.spectra import WINDOWS, Stft

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from edgesmith_runtime.doctor.program import Program
    from edgesmith_runtime.transforms import Batch, Op
    from edgesmith_runtime.transforms.levels import Log

__all__ = ["of_bands", "of_framing", "of_logarithm"]


def of_framing(program: Program, index: int, op: Stft) -> Iterator[Change]:
    """Mistakes in cutting a recording into windows.

    Args:
        program: With the steps after it, of which a filter bank changes with the transform's length.
        index: Of the step ``stft``.
        op: That step.
    """
    frame, hop, length = op.frame_length, op.hop, op.fft_length
    for name in WINDOWS:
        if name != "rectangle":
            yield Change(
                fault=Fault.WINDOW,
                words=f"has a symmetric {name} window where the bundle has a periodic {op.window}",
                step=index,
                wrap=instead(_Windowed(op, _symmetric(name, frame))),
                replaces=True,
            )
    hops = (hop * 2, hop // 2, frame // 2, frame // 4, frame, 128, 160, 256, 512)
    frames = (length, frame * 2, frame // 2, 256, 320, 400, 480, 512, 640, 1024, 2048)
    lengths = (length * 2, length // 2, frame, 256, 512, 1024, 2048)
    wholes = [{"hop": each_hop} for each_hop in hops if each_hop != hop]
    wholes += [{"frame_length": n} for n in frames if n != frame and n <= length]
    wholes += [{"fft_length": n} for n in lengths if n != length and n >= frame]
    wholes += [{"frame_length": n, "fft_length": n} for n in {*frames, *lengths}]
    for params in {tuple(params.items()): params for params in wholes}.values():
        yield from _reframed(program, index, op, params)


def _reframed(
    program: Program, index: int, op: Stft, params: dict[str, int]
) -> Iterator[Change]:
    if all(getattr(op, name) == value for name, value in params.items()):
        return
    try:
        other = dataclasses.replace(op, **cast("dict[str, Any]", params))
    except ValueError:
        return  # no such frames
    has = ", ".join(f"{name} {value}" for name, value in params.items())
    own = ", ".join(f"{name} {getattr(op, name)}" for name in params)
    follows: list[tuple[int, Callable[[Op], Op]]] = []
    if other.fft_length != op.fft_length:
        for later, mel in enumerate(program.ops):
            if later > index and isinstance(mel, Mel):
                bank = dataclasses.replace(mel, fft_length=other.fft_length)
                follows.append((later, instead(bank)))
    yield Change(
        fault=Fault.FRAMING,
        words=f"has {has} where the bundle has {own}",
        step=index,
        wrap=instead(other),
        follows=tuple(follows),
        replaces=True,
    )


def _symmetric(name: str, length: int) -> NDArray[np.float64]:
    """A window whose last value is its first, as ``numpy.hanning`` and ``scipy.signal`` with sym."""
    angle = 2 * np.pi * np.arange(length) / max(1, length - 1)
    terms = [(-1) ** k * a * np.cos(k * angle) for k, a in enumerate(WINDOWS[name])]
    return np.sum(terms, axis=0)


class _Windowed:
    """A short-time Fourier transform with a given window."""

    def __init__(self, op: Stft, window: NDArray[np.float64]) -> None:
        self._op = op
        self._window = window

    def __call__(self, samples: Batch) -> Batch:
        return each(samples, self._spectra)

    def _spectra(self, batch: NDArray[Any]) -> NDArray[np.float32]:
        padded = self._op.padded(batch.astype(np.float32, copy=False))
        frames = framed(padded, self._op.frame_length, self._op.hop, 1)
        spectra = np.abs(np.fft.rfft(frames * self._window, self._op.fft_length))
        made = spectra if self._op.result == "magnitude" else np.square(spectra)
        return made.astype(np.float32)


def of_bands(index: int, op: Mel) -> Iterator[Change]:
    """Filter banks of other libraries, which differ in two settings or in all three.

    Args:
        index: Of the step ``mel``.
        op: That step.
    """
    for settings in itertools.product(("htk", "slaney"), ("mel", "hz"), ("none", "slaney")):
        names = ("scale", "slopes", "norm")
        params = {
            name: value
            for name, value in zip(names, settings, strict=True)
            if value != getattr(op, name)
        }
        if len(params) < 2:
            continue  # one alone is tried with the settings of all steps
        has = ", ".join(f"{name} {value}" for name, value in params.items())
        own = ", ".join(f"{name} {getattr(op, name)}" for name in params)
        of_librosa = " (librosa's default)" if settings == ("slaney", "hz", "slaney") else ""
        yield Change(
            fault=Fault.FILTER_BANK,
            words=f"has mel bands with {has}{of_librosa} where the bundle has {own}",
            step=index,
            wrap=instead(dataclasses.replace(op, **cast("dict[str, Any]", params))),
            replaces=True,
        )


def of_logarithm(index: int, op: Log) -> Iterator[Change]:
    """Mistakes in taking decibels or logarithms.

    Args:
        index: Of the step ``log``.
        op: That step.
    """
    floor = op.floor
    unit = float(op(np.full((1, 1), np.e, np.float32))[0][0])  # of one step of the natural log
    own = f"where the bundle has the {op.unit} logarithm of max(x, {floor:g})"
    yield Change(
        fault=Fault.LOGARITHM,
        words=f"takes no logarithm {own}",
        step=index,
        wrap=left_out,
        replaces=True,
    )
    others: dict[str, Callable[[NDArray[Any]], NDArray[Any]]] = {
        f"takes the logarithm of x + {floor:g}": _shifted(unit, floor),
        "takes the logarithm of 1 + x": np.log1p,
        "takes 20 log10 of x": lambda x: 20 * np.log10(np.maximum(x, floor)),
        "takes the logarithm of the root": lambda x: unit / 2 * np.log(np.maximum(x, floor)),
        "takes the logarithm twice over": lambda x: 2 * unit * np.log(np.maximum(x, floor)),
        "takes decibels below the loudest": lambda x: _below_loudest(x, floor, np.inf),
        "takes decibels below the loudest, at most 80": lambda x: _below_loudest(x, floor, 80),
    }
    for small in (1e-12, 1e-10, 1e-8, 1e-6, 1e-5, 1e-3):
        others[f"takes the logarithm of x + {small:g}"] = _shifted(unit, small)
    for words, change in others.items():
        yield Change(
            fault=Fault.LOGARITHM,
            words=f"{words} {own}",
            step=index,
            wrap=instead(on_samples(_in_doubles(change))),
            replaces=True,
        )


def _shifted(unit: float, shift: float) -> Callable[[NDArray[Any]], NDArray[Any]]:
    return lambda x: unit * np.log(x + shift)


def _in_doubles(
    change: Callable[[NDArray[Any]], NDArray[Any]],
) -> Callable[[NDArray[Any]], NDArray[np.float32]]:
    return lambda x: change(x.astype(np.float64)).astype(np.float32)


def _below_loudest(x: NDArray[Any], floor: float, reach: float) -> NDArray[Any]:
    decibels = 10 * np.log10(np.maximum(x, floor))
    loudest = decibels.max(axis=tuple(range(1, x.ndim)), keepdims=True)
    return np.maximum(decibels - loudest, -reach)
