# pyright: basic
"""The operations of an ONNX artifact, as onnxruntime has them after its own optimisation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import helper

from edgesmith.profiling.origins import Origins
from edgesmith.profiling.pieces import Call, Piece, Pieces, clue_rank
from edgesmith_runtime.runners.onnx import optimized_graph

import onnxruntime  # isort: skip - the runner tells it first to report nothing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from edgesmith_runtime.bundle import Artifact
    from edgesmith_runtime.settings import EngineSettings

__all__ = ["METHOD", "open_pieces"]

METHOD = (
    "each operation of the graph that onnxruntime made of the file ran in a session of its own, "
    "on its own inputs, all in turn; the time of an empty session, called right before it, is "
    "taken off"
)

_FATAL = 4
_EMPTY_OPSET = 18


def open_pieces(
    artifact: Artifact,
    settings: EngineSettings,
    tensors: Mapping[str, NDArray[Any]],
    twins: Mapping[str, Sequence[str]],
) -> Pieces:
    """Open the whole and every operation.

    onnxruntime's own profiler is not used: it counts whole microseconds and adds about 3 to each
    operation, which is more than most of a small model take. With 1.32 it saw 95 us of
    operations in a call of a DS-CNN that takes 67 us without it.

    Args:
        artifact: Of the ONNX format.
        settings: Threads, which all sessions share, and the layout.
        tensors: By input, as the engine takes them.
        twins: Names that may tell the layer, by the name of a weight; see ``twin_names``.

    Raises:
        BackendError: onnxruntime refuses the model.
    """
    graph = optimized_graph(artifact, settings)
    whole = onnx.load_model_from_string(graph)
    values = {**_inner_values(whole, tensors), **tensors}
    is_pooled = settings.n_threads > 1
    if (
        is_pooled
    ):  # threads of their own would wait busily, each session's in the way of the next
        onnxruntime.set_global_thread_pool_sizes(settings.n_threads, 1)
    outputs = [one.name for one in whole.graph.output]
    ops: list[Piece] = []
    lost: list[str] = []
    constants = {one.name: one for one in whole.graph.initializer}
    origins = Origins(onnx.load_model_from_string(bytes(artifact.content)))
    for index, node in enumerate(whole.graph.node):
        own = origins.nameless(node)
        name = own[0] if own else node.name or f"{node.op_type}_{index}"
        try:
            call = _alone(whole, node, constants, values, is_pooled=is_pooled)
        except Exception as error:  # noqa: BLE001 - onnxruntime raises all kinds; it is told
            lost.append(f"{node.op_type} '{name}': {_line(error)}")
            continue
        ops.append(
            Piece(
                name=name,
                op=node.op_type,
                clues=_clues(node, constants, origins, twins),
                call=call,
            )
        )
    return Pieces(
        whole=_bound(graph, dict(tensors), {name: values[name] for name in outputs}, is_pooled),
        empty=_empty(is_pooled=is_pooled),
        ops=tuple(ops),
        lost=tuple(lost),
    )


def _clues(
    node: Any,
    constants: Mapping[str, Any],
    origins: Origins,
    twins: Mapping[str, Sequence[str]],
) -> tuple[str, ...]:
    """Of what was merged into the operation, what has the weights first.

    One with weights that no name tells the layer of stands for itself: what follows it, and was
    merged into it, is of another layer.
    """
    nameless = origins.nameless(node)
    if nameless:
        return (*(twin for name in nameless for twin in twins.get(name, ())), *nameless)
    weights = [name for name in node.input if name in constants]
    others = [name for name in node.input if name and name not in constants]
    made = [node.name, *(name for name in node.output if name)]
    return (*sorted([*weights, *origins.names(node)], key=clue_rank), *made, *others)


def _inner_values(
    whole: onnx.ModelProto, tensors: Mapping[str, NDArray[Any]]
) -> dict[str, NDArray[Any]]:
    """Everything that the graph computes, by name."""
    model = onnx.ModelProto()
    model.CopyFrom(whole)
    present = {one.name for one in model.graph.output}
    for node in model.graph.node:
        for name in node.output:
            if name and name not in present:
                model.graph.output.append(onnx.ValueInfoProto(name=name))
    session = _session(model.SerializeToString(), is_pooled=False)
    names = [one.name for one in session.get_outputs()]
    return dict(zip(names, session.run(names, dict(tensors)), strict=True))


def _alone(
    whole: onnx.ModelProto,
    node: Any,
    constants: Mapping[str, Any],
    values: Mapping[str, NDArray[Any]],
    *,
    is_pooled: bool,
) -> Call:
    taken = [name for name in _taken(node) if name in constants or name in values]
    given = {name: values[name] for name in taken if name not in constants}
    made = {name: values[name] for name in node.output if name}
    graph = helper.make_graph(
        [node],
        "alone",
        [_info(name, value) for name, value in given.items()],
        [_info(name, value) for name, value in made.items()],
        [constants[name] for name in taken if name in constants],
    )
    model = helper.make_model(graph, opset_imports=whole.opset_import)
    model.ir_version = whole.ir_version
    return _bound(model.SerializeToString(), given, made, is_pooled)


def _taken(node: Any) -> dict[str, None]:
    """What a node takes, and what graphs within it take from around it."""
    names = dict.fromkeys(name for name in node.input if name)
    for attribute in node.attribute:
        for graph in (*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])):
            own = {one.name for one in (*graph.input, *graph.initializer)}
            own |= {name for inner in graph.node for name in inner.output}
            inner = [name for one in graph.node for name in _taken(one)]
            inner += [one.name for one in graph.output]
            names.update(dict.fromkeys(name for name in inner if name not in own))
    return names


def _info(name: str, value: Any) -> onnx.ValueInfoProto:
    if not isinstance(value, np.ndarray) or value.dtype.kind in "OUS":
        raise TypeError(f"'{name}' is no tensor of numbers")
    return helper.make_tensor_value_info(
        name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape
    )


def _empty(*, is_pooled: bool) -> Call:
    one = np.zeros(1, np.float32)
    graph = helper.make_graph(
        [helper.make_node("Identity", ["given"], ["made"])],
        "empty",
        [_info("given", one)],
        [_info("made", one)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _EMPTY_OPSET)])
    model.ir_version = 8  # of that opset, so that any onnxruntime with it takes the model
    return _bound(model.SerializeToString(), {"given": one}, {"made": one}, is_pooled)


def _session(content: bytes, *, is_pooled: bool) -> Any:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _FATAL
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.use_per_session_threads = not is_pooled
    if not is_pooled:
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def _bound(
    content: bytes,
    given: dict[str, NDArray[Any]],
    made: dict[str, NDArray[Any]],
    is_pooled: bool,  # noqa: FBT001 - its callers are in this module
) -> Call:
    """A run with all tensors in place, so that nothing is copied or allocated."""
    session = _session(content, is_pooled=is_pooled)
    binding = session.io_binding()
    values = {
        name: onnxruntime.OrtValue.ortvalue_from_numpy(np.asarray(array, order="C"))
        for name, array in (given | made).items()
    }
    for name in given:
        binding.bind_ortvalue_input(name, values[name])
    for name in made:
        binding.bind_ortvalue_output(name, values[name])
    # Beneath the public classes, as the runner of the runtime calls it; the values stay.
    run, inner = session._sess.run_with_iobinding, binding._iobinding  # noqa: SLF001

    def call(_kept: Any = values, run: Any = run, inner: Any = inner) -> object:
        return run(inner, None)

    call()
    return call


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:120]
