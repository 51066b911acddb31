# pyright: basic
"""The operations of a TFLite artifact, as its file has them."""

from __future__ import annotations

import copy
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from ai_edge_litert import interpreter as litert
from ai_edge_litert import schema_py_generated as schema

from edgesmith.optimization.tflite_graph import loaded, op_name, text
from edgesmith.profiling.pieces import Call, Piece, Pieces, clue_rank
from edgesmith.tflite_file import tflite_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from edgesmith_runtime.bundle import Artifact
    from edgesmith_runtime.settings import EngineSettings

__all__ = ["METHOD", "open_pieces"]

_LEAD_NS = 5_000_000  # pthreadpool, which XNNPACK runs on, waits busily for about a millisecond

METHOD = (
    "each operation of the file ran in an interpreter of its own (XNNPACK as in the whole), on its "
    "own inputs, all in turn; the time of an interpreter that adds two numbers, called right "
    "before it, is taken off"
)


def open_pieces(
    artifact: Artifact, settings: EngineSettings, tensors: Mapping[str, NDArray[Any]]
) -> Pieces:
    """Open the whole and every operation.

    LiteRT's Python package has no profiler of operations.

    Args:
        artifact: Of the TFLite format.
        settings: Threads, which each interpreter has for itself.
        tensors: By input, as the engine takes them.
    """
    cut = _Cut(artifact, settings.n_threads, tensors)
    ops: list[Piece] = []
    lost: list[str] = []
    for operator in cut.operators:
        op, name = op_name(cut.model, operator), cut.name(operator.outputs[0])
        try:
            call = cut.alone(operator)
        except Exception as error:  # noqa: BLE001 - LiteRT has no exceptions of its own; it is told
            lost.append(f"{op} '{name}': {_line(error)}")
            continue
        ops.append(Piece(name=name, op=op, clues=cut.clues(operator), call=call))
    return Pieces(
        whole=cut.whole(),
        empty=_empty(settings.n_threads),
        ops=tuple(ops),
        lost=tuple(lost),
        lead_ns=_LEAD_NS if settings.n_threads > 1 else 0,
    )


