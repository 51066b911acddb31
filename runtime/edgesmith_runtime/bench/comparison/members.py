"""The members of a bench document: each of the type and in the range that its readers take.

A document comes from a file that anyone may have edited or cut, and everything that reads it
counts on its numbers; so they are checked once, here. A member that is not there is the readers'
to miss, and one that this version does not know is left alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from edgesmith_runtime.bench.phases import Phase, Setting
from edgesmith_runtime.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Check = Callable[[object, str], None]

__all__ = ["check_members"]

MOST = 2**53  # a whole number that a float still holds: 104 days in ns, 9 PB
MAX_SHOWN = 40


def check_members(document: Mapping[str, Any]) -> None:
    """Refuse a bench document with a member of a wrong type or out of its range.

    Args:
        document: As ``Comparison.to_json`` gives it, read back.

    Raises:
        InputError: The first such member, by its path, with what was expected.
    """
    _DOCUMENT(document, "")
    subjects = cast("list[dict[str, object]]", document.get("subjects", []))
    names = [subject.get("name") for subject in subjects]
    for name in names:
        if names.count(name) > 1:
            raise _damaged("subjects", "names that differ", name)


def _damaged(path: str, expected: str, got: Any) -> InputError:
    shown = ascii(got)
    if len(shown) > MAX_SHOWN:
        shown = f"{shown[:MAX_SHOWN]}..."
    where = f"{path}: " if path else ""
    return InputError(
        f"a bench document that is damaged: {where}expected {expected}, got {shown}"
    )


def _text(value: object, path: str) -> None:
    if not isinstance(value, str):
        raise _damaged(path, "text", value)
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise _damaged(path, "text without half a character", value) from error


def _flag(value: object, path: str) -> None:
    if not isinstance(value, bool):
        raise _damaged(path, "true or false", value)


def _whole(least: int, most: int = MOST) -> Check:
    def check(value: object, path: str) -> None:
        # A bool is an int to Python, and none to JSON.
        if type(value) is not int or not least <= value <= most:
            raise _damaged(path, f"a whole number from {least} to {most}", value)

    return check


def _real(least: float) -> Check:
    def check(value: object, path: str) -> None:
        # What is not a number is in no order, and infinity is beyond the most.
        if type(value) not in (int, float) or not least <= cast("float", value) <= MOST:
            raise _damaged(path, f"a number from {least:g} to {MOST}", value)

    return check


def _or_null(check: Check) -> Check:
    return lambda value, path: None if value is None else check(value, path)


def _list_of(check: Check, *, least: int = 0) -> Check:
    def check_each(value: object, path: str) -> None:
        for index, item in enumerate(_items(value, path, least)):
            check(item, f"{path}[{index}]")

    return check_each


def _wholes(least: int, *, least_items: int = 0) -> Check:
    check = _list_of(_whole(least), least=least_items)

    def check_all(value: object, path: str) -> None:
        # A long run has a million calls: a path for each is made only where one is wrong.
        items = _items(value, path, least_items)
        if not all(type(item) is int and least <= item <= MOST for item in items):
            check(value, path)

    return check_all


def _items(value: object, path: str, least: int) -> list[object]:
    items = cast("list[object]", value) if isinstance(value, list) else None
    if items is None or len(items) < least:
        raise _damaged(path, f"a list of at least {least}" if least else "a list", value)
    return items


def _by_key(check: Check, check_key: Check = _text) -> Check:
    def check_each(value: object, path: str) -> None:
        for key, item in _members(value, path).items():
            check_key(key, path)
            check(item, f"{path}.{key}")

    return check_each


def _object(**checks: Check) -> Check:
    def check_known(value: object, path: str) -> None:
        members = _members(value, path)
        for name, check in checks.items():
            if name in members:
                check(members[name], f"{path}.{name}" if path else name)

    return check_known


def _members(value: object, path: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise _damaged(path, "an object", value)
    return cast("dict[str, object]", value)


def _setting_key(value: object, path: str) -> None:
    _text(value, path)
    try:
        setting = Setting.from_key(cast("str", value))
    except ValueError as error:
        raise _damaged(path, "a key such as steady:1", value) from error
    is_whole = setting.phase in (Phase.STEADY, Phase.CONCURRENT)
    if not 0 < setting.amount <= MOST or (is_whole and setting.amount % 1):
        raise _damaged(path, "a key such as steady:1", value)


def _series(value: object, path: str) -> None:
    _SERIES(value, path)
    members = _members(value, path)
    begins, latencies = (
        cast("list[int]", members.get(name) or []) for name in ("begins_ns", "latencies_ns")
    )
    if begins and len(begins) != len(latencies):
        raise _damaged(f"{path}.begins_ns", f"none or {len(latencies)}, one a call", begins)


_COUNT = _whole(0)
_TIMES = _wholes(0)
_SERIES = _object(
    n_warmup=_COUNT,
    latencies_ns=_wholes(1, least_items=1),  # a ratio to a call that takes no time is none
    begins_ns=_TIMES,
    n_untimed=_COUNT,
    stages_ns=_by_key(_wholes(0, least_items=1)),
    wall_ns=_or_null(_COUNT),
    cpu_ns=_or_null(_COUNT),
    energy_uj=_or_null(_COUNT),
    memory_bytes=_or_null(_COUNT),
    is_stable=_or_null(_flag),
)
_ROUND = _object(
    import_ns=_COUNT,
    load_ns=_COUNT,
    first_call_ns=_COUNT,
    peak_memory_bytes=_or_null(_COUNT),
    series=_by_key(_series, _setting_key),
    failures=_by_key(_text, _setting_key),
)
_SUBJECT = _object(
    name=_text,
    kind=_text,
    style=_or_null(_text),
    engine=_or_null(_text),
    setup=_or_null(
        _object(engine=_text, n_threads=_whole(1), is_pooled=_flag, spins=_flag, layout=_text)
    ),
    problem=_or_null(_text),
    size_bytes=_COUNT,
    score=_or_null(
        _object(
            metric=_text,
            value=_real(-MOST),
            low=_real(-MOST),
            high=_real(-MOST),
            n_samples=_COUNT,
        )
    ),
    rounds=_list_of(_ROUND),
)
_AMOUNT = _or_null(_real(0))
_STATE = _object(
    governor=_or_null(_text),
    **dict.fromkeys(
        ("min_mhz", "max_mhz", "mhz", "counted_s", "stolen_s", "throttled_s"), _AMOUNT
    ),
    n_throttled=_or_null(_COUNT),
    n_thermal=_or_null(_COUNT),
)
_DOCUMENT = _object(
    bundle=_text,
    identity=_text,
    baseline=_text,
    host=_object(
        **dict.fromkeys(("cpu", "os", "machine", "python", "numpy", "flags"), _text),
        **dict.fromkeys(("onnxruntime", "ai_edge_litert"), _or_null(_text)),
        n_cpus=_whole(1),
        n_cpus_affinity=_whole(1),
        cpu_quota=_AMOUNT,
        memory_bytes=_or_null(_COUNT),
        is_virtual=_or_null(_flag),
        has_smt=_or_null(_flag),
    ),
    versions=_by_key(_text),
    plan=_object(
        **dict.fromkeys(("n_rounds", "n_idle_calls", "min_calls", "max_calls"), _whole(1)),
        n_threads=_or_null(_whole(1)),
        phases=_list_of(_text),
        batches=_list_of(_whole(1)),
        callers=_list_of(_whole(1)),
        idle_s=_list_of(_real(0)),
        rates_hz=_list_of(_real(0)),
        **dict.fromkeys(("sustained_s", "max_seconds", "deadline_s"), _real(0)),
        seed=_whole(0, 2**64),
    ),
    n_threads=_whole(1),
    n_available_threads=_whole(1),
    load=_object(start=_AMOUNT, end=_AMOUNT),
    conditions=_object(start=_STATE, end=_STATE),
    subjects=_list_of(_SUBJECT),
)
