"""The transform: a straight-line program from raw inputs to tensors, the same lines in training and on the device.

A program is a list of steps over named values. Every value is a *batch*:

- an image, text or other single raw input: a list, one item a sample;
- a table: a mapping of column name to a sequence, one entry a sample;
- rows of tokens of a text: a list of lists;
- numbers: an array whose first axis is the batch, or where samples differ in shape a list of
  arrays, one a sample.

A step takes batches and returns one batch of the same length, and sample ``i`` of its result
depends on sample ``i`` alone, to the bit: a batch of one and a batch of a thousand agree. (But
for the width that ``pad`` without a length gives, which is that of the longest row.)
The vocabulary is closed (``OPS``, in ``vocabulary``); each op is one frozen dataclass in a leaf file, whose fields
are the step's params. Nothing is fitted here.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from edgesmith_runtime.assets import read_asset, text_of_asset
from edgesmith_runtime.errors import BundleError, InputError, TransformError
from edgesmith_runtime.records import record
from edgesmith_runtime.transforms.vocabulary import AS_TEXT, FROM_ASSET, JOINING, OPS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from edgesmith_runtime.manifest import Step

__all__ = ["OPS", "Batch", "Op", "Transform", "make_op"]

Batch = Any  # a list, a mapping of columns, or an array; see the module docstring
Op = Callable[..., Batch]  # one op with its params: batches in, the new batch out
_Plan = tuple[tuple[int, "Step", Op], ...]  # places in the program, and what runs there


@record()
class Transform:
    """The steps of a program, checked and ready to run.

    Args:
        steps: In order; each takes only values that exist before it.
        raw_inputs: Names of the values that the caller gives.
        assets: Content of the files that steps name, by name; others are ignored.

    Raises:
        TransformError: An unknown op or param, a value used before it exists, a name given
            twice, or a step that takes or gives another number of values than its op; the
            message names the step by index and op.
    """

    steps: tuple[Step, ...]
    raw_inputs: tuple[str, ...]
    assets: Mapping[str, bytes | memoryview] = dataclasses.field(
        default_factory=dict[str, "bytes | memoryview"], repr=False, compare=False
    )
    _ops: tuple[Op, ...] = dataclasses.field(init=False, repr=False, compare=False)
    _plan: _Plan = dataclasses.field(init=False, repr=False, compare=False)
    _reading: _Plan = dataclasses.field(init=False, repr=False, compare=False)
    _rest: _Plan = dataclasses.field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        known = set(self.raw_inputs)
        for index, step in enumerate(self.steps):
            _check_names(step, _place(index, step), known)
            known.update(step.outputs)
        marked = [index for index, step in enumerate(self.steps) if step.augment_after]
        if len(marked) > 1:
            raise TransformError(
                f"transform: expected one step marked augment_after, got {marked}"
            )
        ops = tuple(
            make_op(step, _place(index, step), self.assets)
            for index, step in enumerate(self.steps)
        )
        plan = tuple(zip(range(len(ops)), self.steps, ops, strict=True))
        raw = frozenset(self.raw_inputs)
        object.__setattr__(self, "_ops", ops)
        object.__setattr__(self, "_plan", plan)
        object.__setattr__(
            self, "_reading", tuple(part for part in plan if raw.issuperset(part[1].inputs))
        )
        object.__setattr__(
            self, "_rest", tuple(part for part in plan if not raw.issuperset(part[1].inputs))
        )

    def __call__(self, raw: Mapping[str, Batch]) -> dict[str, Batch]:
        """All values of the program, raw inputs included, for a batch of raw inputs.

        Raises:
            InputError: A raw input is missing or cannot be read; the message names the input,
                or the step where a value past the raw inputs is refused.
            TransformError: A step got a value of another kind or width than it was made for.
        """
        return self._through(self._plan, dict(raw))

    def read(self, raw: Mapping[str, Batch]) -> dict[str, Batch]:
        """The first half of a call: the steps that take raw inputs alone, and the raw inputs.

        They make arrays of files, cells and texts, and no other step is needed before them. One
        that joins a raw input with a value of another step is in the other half.
        """
        return self._through(self._reading, dict(raw))

    def finish(self, values: Mapping[str, Batch]) -> dict[str, Batch]:
        """The other half: all values of the program, from those that ``read`` gave."""
        return self._through(self._rest, dict(values))

    def _through(self, plan: _Plan, values: dict[str, Batch]) -> dict[str, Batch]:
        for index, step, op in plan:
            for name in step.inputs:
                if name not in values:
                    raise InputError(
                        f"input '{name}': missing; given are {self._given(values)}"
                    )
            try:
                values[step.outputs[0]] = op(*(values[name] for name in step.inputs))
            except (InputError, TransformError) as error:
                raise type(error)(f"{self._source(index, step)}: {error}") from error
        return values

    def _given(self, values: Mapping[str, Batch]) -> list[str]:
        made = {name for step in self.steps for name in step.outputs}
        return sorted(name for name in values if name not in made)

    def _source(self, index: int, step: Step) -> str:
        name = step.inputs[0]
        return f"input '{name}'" if name in self.raw_inputs else _place(index, step)

    @property
    def ops(self) -> tuple[Op, ...]:
        """The op of each step."""
        return self._ops

    def split(self) -> tuple[Transform, Transform]:
        """The steps up to and with ``augment_after``, and the rest; without a mark, all and none."""
        marked = [index for index, step in enumerate(self.steps) if step.augment_after]
        cut = marked[0] + 1 if marked else len(self.steps)
        before = Transform(self.steps[:cut], self.raw_inputs, self.assets)
        made = [name for step in before.steps for name in step.outputs]
        return before, Transform(self.steps[cut:], (*self.raw_inputs, *made), self.assets)

    def needed(self, results: Iterable[str]) -> tuple[str, ...]:
        """The given values that ``results`` depend on, in the order of ``raw_inputs``."""
        wanted = set(results)
        for step in reversed(self.steps):
            if wanted & set(step.outputs):
                wanted = (wanted - set(step.outputs)) | set(step.inputs)
        return tuple(name for name in self.raw_inputs if name in wanted)


def _place(index: int, step: Step) -> str:
    return f"transform step {index} ({step.op})"


def _check_names(step: Step, place: str, known: set[str]) -> None:
    if not step.inputs or (len(step.inputs) > 1 and step.op not in JOINING):
        raise TransformError(f"{place}: takes one value, got {list(step.inputs)}")
    for name in step.inputs:
        if name not in known:
            raise TransformError(
                f"{place}: takes '{name}', which no earlier step gives; known: {sorted(known)}"
            )
    if len(step.outputs) != 1:
        raise TransformError(f"{place}: gives one value, got {list(step.outputs)}")
    if step.outputs[0] in known:
        raise TransformError(f"{place}: '{step.outputs[0]}' is given already; take a new name")


def make_op(
    step: Step, place: str, assets: Mapping[str, bytes | memoryview] | None = None
) -> Op:
    """An op from its step: the params checked against the op's fields.

    Args:
        step: Its asset, where it has one, is one of the params.
        place: Where the step is, for messages.
        assets: Content by name.

    Raises:
        TransformError: Unknown op, unknown or missing param, a param of another type, or an
            asset that is missing or unreadable.
    """
    if step.op not in OPS:
        raise TransformError(
            f"{place}: unknown op; this runtime knows {', '.join(sorted(OPS))}"
        )
    op_class = cast("Any", OPS[step.op])
    params = {**step.params, **_asset_param(step, place, assets or {})}
    arguments = _arguments(op_class, params, place)
    try:
        return op_class(**arguments)
    except ValueError as error:
        raise TransformError(f"{place}: {error}") from error


def _asset_param(
    step: Step, place: str, assets: Mapping[str, bytes | memoryview]
) -> dict[str, object]:
    if step.asset is None:
        return {}
    if step.op not in FROM_ASSET:
        raise TransformError(f"{place}: takes no asset, got '{step.asset}'")
    name = FROM_ASSET[step.op]
    if name in step.params:
        raise TransformError(f"{place}: '{name}' is given twice, in params and as the asset")
    if step.asset not in assets:
        raise TransformError(f"{place}: the asset '{step.asset}' is missing")
    try:
        read = text_of_asset if step.op in AS_TEXT else read_asset
        return {name: read(assets[step.asset], step.asset)}
    except BundleError as error:
        raise TransformError(f"{place}: {error}") from error


def _arguments(op_class: Any, params: Mapping[str, object], place: str) -> dict[str, object]:
    fields = {field.name: field for field in dataclasses.fields(op_class) if field.init}
    for name in params:
        if name not in fields:
            raise TransformError(f"{place}: unknown param '{name}'; known: {', '.join(fields)}")
    hints = typing.get_type_hints(op_class)
    arguments: dict[str, object] = {}
    for name, field in fields.items():
        if name in params:
            arguments[name] = _typed(params[name], hints[name], f"{place}: {name}")
        elif field.default is dataclasses.MISSING:
            raise TransformError(f"{place}: the param '{name}' is missing")
    return arguments


def _typed(value: object, hint: Any, place: str) -> object:
    """A JSON value as the type that an op's field has: arrays become tuples."""
    origin = typing.get_origin(hint)
    if origin is tuple and isinstance(value, list | tuple):
        inner = typing.get_args(hint)[0]
        if all(type(item) is inner for item in cast("Sequence[object]", value)):
            return tuple(cast("Sequence[object]", value))  # a vocabulary can be long
        return tuple(_typed(item, inner, place) for item in cast("Sequence[object]", value))
    if origin is types.UnionType:
        return _typed_union(value, typing.get_args(hint), place)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return _as_float(value, place)
    if origin is None and isinstance(value, hint) and isinstance(value, bool) == (hint is bool):
        return value
    expected = hint.__name__ if origin is None else str(hint)
    raise TransformError(f"{place}: expected {expected}, got {value!r}")


def _as_float(value: int, place: str) -> float:
    try:
        return float(value)
    except OverflowError as error:
        raise TransformError(
            f"{place}: expected a float, got a number beyond its range"
        ) from error


def _typed_union(value: object, hints: tuple[Any, ...], place: str) -> object:
    if value is None and type(None) in hints:
        return None
    fault: TransformError | None = None
    for hint in hints:
        if hint is not type(None):
            try:
                return _typed(value, hint, place)
            except TransformError as error:
                fault = error
    raise fault or TransformError(f"{place}: got {value!r}")