class _Cut:
    """A model, the values of all its tensors, and models of single operations.

    What depends on constants alone is computed once, when an interpreter is made; it goes with
    each operation that takes it.
    """

    def __init__(
        self, artifact: Artifact, n_threads: int, tensors: Mapping[str, NDArray[Any]]
    ) -> None:
        self.model = loaded(artifact)
        self._main = self.model.subgraphs[0]
        self._content = bytes(artifact.content)
        self._n_threads = n_threads
        places = self._input_places()
        self._given = {places[name]: array for name, array in tensors.items()}
        self._values = self._open(self._content, everything=True)
        self._set(self._values)
        self._values.invoke()
        inner = {
            int(buffer) for graph in self.model.subgraphs[1:] for buffer in _buffers(graph)
        }
        self._inner_buffers = inner
        self._folded: dict[int, Any] = {}
        for operator in self._main.operators:
            taken = [int(index) for index in operator.inputs if index >= 0]
            if taken and all(self._is_constant(index) for index in taken):
                self._folded |= {int(index): operator for index in operator.outputs}
        self.operators = [
            one for one in self._main.operators if int(one.outputs[0]) not in self._folded
        ]

    def name(self, index: int) -> str:
        return text(self._main.tensors[index].name)

    def clues(self, operator: Any) -> tuple[str, ...]:
        """Of what was merged into the operation, what has the weights first."""
        taken = [int(index) for index in operator.inputs if index >= 0]
        weights = [self.name(index) for index in taken if self._is_constant(index)]
        others = [self.name(index) for index in taken if not self._is_constant(index)]
        made = [self.name(index) for index in operator.outputs]
        merged = [part for name in (*weights, *made) for part in name.split(";")]
        return (
            *sorted(merged, key=clue_rank),
            *made,
            *(part for name in others for part in name.split(";")),
        )

    def whole(self) -> Call:
        interpreter = self._open(self._content, everything=False)
        self._set(interpreter)
        return _invoke(interpreter)

    def alone(self, operator: Any) -> Call:
        group = [*self._makers(operator), operator]
        made = {int(index) for one in group for index in one.outputs}
        used = list(
            dict.fromkeys(
                int(index)
                for one in group
                for indices in (one.inputs, one.outputs, one.intermediates)
                for index in (() if indices is None else indices)
                if index >= 0
            )
        )
        places = {index: place for place, index in enumerate(used)} | {-1: -1}
        given = [
            index
            for index in used
            if index not in made and not self._is_stored(index) and self._is_taken(index, group)
        ]
        graph = schema.SubGraphT(
            name="alone",
            tensors=[self._tensor(index) for index in used],
            operators=[_placed(one, places) for one in group],
            inputs=[places[index] for index in given],
            outputs=[places[int(index)] for index in operator.outputs],
        )
        interpreter = self._open(self._file(graph), everything=False)
        interpreter.allocate_tensors()
        for index in given:
            interpreter.set_tensor(places[index], self._values.get_tensor(index))
        return _invoke(interpreter)

    def _makers(self, operator: Any) -> list[Any]:
        """What makes the constants of an operation out of stored ones, in order."""
        found: dict[int, Any] = {}
        for index in operator.inputs:
            maker = self._folded.get(int(index))
            if maker is not None:
                for one in (*self._makers(maker), maker):
                    found[id(one)] = one
        return list(found.values())

    def _is_taken(self, index: int, group: list[Any]) -> bool:
        return not self._main.tensors[index].isVariable and any(
            index in [int(one) for one in operator.inputs] for operator in group
        )

    def _is_stored(self, index: int) -> bool:
        content = self.model.buffers[self._main.tensors[index].buffer].data
        return content is not None and len(content) > 0

    def _is_constant(self, index: int) -> bool:
        return self._is_stored(index) or index in self._folded

    def _tensor(self, index: int) -> Any:
        tensor = copy.copy(self._main.tensors[index])
        if not self._is_stored(index) and not tensor.isVariable:
            tensor.shape = list(self._values.get_tensor(index).shape)
            tensor.shapeSignature = None
        return tensor

    def _file(self, graph: Any) -> bytes:
        """A model of one subgraph, with those that it may call; other constants are left out."""
        used = self._inner_buffers | {int(tensor.buffer) for tensor in graph.tensors}
        model = schema.ModelT(
            version=self.model.version,
            description="one operation",
            operatorCodes=self.model.operatorCodes,
            subgraphs=[graph, *self.model.subgraphs[1:]],
            buffers=[
                buffer if place in used else schema.BufferT()
                for place, buffer in enumerate(self.model.buffers)
            ],
        )
        return tflite_bytes(model, size_bytes=len(self._content))

    def _open(self, content: bytes, *, everything: bool) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that keeping all tensors takes memory
            if not everything:
                return litert.Interpreter(model_content=content, num_threads=self._n_threads)
            return litert.Interpreter(
                model_content=content,
                experimental_preserve_all_tensors=True,
                experimental_op_resolver_type=litert.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
                num_threads=1,
            )

    def _set(self, interpreter: Any) -> None:
        for index, array in self._given.items():
            interpreter.resize_tensor_input(index, array.shape)
        interpreter.allocate_tensors()
        for index, array in self._given.items():
            interpreter.set_tensor(index, array)

    def _input_places(self) -> dict[str, int]:
        places = {self.name(index): int(index) for index in self._main.inputs}
        for definition in self.model.signatureDefs or ():
            if definition.subgraphIndex == 0:
                places |= {text(one.name): int(one.tensorIndex) for one in definition.inputs}
        return places


def _buffers(graph: Any) -> list[int]:
    return [tensor.buffer for tensor in graph.tensors]


def _placed(operator: Any, places: Mapping[int, int]) -> Any:
    moved = copy.copy(operator)
    moved.inputs = [places[int(index)] for index in operator.inputs]
    moved.outputs = [places[int(index)] for index in operator.outputs]
    if operator.intermediates is not None:
        moved.intermediates = [places[int(index)] for index in operator.intermediates]
    return moved


def _empty(n_threads: int) -> Call:
    add = schema.BuiltinOperator.ADD
    graph = schema.SubGraphT(
        name="empty",
        tensors=[
            schema.TensorT(shape=[1], type=schema.TensorType.FLOAT32, buffer=0, name=name)
            for name in ("left", "right", "sum")
        ],
        operators=[
            schema.OperatorT(
                opcodeIndex=0,
                inputs=[0, 1],
                outputs=[2],
                builtinOptionsType=schema.BuiltinOptions.AddOptions,
                builtinOptions=schema.AddOptionsT(),
            )
        ],
        inputs=[0, 1],
        outputs=[2],
    )
    code = schema.OperatorCodeT(builtinCode=add, deprecatedBuiltinCode=add, version=1)
    model = schema.ModelT(
        version=3, operatorCodes=[code], subgraphs=[graph], buffers=[schema.BufferT()]
    )
    interpreter = litert.Interpreter(
        model_content=tflite_bytes(model, size_bytes=1000), num_threads=n_threads
    )
    interpreter.allocate_tensors()
    for place in (0, 1):
        interpreter.set_tensor(place, np.zeros(1, np.float32))
    return _invoke(interpreter)


def _invoke(interpreter: Any) -> Call:
    interpreter.invoke()
    native = interpreter._interpreter  # noqa: SLF001 - as the runner of the runtime calls it

    def call(_kept: Any = interpreter, invoke: Any = native.Invoke) -> object:
        return invoke()

    return call


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:120]
