"""Logarithms and powers of skewed columns, fitted by maximum likelihood on the training split."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from sklearn.preprocessing import PowerTransformer  # pyright: ignore[reportMissingTypeStubs]

from edgesmith_runtime.errors import ConfigError
from edgesmith_runtime.manifest import Step

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from edgesmith.config import TableConfig

__all__ = ["power_steps"]


def power_steps(
    values: NDArray[np.float64], names: Sequence[str], options: TableConfig, *, source: str
) -> tuple[Step, ...]:
    """One step for each way that a column asks for; a constant column has no power.

    The power is that of scikit-learn's ``PowerTransformer``: the one under which the column is
    most likely to come from a normal distribution.

    Args:
        values: Of the training split ``(row, column)``, without missing ones.
        names: Of the columns.
        options: The ``[table]`` section.
        source: Name of the value to change.

    Raises:
        ConfigError: Box-Cox for a column with a number that is not above 0.
    """
    ways = [options.power_by_column.get(name, options.power) for name in names]
    steps: list[Step] = []
    if "log1p" in ways:
        among = [way == "log1p" for way in ways]
        steps.append(
            Step(op="log1p", inputs=(source,), outputs=("logs",), params={"among": among})
        )
        source = "logs"
    for way, method in (("yeo_johnson", "yeo-johnson"), ("box_cox", "box-cox")):
        powers: list[float | None] = [None] * len(names)
        for index, column in enumerate(values.T):
            if ways[index] != way or column.min() == column.max():
                continue
            if way == "box_cox" and column.min() <= 0:
                raise ConfigError(
                    f"table.power: column '{names[index]}': Box-Cox takes numbers above 0, got "
                    f"{column.min():g} in the training split; set it to yeo_johnson, or this "
                    "column in table.power_by_column"
                )
            transformer = cast("Any", PowerTransformer(method=method, standardize=False))
            powers[index] = float(transformer.fit(column[:, None]).lambdas_[0])
        if any(power is not None for power in powers):
            params = {"powers": powers}
            steps.append(
                Step(op=way, inputs=(source,), outputs=(f"{way}_made",), params=params)
            )
            source = f"{way}_made"
    return tuple(steps)
