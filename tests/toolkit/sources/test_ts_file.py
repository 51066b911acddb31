"""The .ts format, read strictly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgesmith.sources.ts_file import read_ts
from edgesmith_runtime.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

HEADER = """# A set made up for a test.
@problemName tiny
@timeStamps false
@missing true
@univariate false
@dimensions 2
@equalLength false
@classLabel true up down
@data
"""


def _written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "tiny.ts"
    path.write_text(text)
    return path


def test_channels_gaps_and_lengths_are_read(tmp_path: Path) -> None:
    path = _written(tmp_path, HEADER + "1,2,3:4,?,6:up\n# a comment\n\n7:NaN:down\n")

    file = read_ts(path)

    np.testing.assert_array_equal(file.series[0], [[1, 4], [2, np.nan], [3, 6]])
    np.testing.assert_array_equal(file.series[1], [[7, np.nan]])
    assert file.labels == ["up", "down"]
    assert file.places == [f"{path}, line 10", f"{path}, line 13"]


def test_targets_of_a_regression_are_labels_too(tmp_path: Path) -> None:
    file = read_ts(_written(tmp_path, "@TARGETLABEL TRUE\n@DATA\n1,2:0.5\n"))

    assert file.labels == ["0.5"]


def _channel(cells: tuple[float | None, ...]) -> str:
    return ",".join("?" if cell is None else repr(cell) for cell in cells)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    cases=st.lists(
        st.tuples(
            st.lists(
                st.tuples(*[st.one_of(st.none(), st.floats(-1e9, 1e9))] * 2),
                min_size=1,
                max_size=6,
            ),
            st.sampled_from(["up", "down"]),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_what_is_written_is_read(
    tmp_path: Path, cases: list[tuple[list[tuple[float | None, float | None]], str]]
) -> None:
    lines = [
        ":".join([*map(_channel, zip(*points, strict=True)), label]) for points, label in cases
    ]

    file = read_ts(_written(tmp_path, HEADER + "\n".join(lines)))

    assert file.labels == [label for _, label in cases]
    for series, (points, _) in zip(file.series, cases, strict=True):
        np.testing.assert_array_equal(series, np.array(points, float))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "1,2:up\n",
            ", line 1: expected a header line (@problemName, @classLabel, ..., @data), got '1,2:up'",
        ),
        (
            "@colour red\n@data\n",
            ", line 1: expected a header line (@problemName, @classLabel, ..., @data), got '@colour red'",
        ),
        ("@classLabel true\n", ": there is no @data line; is it a .ts file?"),
        ("@univariate maybe\n", ", line 1: expected true or false, got 'maybe'"),
        (
            "@seriesLength many\n",
            ", line 1: expected a whole number from 1 after @serieslength",
        ),
        (
            "@problemName x\n@data\n1:2\n",
            ": the cases have no labels (@classLabel true or @targetLabel true)",
        ),
        (
            "@timeStamps true\n@classLabel true a\n@data\n(0,1),(1,2):a\n",
            ": @timeStamps true: time stamps are not read; resample the series to even steps and store the points alone",
        ),
        ("@classLabel true a\n@data\n\n", ": no cases after @data"),
        (
            "@classLabel true a b\n@data\n1,2\n",
            ", line 3: expected points, a colon and a label, got no colon",
        ),
        (
            "@classLabel true a b\n@data\n1,2:c\n",
            ", line 3: expected a label of the header (a, b), got 'c'",
        ),
        (
            "@univariate true\n@classLabel true a\n@data\n1:2:a\n",
            ", line 4: expected 1 channels as in the header, got 2",
        ),
        (
            "@classLabel true a\n@data\n1,2:3:a\n",
            ", line 3: expected as many points in each channel, got 1 and 2",
        ),
        (
            "@missing false\n@classLabel true a\n@data\n1,?:a\n",
            ", line 4: a point is missing, but the header says @missing false",
        ),
        (
            "@equalLength true\n@classLabel true a\n@data\n1,2:a\n1:a\n",
            ", line 5: expected 2 points (@equalLength true), got 1",
        ),
        (
            "@equalLength true\n@seriesLength 3\n@classLabel true a\n@data\n1,2:a\n",
            ", line 5: expected 3 points (@equalLength true), got 2",
        ),
        (
            "@classLabel true a\n@data\n1,x:a\n",
            ", line 3: expected numbers between commas: could not convert string to float: 'x'",
        ),
        (
            "@classLabel true a\n@data\n1,:a\n",
            ", line 3: expected numbers between commas: could not convert string to float: ''",
        ),
        (
            "@classLabel true a\n@data\n1_0:a\n",
            ", line 3: expected numbers between commas, got an underscore",
        ),
        (
            "@classLabel true a\n@data\n1,inf:a\n",
            ", line 3: expected finite numbers, got infinity",
        ),
        ("", ": the file is empty"),
    ],
)
def test_a_file_that_breaks_its_word_is_refused(
    tmp_path: Path, text: str, message: str
) -> None:
    path = _written(tmp_path, text)

    with pytest.raises(DataError) as error:
        read_ts(path)

    assert str(error.value) == f"{path}{message}"


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "tiny.ts"
    path.write_bytes(b"\xff\xfe")

    with pytest.raises(DataError, match=r"tiny\.ts: not text in UTF-8: invalid start byte$"):
        read_ts(path)
