from __future__ import annotations

from edgesmith.profiling.names import layer_names

_SURE = (
    "the layers are read off the names of the nodes; build/ beside the bundle names them surely"
)


def test_what_the_build_recorded_comes_first() -> None:
    names = layer_names(
        ["net_1/conv_1/Conv"],
        recorded={"net_1/conv_1": "block/conv"},
        file="model.int8.onnx",
        manifest_layers=None,
    )

    assert names.of(["Conv__5", "net_1/conv_1/Conv"]) == "block/conv"
    assert names.note is None


def test_the_manifest_tells_layers_of_quantized_files_and_their_scopes() -> None:
    named = {"model.int8.onnx": {"net/conv_1/Conv": "conv", "Softmax_3": "Softmax_3"}}

    names = layer_names([], recorded={}, file="model.int8.onnx", manifest_layers=named)

    assert names.of(["net/conv_1/Conv"]) == "conv"
    assert names.of(["net/conv_1/BiasAdd_folded"]) == "conv"
    assert names.of(["Softmax_3"]) is None
    assert names.note is None


def test_nodes_of_one_file_tell_nothing_of_another_but_their_scopes_do() -> None:
    named = {"model.int8.tflite": {"Conv__5": "conv", "net/head_1/MatMul": "head"}}

    names = layer_names([], recorded={}, file="model.onnx", manifest_layers=named)

    assert names.of(["Conv__5"]) is None
    assert names.of(["net/head_1/BiasAdd"]) == "head"


def test_names_of_nodes_tell_layers_where_nothing_else_does() -> None:
    found = ["net/block/conv/BiasAdd", "net/block/norm/batchnorm/mul", "net/head/MatMul/x:0"]

    names = layer_names(found, recorded={}, file="model.int8.onnx", manifest_layers=None)

    assert [names.of([one]) for one in found] == ["block/conv", "block/norm", "head"]
    assert names.note == _SURE


def test_a_count_behind_every_layer_is_from_the_second_call() -> None:
    found = ["net_1/conv_1/Conv", "net_1/conv_1_2/Conv", "net_1/head_1/MatMul"]

    names = layer_names(found, recorded={}, file="model.int8.onnx", manifest_layers=None)

    assert [names.of([one]) for one in found] == ["conv", "conv_1", "head"]


def test_counts_stay_that_tell_layers_apart() -> None:
    found = ["net/dense_1/MatMul", "net/dense_2/MatMul"]

    names = layer_names(found, recorded={}, file="model.int8.onnx", manifest_layers=None)

    assert [names.of([one]) for one in found] == ["dense_1", "dense_2"]


def test_a_file_without_layers_in_its_names_says_so() -> None:
    names = layer_names(
        ["Conv_0", "Relu_1"], recorded={}, file="model.int8.onnx", manifest_layers=None
    )

    assert names.of(["Conv_0"]) is None
    assert names.note == "the file names no layers: operations stand for themselves"


def test_a_fused_artifact_has_steps_and_the_layers_behind_them() -> None:
    names = layer_names(
        [], recorded={"net_1/conv_1": "conv"}, file="model.fused.onnx", manifest_layers=None
    )

    assert names.of(["fused_1/step_2_stft_1/conv1d"]) == "step_2_stft"
    assert names.of(["fused/step_10_scale/mul"]) == "step_10_scale"
    assert names.of(["fused_1/net_1/conv_1/BiasAdd"]) == "conv"
    assert names.of(["fused_1/net_1/other/BiasAdd"]) is None
