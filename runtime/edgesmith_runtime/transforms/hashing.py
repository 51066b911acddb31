"""Steps that hash texts and numbers into bins, bit for bit as TensorFlow does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from edgesmith_runtime.errors import InputError, TransformError
from edgesmith_runtime.records import record
from edgesmith_runtime.transforms.fingerprints import concatenated, fingerprint64, siphash
from edgesmith_runtime.transforms.rows import mapped, texts_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from edgesmith_runtime.transforms.rows import Rows

__all__ = ["CrossHash", "Hash"]

MAX_BINS = 1 << 62  # so that a bin is an int64
_CROSS_KEY = 0xDECAFCAFFE  # of tf.sparse.cross_hashed where none is given


@record(kw_only=True)
class Hash:
    """A text, or the digits of a number, becomes a bin: its hash modulo ``n_bins``.

    The hash is FarmHash's ``Fingerprint64``, or SipHash-2-4 (J.-P. Aumasson, D. J. Bernstein,
    2012) under a salt; equal to ``tf.strings.to_hash_bucket_fast``, ``to_hash_bucket_strong``
    and Keras' ``Hashing``.

    Args:
        n_bins: Number of bins, 1 to 2^62.
        salt: Two numbers: SipHash under this key instead of FarmHash.
        mask: A value that has bin 0 for itself alone; the others share the rest. Without effect
            where there is one bin.
    """

    n_bins: int
    salt: tuple[int, ...] | None = None
    mask: str | int | float | None = None

    def __post_init__(self) -> None:
        _check_bins(self.n_bins)
        if self.salt is not None and len(self.salt) != 2:
            raise ValueError(f"salt: expected two numbers, got {list(self.salt)}")

    def __call__(self, values: Any) -> Rows:
        """Bins: int64 of the same shape, or rows of the same lengths.

        Args:
            values: Texts, or an array of numbers; fractions are cut off.

        Raises:
            InputError: A number that is not finite, or beyond 64 bits.
        """
        numbers = _numbers(values, "biuf")
        if numbers is None:
            mask = self.mask.encode() if isinstance(self.mask, str) else None
            return mapped(texts_in(values), self._bin_of(mask), np.int64)
        bins = mapped(_whole(numbers), self._bin_of_digits, np.int64)
        if self._masks and not isinstance(self.mask, str):
            return np.where(numbers == np.asarray(self.mask, numbers.dtype), 0, bins)
        return bins

    @property
    def _masks(self) -> bool:
        return self.mask is not None and self.n_bins > 1

    def _bin_of(self, mask: bytes | None) -> Callable[[bytes], int]:
        n_hashed, start = (self.n_bins - 1, 1) if self._masks else (self.n_bins, 0)
        salt = None if self.salt is None else (self.salt[0], self.salt[1])

        def bin_of(text: bytes) -> int:
            if start and text == mask:
                return 0
            hashed = fingerprint64(text) if salt is None else siphash(text, salt)
            return start + hashed % n_hashed

        return bin_of

    def _bin_of_digits(self, number: int) -> int:
        digits = str(number).lower() if isinstance(number, bool) else str(number)
        return self._bin_of(None)(digits.encode())


def _check_bins(n_bins: int) -> None:
    if not 1 <= n_bins <= MAX_BINS:
        raise ValueError(f"n_bins: expected 1 to {MAX_BINS}, got {n_bins}")


def _numbers(values: object, kinds: str) -> NDArray[Any] | None:
    if not isinstance(values, np.ndarray):
        return None
    array = cast("NDArray[Any]", values)
    return array if array.dtype.kind in kinds and array.ndim else None


def _whole(numbers: NDArray[Any]) -> NDArray[Any]:
    if numbers.dtype.kind != "f":
        return numbers
    if not (np.isfinite(numbers) & (np.abs(numbers) < 2.0**63)).all():
        raise InputError("expected finite numbers of at most 64 bits to hash")
    return numbers.astype(np.int64)


@record()
class CrossHash:
    """Several values of a sample together become one bin, as ``tf.sparse.cross_hashed`` has it.

    Also Keras' ``HashedCrossing``.

    Args:
        n_bins: Number of bins, 1 to 2^62.
    """

    n_bins: int

    def __post_init__(self) -> None:
        _check_bins(self.n_bins)

    def __call__(self, *columns: Any) -> NDArray[np.int64]:
        """Bins, ``(batch,)`` or ``(batch, 1)`` as the columns are.

        Args:
            columns: Texts or whole numbers, in the order of the cross.

        Raises:
            TransformError: Columns of different shapes, or of several values a sample.
        """
        fingerprints = [_fingerprints(column) for column in columns]
        shape = fingerprints[0].shape
        if shape[1:] not in ((), (1,)) or any(one.shape != shape for one in fingerprints):
            raise TransformError(
                "expected columns of one value a sample, got the shapes "
                f"{[one.shape for one in fingerprints]}"
            )
        bins = np.empty(fingerprints[0].size, np.int64)
        rows = zip(*(one.ravel().tolist() for one in fingerprints), strict=True)
        for index, row in enumerate(rows):
            crossed = _CROSS_KEY
            for fingerprint in row:
                crossed = concatenated(crossed, fingerprint)
            bins[index] = crossed % self.n_bins
        return bins.reshape(shape)


def _fingerprints(column: Any) -> NDArray[np.uint64]:
    numbers = _numbers(column, "iu")
    if numbers is not None:
        return numbers.astype(np.int64).view(np.uint64)
    texts = texts_in(column)
    if isinstance(texts, list):
        raise TransformError("expected texts of one a sample to cross, got rows of tokens")
    return cast("NDArray[np.uint64]", mapped(texts, fingerprint64, np.uint64))
