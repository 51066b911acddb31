"""Steps on the texts of a table: a column of free text for the steps on texts, rare categories merged."""

from __future__ import annotations

import math
from dataclasses import field
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from edgesmith_runtime.errors import InputError, TransformError
from edgesmith_runtime.records import record
from edgesmith_runtime.transforms.columns import columns_of, shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ColumnTexts", "MergeRare"]


@record()
class ColumnTexts:
    """A column of free text as texts that the steps on texts take: bytes in UTF-8.

    ``str.encode`` of each cell. Missing are None, NaN, blank text and the markers; they become
    the empty text, which has no words.

    Args:
        column: Its name.
        missing: Its markers; outer blanks do not count.
    """

    column: str
    missing: tuple[str, ...] = ()
    _markers: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        markers = frozenset(text.strip() for text in ("", *self.missing))
        object.__setattr__(self, "_markers", markers)

    def __call__(self, table: Any) -> NDArray[np.object_]:
        """Texts, ``(batch,)`` of bytes.

        Args:
            table: Column name to its values: texts, or None and NaN where one is missing.

        Raises:
            InputError: The column is absent, or a value is no text.
        """
        (values,) = columns_of(table, (self.column,))
        texts = np.empty(len(values), object)
        plain = values.tolist() if isinstance(values, np.ndarray) else values
        texts[:] = [self._from_value(value) for value in plain]
        return texts

    def _from_value(self, value: object) -> bytes:
        if value is None or (isinstance(value, float) and math.isnan(value)):
            return b""
        if not isinstance(value, str):
            raise InputError(f"column '{self.column}': expected a text, got {shown(value)}")
        if value.strip() in self._markers:
            return b""
        try:
            return value.encode()
        except UnicodeEncodeError as error:
            raise InputError(
                f"column '{self.column}': the text has U+{ord(value[error.start]):04X}, half of a "
                "surrogate pair; decode it with errors='replace'"
            ) from error


@record()
class MergeRare:
    """All texts of a column but the kept ones become one category; a missing one stays missing.

    What scikit-learn's ``OneHotEncoder(min_frequency=...)`` calls infrequent categories. A text
    that training never had is rare too.

    Args:
        kept: The texts that stay, by column; None leaves a column as it is.
        name: The category of all others.
    """

    kept: tuple[tuple[str, ...] | None, ...]
    name: str = "(rare)"
    _kept: tuple[frozenset[str] | None, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.kept:
            raise ValueError("kept: expected texts or null for one or more columns, got none")
        sets = tuple(
            None if texts is None else frozenset((*texts, self.name)) for texts in self.kept
        )
        object.__setattr__(self, "_kept", sets)

    def __call__(self, texts: NDArray[np.object_]) -> NDArray[np.object_]:
        """The same shape, ``(batch, column)`` of texts or None.

        Raises:
            TransformError: No texts of categories, or another number of columns.
        """
        given = cast("object", texts)  # a program may lead anything here
        if (
            not isinstance(given, np.ndarray)
            or texts.dtype != object
            or texts.shape[1:] != (len(self.kept),)
        ):
            got = texts.shape if isinstance(given, np.ndarray) else type(given).__name__
            raise TransformError(
                f"expected texts of categories of shape (batch, {len(self.kept)}), got {got}"
            )
        merged = texts.copy()
        for index, kept in enumerate(self._kept):
            if kept is not None:
                column = texts[:, index].tolist()
                merged[:, index] = [
                    text if text is None or text in kept else self.name for text in column
                ]
        return merged
