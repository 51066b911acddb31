# pyright: basic
"""Graph inputs in the place of lifted calls, while a model is traced."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edgesmith.quiet import quiet_start
from edgesmith.reference.face import TextSpec
from edgesmith.reference.lifted_calls import LAYER_CALL, Call, Noting, Raw
from edgesmith.reference.patching import Patch

with quiet_start():
    import tensorflow as tf

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from edgesmith.reference.face import Face
    from edgesmith_runtime.spec import TensorSpec

__all__ = ["Playing"]


class Playing:
    """Lifted calls give graph inputs, in the order in which they were noted."""

    def __init__(self, face: Face, results: Sequence[TensorSpec]) -> None:
        self._face = face
        self._results = results
        self._given: dict[str, Any] = {}
        self._noting = Noting()
        self._n_samples: Any = None
        self._n_calls = 0

    def feed(
        self, names: Sequence[str], given: Sequence[Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments of the whole model, with stand-ins for what the rest does not take."""
        self._given = dict(zip(names, given, strict=True))
        self._noting, self._n_calls = Noting(), 0
        self._n_samples = tf.shape(given[0])[0]
        raw = [
            self._given[spec.name] if spec.name in self._given else _dead(spec, self._n_samples)
            for spec in self._face.inputs
        ]
        for spec, tensor in zip(self._face.inputs, raw, strict=True):
            self._noting.know(Raw(spec.name, tensor))
        return self._face.feed(raw)

    def patch(self) -> Patch:
        """Let lifted calls give what ``feed`` was given."""
        return Patch(LAYER_CALL, self._wrap)

    def _wrap(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def played(layer: Any, *args: Any, **named: Any) -> Any:
            sources = self._noting.sources(layer, args[:1] or [*named.values()][:1])
            if sources is None:
                return call(layer, *args, **named)
            spec = self._results[self._n_calls]
            self._n_calls += 1
            output = self._given.get(spec.name)
            if output is None:  # other lifted calls alone take it
                output = _dead(spec, self._n_samples)
            self._noting.know(Call(layer, sources, output))
            return output

        return played


def _dead(spec: TensorSpec | TextSpec, n_samples: Any) -> Any:
    """A stand-in that nothing live takes more of than its shape."""
    sample_shape = [1 if isinstance(axis, str) else axis for axis in spec.sample_shape]
    value = "" if isinstance(spec, TextSpec) else tf.cast(0, spec.dtype)
    stand_in = tf.fill([n_samples, *sample_shape], value)
    stand_in.set_shape([None, *sample_shape])
    return stand_in
