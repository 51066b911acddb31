from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import helper

from edgesmith.profiling.origins import Origins


@pytest.fixture(scope="module")
def origins() -> Origins:
    weights = np.zeros((2, 2), np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["x", "net/conv/kernel"], ["c"], name="Conv__7"),
            helper.make_node("Relu", ["c"], ["net/act/Relu:0"], name="net/act/Relu"),
            helper.make_node(
                "Gemm", ["net/act/Relu:0", "net/head/kernel", "b"], ["y"], name="g"
            ),
        ],
        "file",
        [],
        [],
        [
            onnx.numpy_helper.from_array(weights, name)
            for name in ("net/conv/kernel", "net/head/kernel", "b")
        ],
    )
    return Origins(helper.make_model(graph))


def test_what_was_merged_behind_a_convolution_leads_back_to_its_weights(
    origins: Origins,
) -> None:
    made = helper.make_node("Conv", ["x", "reorder"], ["token_1"], name="net/act/Relu:0_nchwc")

    assert origins.names(made) == ["net/conv/kernel", "Conv__7", "net/act/Relu"]


def test_a_constant_that_was_kept_tells_the_node(origins: Origins) -> None:
    made = helper.make_node("Gemm", ["token", "reorder", "b"], ["token_2"], name="")

    assert origins.names(made) == ["net/head/kernel", "b", "g"]


def test_an_operation_that_is_as_it_was_is_itself(origins: Origins) -> None:
    made = helper.make_node("Relu", ["c"], ["net/act/Relu:0"], name="net/act/Relu")

    assert origins.names(made) == ["net/act/Relu"]


def test_an_operation_of_the_engine_itself_has_no_origin(origins: Origins) -> None:
    made = helper.make_node("ReorderOutput", ["token_1"], ["token_9"], name="ReorderOutput")

    assert origins.names(made) == []


def test_a_convolution_without_a_scope_is_not_its_activation() -> None:
    weights = np.zeros((2, 2), np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["x", "Conv__63_weight"], ["c"], name="Conv__63"),
            helper.make_node("Relu", ["c"], ["net/act/Relu:0"], name="net/act/Relu"),
        ],
        "file",
        [],
        [],
        [onnx.numpy_helper.from_array(weights, "Conv__63_weight")],
    )
    made = helper.make_node("Conv", ["x", "reorder"], ["token_1"], name="net/act/Relu:0_nchwc")

    assert Origins(helper.make_model(graph)).nameless(made) == (
        "Conv__63",
        "c",
        "Conv__63_weight",
    )


def test_a_scope_in_the_weights_is_a_name(origins: Origins) -> None:
    made = helper.make_node("Conv", ["x", "reorder"], ["token_1"], name="net/act/Relu:0_nchwc")
    relu = helper.make_node("Relu", ["c"], ["net/act/Relu:0"], name="net/act/Relu")

    assert origins.nameless(made) == ()
    assert origins.nameless(relu) == ()
