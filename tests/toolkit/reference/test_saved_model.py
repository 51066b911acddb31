from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tensorflow as tf

from edgesmith.reference import load_original, trace
from edgesmith_runtime.errors import ConversionError, InputError

if TYPE_CHECKING:
    from pathlib import Path

    import keras
    from numpy.typing import NDArray

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


class _Plane(tf.Module):
    def __init__(self) -> None:
        super().__init__()
        self.slope = tf.Variable(tf.constant([[2.0], [3.0]]))

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, 2], name="point"),
            tf.TensorSpec([None, 1], name="offset"),
        ]
    )
    def __call__(self, point: Any, offset: Any) -> dict[str, Any]:
        return {"height": point @ self.slope + offset, "same": point}


_ANY_SHAPE: Any = None


class _Shapeless(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec(_ANY_SHAPE, name="any")])
    def __call__(self, x: Any) -> Any:
        return x * 2.0


def test_what_keras_exported_is_traced_and_answers_alike(
    image_model: keras.Model, images: NDArray[np.float32], tmp_path: Path
) -> None:
    image_model.export(tmp_path / "exported", verbose=False)

    reference = trace(load_original(tmp_path / "exported"))

    (spec,) = reference.signature.inputs
    (answer,) = reference.run({spec.name: images}).values()
    assert (spec.name, spec.shape) == ("image", ("batch", 8, 8, 1))
    np.testing.assert_allclose(answer, image_model(images), atol=1e-6)


def test_a_module_of_tensorflow_keeps_the_names_of_its_signature(tmp_path: Path) -> None:
    tf.saved_model.save(_Plane(), str(tmp_path / "plane"))

    reference = trace(load_original(tmp_path / "plane"))

    outputs = reference.run(
        {"point": np.array([[1, 1]], np.float32), "offset": np.array([[5]], np.float32)}
    )
    assert [spec.name for spec in reference.signature.outputs] == ["height", "same"]
    np.testing.assert_allclose(outputs["height"], [[10.0]])


def test_several_signatures_of_which_none_serves_are_named(tmp_path: Path) -> None:
    plane: Any = _Plane()
    concrete = plane.__call__.get_concrete_function()
    tf.saved_model.save(plane, str(tmp_path / "two"), signatures={"a": concrete, "b": concrete})

    with pytest.raises(
        ConversionError, match=r"'serving_default' or a single one, it has \['a'"
    ):
        load_original(tmp_path / "two")


def test_an_input_without_a_shape_is_refused(tmp_path: Path) -> None:
    tf.saved_model.save(_Shapeless(), str(tmp_path / "any"))

    with pytest.raises(
        ConversionError, match=r"input 'any' has no shape; save it with a tf\.Ten"
    ):
        load_original(tmp_path / "any")


def test_a_folder_that_is_damaged_is_named(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes(b"nothing of the kind")

    with pytest.raises(InputError, match=f"{tmp_path.name}: cannot be loaded: "):
        load_original(tmp_path)
