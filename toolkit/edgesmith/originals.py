"""What a bundle is made of: a Keras model, or a model file that another tool exported."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from edgesmith.evaluation import check_formats
from edgesmith.foreign import ForeignModel, is_foreign, open_foreign
from edgesmith_runtime.errors import ConfigError, ConversionError, InputError
from edgesmith_runtime.spec import Format

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgesmith.core import KerasModel
    from edgesmith.foreign import AnyReference

__all__ = [
    "chosen_formats",
    "notes_on",
    "open_original",
    "origin_of",
    "refuse_foreign",
    "refuse_lifted",
]


def chosen_formats(
    model: KerasModel | str | Path, formats: Sequence[str] | None
) -> Sequence[str]:
    """The formats to make: as asked, else all; of a model file its own, the only one that it has.

    Raises:
        ConfigError: Another format than that of the file; or of a Keras model, none that the
            runtime's base install runs.
    """
    if is_foreign(model):
        own = Path(model).suffix.removeprefix(".")
        if formats is not None and set(formats) != {own}:
            raise ConfigError(
                f"{model}: expected {own} as the only format, got {', '.join(formats)}; a model "
                "file is not converted to another: leave formats out, or export the original model"
            )
        return (own,)
    chosen = tuple(Format) if formats is None else formats
    if set(chosen) <= set(Format):
        check_formats(Format(name) for name in chosen)
    return chosen


def open_original(
    model: KerasModel | str | Path,
    *,
    opset: int | None = None,
    custom_objects: Sequence[str] = (),
    unsafe: bool = False,
) -> KerasModel | ForeignModel:
    """Load what a path names; TensorFlow is imported for a Keras model alone.

    Args:
        model: A Keras model, or a path.
        opset: That the ONNX artifact shall have; None takes any.
        custom_objects: Where classes are that a file needs, ``package.module``.
        unsafe: Let a file run the Python code that it holds.

    Raises:
        ConfigError: Another opset than that of the file.
        InputError: It cannot be read, or is not of its format.
        ConversionError: It cannot be loaded, or an artifact cannot be what it is.
    """
    if isinstance(model, str | Path) and not Path(model).exists():
        raise InputError(f"{model}: no such file; expected a model")
    if not is_foreign(model):
        from edgesmith.reference import load_original

        return load_original(model, custom_objects=tuple(custom_objects), unsafe=unsafe)
    opened = open_foreign(model)
    if opset is not None and (opened.format, opened.version) != (Format.ONNX, opset):
        raise ConfigError(
            f"{model}: a model file keeps its opset, got {opset}; leave opset out, or export the "
            "original model with it"
        )
    return opened


def notes_on(reference: AnyReference) -> tuple[str, ...]:
    """What people should know of the artifact that a model file becomes, a sentence each."""
    if not isinstance(reference, ForeignModel):
        return ()
    notes: list[str] = []
    if (batch_size := reference.signature.batch_size) is not None:
        notes.append(
            f"{reference.path}: it works with batches of {batch_size} alone, so its artifact runs "
            "as often as the samples need; export it with a dynamic first axis"
        )
    if reference.format is Format.TFLITE:
        notes.append(
            f"{reference.path}: a .tflite file is not converted to ONNX, so the bundle runs only "
            "where edgesmith-runtime[tflite] is installed"
        )
    return tuple(notes)


def origin_of(model: KerasModel | ForeignModel) -> dict[str, str] | None:
    """What the manifest says of a model file; None of a Keras model."""
    return model.provenance if isinstance(model, ForeignModel) else None


def refuse_foreign(model: object) -> None:
    """Refuse a model file where a conversion is asked for.

    Raises:
        ConfigError: It is one.
    """
    if is_foreign(model):
        raise ConfigError(
            f"{model}: an artifact already, and not converted to another; make a bundle of it "
            "with edgesmith.export(model, 'NAME.edge', samples=...)"
        )


def refuse_lifted(reference: AnyReference) -> None:
    """Refuse a model that does not fit into one artifact.

    Raises:
        ConversionError: Its string layers are lifted; the message names them.
    """
    if isinstance(reference, ForeignModel) or reference.lifted is None:
        return
    layers = ", ".join(
        f"'{layer}'" for layer in dict.fromkeys(reference.lifted.layers.values())
    )
    raise ConversionError(
        f"the layers {layers} are lifted into a bundle's transform, which a bare artifact does "
        "not have; use edgesmith.export(model, 'NAME.edge')"
    )
