"""Steps on series, held against scipy and numpy."""

from __future__ import annotations

from io import StringIO
from typing import Any

import numpy as np
import scipy.interpolate
import scipy.signal
import scipy.stats

from transform_cases.case import Case
from transform_cases.real import series

__all__ = ["CASES"]

STATISTICS = {
    "mean": lambda x: x.mean(axis=1),
    "std": lambda x: x.std(axis=1),
    "min": lambda x: x.min(axis=1),
    "max": lambda x: x.max(axis=1),
    "median": lambda x: np.median(x, axis=1),
    "rms": lambda x: np.sqrt((x**2).mean(axis=1)),
    "median_absolute_deviation": lambda x: scipy.stats.median_abs_deviation(x, axis=1),
    "skewness": lambda x: scipy.stats.skew(x, axis=1),
    "kurtosis": lambda x: scipy.stats.kurtosis(x, axis=1),
}


def walks(rng: np.random.Generator) -> np.ndarray:
    return rng.normal(size=(20, 200, 3)).cumsum(axis=1).astype(np.float32)


def holed(whole: np.ndarray | None) -> np.ndarray | None:
    if whole is None:
        return None
    made = whole.copy()
    made[np.random.default_rng(0).random(made.shape) < 0.2] = np.nan
    return made


def files(whole: np.ndarray | None) -> list[bytes] | None:
    if whole is None:
        return None
    made: list[bytes] = []
    for one in whole:
        stream = StringIO()
        np.savetxt(stream, one, delimiter=",", fmt="%.7g")
        made.append(stream.getvalue().encode())
    return made


def read(given: list[bytes]) -> Any:
    return [
        np.loadtxt(StringIO(one.decode()), delimiter=",", ndmin=2, dtype=np.float32)
        for one in given
    ]


def interpolated(given: np.ndarray) -> np.ndarray:
    made = given.astype(np.float64)
    for one in made:
        for channel in one.T:
            known = np.flatnonzero(~np.isnan(channel))
            ends = (channel[known[0]], channel[known[-1]])
            line = scipy.interpolate.interp1d(
                known, channel[known], bounds_error=False, fill_value=ends
            )
            channel[:] = line(np.arange(len(channel)))
    return made


def resampled(given: np.ndarray) -> np.ndarray:
    places = np.linspace(0, given.shape[1] - 1, 77)
    return scipy.interpolate.interp1d(np.arange(given.shape[1]), given, axis=1)(places)


def periodogram(given: np.ndarray) -> np.ndarray:
    _, power = scipy.signal.periodogram(
        given.astype(np.float64), window="hann", detrend="constant", scaling="spectrum", axis=1
    )
    return power


def statistics(given: np.ndarray) -> np.ndarray:
    work = given.astype(np.float64)
    return np.concatenate([of(work) for of in STATISTICS.values()], axis=1)


def butterworth(given: np.ndarray) -> np.ndarray:
    sections = scipy.signal.butter(4, 0.1, fs=1.0, output="sos")
    return scipy.signal.sosfiltfilt(sections, given.astype(np.float64), axis=1)


def causal(given: np.ndarray) -> np.ndarray:
    sections = scipy.signal.butter(3, (0.05, 0.2), "bandpass", fs=1.0, output="sos")
    work = given.astype(np.float64)
    start = scipy.signal.sosfilt_zi(sections)[:, None, :, None] * work[:, 0][None, :, None, :]
    return scipy.signal.sosfilt(sections, work, axis=1, zi=start)[0]


def standardized(given: np.ndarray) -> np.ndarray:
    return scipy.stats.zscore(given.astype(np.float64), axis=1)


def _case(op: str, params: Any, against: str, expected: Any, bound: float, **more: Any) -> Case:
    given = {"real": series, "random": walks, **more}
    return Case(op=op, params=params, against=against, expected=expected, bound=bound, **given)


HOLED: dict[str, Any] = {
    "real": lambda: holed(series()),
    "random": lambda rng: holed(walks(rng)),
}

CASES = (
    _case(
        "read_series",
        {},
        "`numpy.loadtxt`",
        read,
        0,
        real=lambda: files(series()),
        random=lambda rng: files(walks(rng)),
    ),
    _case("interpolate", {}, "`scipy.interpolate.interp1d`", interpolated, 1e-6, **HOLED),
    _case(
        "drop_missing_points",
        {},
        "`numpy.ma.compress_rows`",
        lambda given: [np.ma.compress_rows(np.ma.masked_invalid(one)) for one in given],
        0,
        **HOLED,
    ),
    _case("resample_series", {"length": 77}, "`scipy.interpolate.interp1d`", resampled, 1e-6),
    _case(
        "fit_length_series",
        {"length": 230},
        "`numpy.pad`, edge",
        lambda given: np.pad(given, ((0, 0), (0, 230 - given.shape[1]), (0, 0)), mode="edge"),
        0,
    ),
    _case("power_spectrum", {}, "`scipy.signal.periodogram`", periodogram, 1e-6),
    _case(
        "statistics", {"names": tuple(STATISTICS)}, "numpy and `scipy.stats`", statistics, 1e-6
    ),
    _case(
        "butterworth",
        {"kind": "low", "order": 4, "cutoff": (0.1,)},
        "`scipy.signal.butter` and `sosfiltfilt`",
        butterworth,
        1e-6,
    ),
    _case(
        "butterworth",
        {"kind": "band", "order": 3, "cutoff": (0.05, 0.2), "causal": True},
        "`scipy.signal.butter` and `sosfilt`",
        causal,
        1e-6,
    ),
    _case(
        "standardize_sample",
        {"axes": (0,)},
        "`scipy.stats.zscore`",
        standardized,
        1e-6,
    ),
)
