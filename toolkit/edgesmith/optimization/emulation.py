# pyright: basic
"""An int8 ONNX artifact as a CPU without VNNI computes it, on any CPU."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

# From 1.29 on it reports over the network unless it is told before.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
import onnxruntime  # pyright: ignore[reportMissingTypeStubs]

from edgesmith.optimization.integer_products import IntegerProduct, saturating_product
from edgesmith_runtime.errors import BackendError
from edgesmith_runtime.files import scratch

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from edgesmith_runtime.bundle import Artifact

    Tensors = Mapping[str, NDArray[Any]]

__all__ = ["Change", "Emulation", "Run"]

_ORT: Any = onnxruntime  # it comes without types
_ERROR = 3  # a log severity

# It would hide the activations between two operators that it makes one.
_LEFT_OUT = ["DynamicQuantizeMatMulFusion"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What saturation changes in the sums of one node, in one run.

    Args:
        node: Its name.
        n_changed: Sums that change.
        n_sums: All of them.
        worst_error: The largest change, in real numbers.
    """

    node: str
    n_changed: int
    n_sums: int
    worst_error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The outputs by name, and the changes of each node that can saturate."""

    outputs: Mapping[str, NDArray[Any]]
    changes: tuple[Change, ...] = field(default=())


class Emulation:
    """The artifact cut at the nodes that can saturate: those run in numpy, the rest as ever.

    It is onnxruntime's own graph that is cut, after its fusions: they decide what is computed in
    whole numbers and what stays float.

    Raises:
        BackendError: onnxruntime refuses the artifact.
    """

    def __init__(self, artifact: Artifact) -> None:
        model = _fused(artifact)
        graph = model.graph
        constants = {one.name: one for one in graph.initializer}
        known = _Constants(constants)
        nodes = list(graph.node)
        found = {i: saturating_product(node, known) for i, node in enumerate(nodes)}
        self._signature = artifact.signature
        self._outputs = [value.name for value in graph.output]
        self._steps: list[_Segment | IntegerProduct] = []
        for segment, group in groupby(range(len(nodes)), lambda i: found[i] is None):
            if segment:
                self._steps.append(_Segment([nodes[i] for i in group], model, constants))
            else:
                self._steps.extend(one for i in group if (one := found[i]) is not None)
        products = [step for step in self._steps if isinstance(step, IntegerProduct)]
        read = {name for one in products for name in one.inputs}.union(self._outputs)
        self._constants = {name: known[name] for name in read if name in constants}
        self._wanted = _wanted(self._steps, self._outputs)

    def run(self, inputs: Tensors, *, saturated: bool) -> Run:
        """Run it once.

        Args:
            inputs: By name.
            saturated: Go on with the saturated sums, else with the exact ones.

        Raises:
            SignatureError: The inputs are not those of the artifact.
        """
        self._signature.check_inputs(inputs)
        tensors: dict[str, NDArray[Any]] = {**self._constants, **inputs}
        changes: list[Change] = []
        for step, wanted in zip(self._steps, self._wanted, strict=True):
            if isinstance(step, IntegerProduct):
                summed = step.sums(tensors)
                error = np.abs(summed.change) * step.scales(tensors)
                changes.append(
                    Change(
                        node=step.name,
                        n_changed=int(np.count_nonzero(summed.change)),
                        n_sums=summed.change.size,
                        worst_error=float(error.max(initial=0.0)),
                    )
                )
                total = summed.exact + summed.change if saturated else summed.exact
                tensors[step.output] = step.finished(total, tensors)
            else:
                tensors.update(step.run(tensors, wanted))
            kept = wanted | self._constants.keys()
            tensors = {name: array for name, array in tensors.items() if name in kept}
        outputs = {name: tensors[name] for name in self._outputs}
        return Run(outputs=outputs, changes=tuple(changes))


class _Constants(dict[str, "NDArray[Any]"]):
    """Initializers as arrays, read when they are asked for."""

    def __init__(self, protos: Mapping[str, onnx.TensorProto]) -> None:
        self._protos = protos

    def __missing__(self, name: str) -> NDArray[Any]:
        return numpy_helper.to_array(self._protos[name])

    def get(self, name: str, default: Any = None) -> Any:
        return self[name] if name in self._protos else default


class _Segment:
    """Nodes between two cuts, in a session of their own."""

    def __init__(
        self,
        nodes: list[onnx.NodeProto],
        model: onnx.ModelProto,
        constants: Mapping[str, onnx.TensorProto],
    ) -> None:
        self._nodes, self._model = nodes, model
        made = {name for node in nodes for name in node.output}
        names = dict.fromkeys(name for node in nodes for name in _read(node))
        self._constants = [constants[name] for name in names if name in constants]
        self.inputs = tuple(n for n in names if n not in made and n not in constants)
        self.outputs = tuple(name for name in made if name)
        self._session: Any = None

    def run(self, tensors: Tensors, wanted: set[str]) -> dict[str, NDArray[Any]]:
        names = sorted(wanted.intersection(self.outputs))
        fed = {name: tensors[name] for name in self.inputs if name in tensors}
        if self._session is None:
            self._session = self._opened(fed, names)
        return dict(zip(names, self._session.run(names, fed), strict=True))

    def _opened(self, fed: Tensors, names: list[str]) -> Any:
        inputs = [
            helper.make_tensor_value_info(
                name, helper.np_dtype_to_tensor_dtype(array.dtype), None
            )
            for name, array in fed.items()
        ]
        outputs = [onnx.ValueInfoProto(name=name) for name in names]
        graph = helper.make_graph(
            self._nodes, "segment", inputs, outputs, initializer=self._constants
        )
        model = helper.make_model(
            graph, opset_imports=self._model.opset_import, ir_version=self._model.ir_version
        )
        level = _ORT.GraphOptimizationLevel.ORT_DISABLE_ALL
        return _session(model.SerializeToString(), _options(level))


def _read(node: onnx.NodeProto) -> Iterable[str]:
    """The tensors that a node reads, in its subgraphs too."""
    yield from (name for name in node.input if name)
    for attribute in node.attribute:
        for graph in (attribute.g, *attribute.graphs):
            inner = {one.name for one in (*graph.input, *graph.initializer)}
            inner |= {name for one in graph.node for name in one.output}
            read = (name for one in graph.node for name in _read(one))
            outputs = (value.name for value in graph.output)
            yield from (name for name in (*read, *outputs) if name and name not in inner)


def _wanted(
    steps: list[_Segment | IntegerProduct], outputs: Iterable[str]
) -> tuple[set[str], ...]:
    """What is still read after each step."""
    later = [set(outputs)]
    for step in reversed(steps[1:]):
        later.append(later[-1] | set(step.inputs))
    return tuple(reversed(later)) if steps else ()


def _fused(artifact: Artifact) -> onnx.ModelProto:
    """The graph after onnxruntime's fusions, as on x86 whatever the host is.

    There int8 activations between operators become uint8 with the zero point moved by 128
    (QDQS8ToU8Transformer), so such a file saturates as one of uint8 does.
    """
    options = _options(_ORT.GraphOptimizationLevel.ORT_ENABLE_EXTENDED)
    options.add_session_config_entry("session.qdqisint8allowed", "0")  # an ARM host keeps them
    with scratch() as folder:
        path = folder / "fused.onnx"
        options.optimized_model_filepath = str(path)
        try:
            _session(bytes(artifact.content), options)
        except Exception as error:  # not all that escapes onnxruntime is its own
            raise BackendError(
                f"{artifact.file}: onnxruntime {_ORT.__version__} refused: {error}"
            ) from error
        return onnx.load(path)


def _options(level: Any) -> Any:
    options = _ORT.SessionOptions()
    options.graph_optimization_level = level
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = _ERROR
    # As in the runtime: tensors of other files are not looked for in the working directory.
    options.add_session_config_entry(
        "session.model_external_initializers_file_folder_path", os.devnull
    )
    return options


def _session(content: bytes, options: Any) -> Any:
    return _ORT.InferenceSession(
        content, options, providers=["CPUExecutionProvider"], disabled_optimizers=_LEFT_OUT
    )
