"""What a damaged document is refused for, and that no damage is worse than that."""

from __future__ import annotations

import copy
import json
import random
from typing import TYPE_CHECKING, Any

import pytest

from edgesmith_runtime.bench.comparison import Comparison
from edgesmith_runtime.bench.comparison.members import check_members
from edgesmith_runtime.bench.phases import Phase
from edgesmith_runtime.bench.plan import Plan
from edgesmith_runtime.bench.regression.gaps import gaps_between
from edgesmith_runtime.bench.regression.likeness import circumstances_told, unlike
from edgesmith_runtime.bench.regression.limits import Metric, parse_limit
from edgesmith_runtime.bench.regression.regression import compare_documents
from edgesmith_runtime.bench.regression.table import render_regression
from edgesmith_runtime.bench.subject import CallStyle, SubjectKind
from edgesmith_runtime.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from edgesmith_runtime.bench.subject import Subject

    Place = tuple[str | int, ...]

WRONG: tuple[object, ...] = (
    "x",
    "",
    "\ud800",
    None,
    True,
    -1,
    0,
    0.5,
    10**30,
    10**400,
    float("inf"),
    float("nan"),
    [],
    {},
    [[]],
    {"a": 1},
)
N_MUTATIONS = 200
# Figures that a reader does not take: it derives them again from the samples.
DERIVED = ("noise", "noise_floor", "batches", "settings", "import_ms", "load_ms")


@pytest.fixture(scope="module")
def document(
    scattered_comparison: Callable[..., Comparison],
    scattered_subject: Callable[..., Subject],
) -> dict[str, Any]:
    plan = Plan(phases=(Phase.STEADY, Phase.RAW, Phase.SUSTAINED), batches=(1,), sustained_s=2)
    comparison = scattered_comparison(
        scattered_subject(100.0, settings=plan.settings(), n_calls=4),
        scattered_subject(90.0, name="model.onnx again", kind=SubjectKind.AGAIN, n_calls=4),
        scattered_subject(
            900.0, name="keras", kind=SubjectKind.KERAS, style=CallStyle.CALL, n_calls=4
        ),
        plan=plan,
        versions={"keras": "3.15.1"},
    )
    return json.loads(json.dumps(comparison.to_json()))


def _leaves(value: object, place: Place = ()) -> Iterator[Place]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key not in DERIVED:
                yield from _leaves(item, (*place, key))
    elif isinstance(value, list) and value:
        for index, item in enumerate(value[:2]):
            yield from _leaves(item, (*place, index))
    else:
        yield place


def _with(document: dict[str, Any], place: Place, value: object) -> dict[str, Any]:
    changed = copy.deepcopy(document)
    at: Any = changed
    for key in place[:-1]:
        at = at[key]
    at[place[-1]] = value
    return changed


def _use(members: dict[str, Any], other: Comparison) -> None:
    """Read a document and do with it all that the commands do; only InputError may come."""
    found = Comparison.from_json(members)
    json.dumps(found.to_json(), allow_nan=False)
    found.table().encode()
    limits = [parse_limit(f"{metric} > 1.05") for metric in (Metric.P50, Metric.CPU)]
    for before, after in ((found, other), (other, found)):
        differences = (*unlike(before, after), *circumstances_told(before, after))
        regression = compare_documents(before, after, limits=limits)
        render_regression(
            regression, before, after, limits=limits, differences=differences
        ).encode()
        gaps_between(before, after, before.settings(before.baseline), tuple(Metric))


def test_a_changed_leaf_is_harmless_or_refused_in_one_line(document: dict[str, Any]) -> None:
    sound = Comparison.from_json(document)
    draw = random.Random(8)
    places = list(_leaves(document))
    refusals: dict[str, tuple[Place, object]] = {}
    n_refused = 0

    for _ in range(N_MUTATIONS):
        place, value = draw.choice(places), draw.choice(WRONG)
        try:
            _use(_with(document, place, value), sound)
        except InputError as error:
            n_refused += 1
            refusals[str(error)] = (place, value)

    assert n_refused > N_MUTATIONS / 2
    assert {said: it for said, it in refusals.items() if "\n" in said or len(said) > 300} == {}


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (
            ("subjects", 0, "rounds", 1, "import_ns"),
            "x",
            "subjects[0].rounds[1].import_ns: expected a whole number from 0 to 9007199254740992, "
            "got 'x'",
        ),
        (
            ("subjects", 0, "rounds", 0, "series", "steady:1", "latencies_ns", 2),
            0,
            "subjects[0].rounds[0].series.steady:1.latencies_ns[2]: expected a whole number from 1 "
            "to 9007199254740992, got 0",
        ),
        (
            ("subjects", 0, "rounds", 0, "series", "steady:1", "latencies_ns"),
            [],
            "subjects[0].rounds[0].series.steady:1.latencies_ns: expected a list of at least 1, "
            "got []",
        ),
        (
            ("subjects", 0, "rounds", 0, "series", "steady:1", "begins_ns"),
            [1],
            "subjects[0].rounds[0].series.steady:1.begins_ns: expected none or 4, one a call, "
            "got [1]",
        ),
        (
            ("subjects", 0, "rounds", 0, "series", "steady:nan"),
            {},
            "subjects[0].rounds[0].series: expected a key such as steady:1, got 'steady:nan'",
        ),
        (
            ("subjects", 0, "rounds", 0, "failures", "sleep:1"),
            "boom",
            "subjects[0].rounds[0].failures: expected a key such as steady:1, got 'sleep:1'",
        ),
        (
            ("plan", "seed"),
            -1,
            "plan.seed: expected a whole number from 0 to 18446744073709551616, got -1",
        ),
        (("n_threads",), True, "n_threads: expected a whole number from 1 to "),
        (
            ("load", "end"),
            10**400,
            "load.end: expected a number from 0 to 9007199254740992, got",
        ),
        (("host", "cpu"), 7, "host.cpu: expected text, got 7"),
        (
            ("bundle",),
            "\ud800",
            "bundle: expected text without half a character, got '\\ud800'",
        ),
        (("host", "has_smt"), "no", "host.has_smt: expected true or false, got 'no'"),
        (("plan", "batches"), 3, "plan.batches: expected a list, got 3"),
        (("host",), [], "host: expected an object, got []"),
        (("subjects", 1, "name"), "keras", "subjects: expected names that differ, got 'keras'"),
        (("identity",), ["a" * 99], f"identity: expected text, got ['{'a' * 38}..."),
    ],
)
def test_what_is_wrong_is_said_with_its_place(
    document: dict[str, Any], place: Place, value: object, message: str
) -> None:
    with pytest.raises(InputError) as caught:
        check_members(_with(document, place, value))

    assert str(caught.value).startswith(f"a bench document that is damaged: {message}")


def test_a_sound_document_passes(document: dict[str, Any]) -> None:
    check_members(document)
