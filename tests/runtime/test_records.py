from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle  # noqa: TID251 - as multiprocessing does with what it hands over
from dataclasses import field

import pytest

from edgesmith_runtime.records import record


@record()
class Place:
    """Two numbers, one with a default."""

    x: int
    y: int = 7


@record(kw_only=True)
class Walk:
    """A record with a check, a made field and one that does not count."""

    start: Place
    steps: list[int] = field(default_factory=list[int])
    note: str = field(default="", repr=False, compare=False)
    length: int = field(init=False)

    def __post_init__(self) -> None:
        if self.start.x < 0:
            raise ValueError("start: expected x from 0")
        object.__setattr__(self, "length", len(self.steps))


@dataclasses.dataclass(frozen=True)
class Twin:
    """What the standard library makes of ``Place``."""

    x: int
    y: int = 7


def test_fields_are_given_by_place_or_by_name() -> None:
    assert Place(1, 2) == Place(y=2, x=1) == Place(1, y=2)
    assert (Place(1).x, Place(1).y) == (1, 7)


def test_a_made_field_and_a_default_are_filled() -> None:
    walk = Walk(start=Place(1), steps=[4, 5])

    assert walk.length == 2
    assert Walk(start=Place(1)).steps == []
    assert Walk(start=Place(1)).steps is not Walk(start=Place(1)).steps


def test_the_check_of_a_class_runs() -> None:
    with pytest.raises(ValueError, match="expected x from 0"):
        Walk(start=Place(-1))


@pytest.mark.parametrize(
    ("args", "kwargs", "message"),
    [
        ((), {}, "Place: 'x' is missing"),
        ((1, 2, 3), {}, "Place: arguments too many, unknown or given twice"),
        ((1,), {"x": 1}, r"given twice: \['x'\]"),
        ((1,), {"z": 1}, r"unknown or given twice: \['z'\]"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(
    args: tuple[int, ...], kwargs: dict[str, int], message: str
) -> None:
    with pytest.raises(TypeError, match=message):
        Place(*args, **kwargs)


def test_a_field_by_name_is_not_taken_by_place() -> None:
    with pytest.raises(TypeError, match="'start' is missing"):
        Walk(Place(1))  # type: ignore[misc]


def test_nothing_is_set_or_deleted() -> None:
    place = Place(1)

    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'x'"):
        place.x = 2  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot delete field 'x'"):
        del place.x  # type: ignore[misc]
    assert place == Place(1)


def test_equality_and_hash_are_of_class_and_compared_fields() -> None:
    assert len({Place(1), Place(1, 7), Place(2)}) == 2
    assert Place(1) != Twin(1)
    assert Walk(start=Place(1), note="a") == Walk(start=Place(1), note="b")


def test_it_looks_as_the_standard_library_has_it() -> None:
    assert repr(Place(1)) == repr(Twin(1)).replace("Twin", "Place")
    assert repr(Walk(start=Place(1))) == "Walk(start=Place(x=1, y=7), steps=[], length=0)"
    assert str(inspect.signature(Place)) == str(inspect.signature(Twin)).replace(" -> None", "")
    assert [*inspect.signature(Walk).parameters] == ["start", "steps", "note"]


def test_the_verbs_of_dataclasses_work_on_it() -> None:
    walk = Walk(start=Place(1), steps=[4])

    assert dataclasses.replace(walk, steps=[]).length == 0
    assert dataclasses.asdict(walk)["start"] == {"x": 1, "y": 7}
    assert [one.name for one in dataclasses.fields(Place)] == ["x", "y"]


def test_it_is_copied_and_pickled_whole() -> None:
    walk = Walk(start=Place(1), steps=[4], note="kept")

    for same in (copy.deepcopy(walk), pickle.loads(pickle.dumps(walk))):
        assert same == walk
        assert (same.note, same.length) == ("kept", 1)


def test_it_matches_by_place() -> None:
    match Place(3, 4):
        case Place(x, y):
            assert (x, y) == (3, 4)


@record()
class Bag:
    """A field that nobody gives."""

    size: int
    held: list[int] = field(init=False, default_factory=list[int])


def test_a_field_that_nobody_gives_has_its_own_default() -> None:
    assert Bag(1).held == []
    assert Bag(1).held is not Bag(1).held
