# pyright: basic
"""String and lookup layers of Keras as steps of a transform: what each does, from its instance."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesmith.quiet import quiet_start
from edgesmith_runtime.assets import asset_from_numbers, asset_from_texts
from edgesmith_runtime.errors import ConversionError
from edgesmith_runtime.manifest import Step

with quiet_start():
    import keras

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Program", "Value", "add_layer", "gives_texts", "lifted_kind", "needs_host"]

MAX_INLINE = 64  # entries of a vocabulary in the manifest; more are an asset

_KINDS = (
    keras.layers.TextVectorization,
    keras.layers.StringLookup,
    keras.layers.IntegerLookup,
    keras.layers.Hashing,
    keras.layers.HashedCrossing,
)


def lifted_kind(layer: Any) -> type | None:
    """The Keras class that a layer is of, if layers of it can be lifted; None for all others.

    A subclass that changes ``call`` is another layer.
    """
    for kind in _KINDS:
        if isinstance(layer, kind) and type(layer).call is kind.call:
            return kind
    return None


def needs_host(layer: Any) -> bool:
    """Whether no graph can hold what a layer does, whatever it takes: it hashes digits."""
    if isinstance(layer, keras.layers.IntegerLookup):
        hashes = layer.oov_method == "farmhash" and layer.num_oov_indices > 1
        return hashes and not layer.invert
    return isinstance(layer, keras.layers.Hashing | keras.layers.HashedCrossing)


def gives_texts(layer: Any) -> bool:
    """Whether a layer turns indices back into texts."""
    return isinstance(layer, keras.layers.StringLookup) and layer.invert


@dataclass(frozen=True, slots=True)
class Value:
    """A named value of the program, with the dtype and shape that its tensor has in Keras.

    Free axes are None; the first is the batch.
    """

    name: str
    dtype: str
    shape: tuple[int | None, ...]

    @property
    def is_text(self) -> bool:
        """Whether it holds texts."""
        return self.dtype == "string"

    @property
    def ends_in_one(self) -> bool:
        """Whether a sample is a column of one."""
        return len(self.shape) > 1 and self.shape[-1] == 1


@dataclass(slots=True)
class Program:
    """Steps and their assets, as layers are added.

    Args:
        names: Those that are taken already.
    """

    names: set[str]
    steps: list[Step] = field(default_factory=list)
    assets: dict[str, bytes] = field(default_factory=dict)

    def add(self, step: Step) -> None:
        """One more step; its result has a name that no other value has."""
        self.steps.append(step)
        self.names.update(step.outputs)

    def same_as(self, step: Step) -> Step | None:
        """An earlier step that does the same; None without."""
        for one in self.steps:
            if replace(one, outputs=step.outputs) == step:
                return one
        return None

    def between(self, name: str, op: str) -> str:
        """A free name for a value on the way to another."""
        free, count = f"{name}.{op}", 1
        while free in self.names:
            free, count = f"{name}.{op}_{count}", count + 1
        self.names.add(free)
        return free

    def keep(self, content: bytes, layer: str, suffix: str) -> str:
        """The name of an asset with this content, named after a layer."""
        for name, known in self.assets.items():
            if known == content and name.endswith(suffix):
                return name
        slug = re.sub(r"[^a-z0-9_]", "_", layer.lower()).strip("_")[:60] or "layer"
        name, count = f"assets/{slug}{suffix}", 1
        while name in self.assets:
            name, count = f"assets/{slug}_{count}{suffix}", count + 1
        self.assets[name] = content
        return name


def add_layer(program: Program, layer: Any, sources: Sequence[Value], made: Value) -> None:
    """The steps of one call of a layer.

    Args:
        program: Gets them.
        layer: Of a kind that is lifted.
        sources: What it was called with.
        made: What it gave.

    Raises:
        ConversionError: A setting that no step has; the message names layer, setting and cure.
    """
    _check(layer, sources, made)
    chain = _Chain(program, layer, made, sources[0].name)
    match layer:
        case keras.layers.TextVectorization():
            _vectorize(chain, layer, sources[0])
        case keras.layers.HashedCrossing():
            chain.then("cross_hash", [one.name for one in sources], n_bins=layer.num_bins)
            _encode(chain, layer, sources[0], layer.num_bins)
        case keras.layers.Hashing():
            salt = None if layer.salt is None else list(layer.salt)
            mask = _plain(layer.mask_value)
            chain.then("hash", n_bins=layer.num_bins, salt=salt, mask=mask)
            _encode(chain, layer, sources[0], layer.num_bins)
        case _:
            if not sources[0].is_text and np.dtype(sources[0].dtype).kind == "f":
                chain.then("cast", dtype="int64")
            _look_up(chain, layer)
            _encode_lookup(chain, layer, sources[0])
    chain.finish()


@dataclass(slots=True)
class _Chain:
    """Steps that follow one another; the last one gives the value that the layer gives."""

    program: Program
    layer: Any
    made: Value
    at: str
    waiting: Step | None = None

    def then(
        self, op: str, sources: list[str] | None = None, asset: str | None = None, **params: Any
    ) -> None:
        if self.waiting is not None:
            same = self.program.same_as(self.waiting)
            if same is None:
                self._put(self.program.between(self.made.name, self.waiting.op))
            else:
                self.at = same.outputs[0]
        given = {name: value for name, value in params.items() if value is not None}
        inputs = tuple(sources or [self.at])
        self.waiting = Step(op=op, inputs=inputs, outputs=("",), params=given, asset=asset)

    def finish(self) -> None:
        self._put(self.made.name)

    def _put(self, name: str) -> None:
        if self.waiting is None:
            raise ValueError(f"'{self.made.name}': a layer without a step")
        self.program.add(replace(self.waiting, outputs=(name,)))
        self.at = name


def _vectorize(chain: _Chain, layer: Any, source: Value) -> None:
    config = layer.get_config()
    standardize, ngrams = config["standardize"], config["ngrams"]
    if standardize is not None:
        chain.then(
            "standardize_text",
            lower=standardize != "strip_punctuation",
            strip_punctuation=standardize != "lower",
        )
    if config["split"] is not None:
        chain.then("split_text", by=config["split"])
    if ngrams is not None:
        widths = range(1, ngrams + 1) if isinstance(ngrams, int) else ngrams
        chain.then("ngrams", widths=list(widths))
    lookup = attrgetter("_lookup_layer")(layer)
    _look_up(chain, lookup)
    length = config["output_sequence_length"]
    if config["output_mode"] != "int":
        _encode_lookup(chain, lookup, source)
    elif config["split"] is not None or length is not None:
        chain.then("pad", length=length)


def _look_up(chain: _Chain, lookup: Any) -> None:
    is_text = lookup.vocabulary_dtype == "string"
    is_int = lookup.output_mode == "int"
    masked = lookup.mask_token is not None
    vocabulary = _vocabulary(chain.layer, lookup)
    params = {
        "first": 1 if masked and is_int else 0,
        "n_unknown": lookup.num_oov_indices,
        "salt": None if lookup.salt is None else list(lookup.salt),
        "mask": _plain(lookup.mask_token),
        "mask_index": (0 if is_int else -1) if masked else None,
    }
    asset = None
    if len(vocabulary) <= MAX_INLINE:
        params["vocabulary"] = vocabulary
    elif is_text:
        asset = chain.program.keep(asset_from_texts(vocabulary), chain.layer.name, ".json")
    else:
        numbers = asset_from_numbers(np.array(vocabulary, np.int64))
        asset = chain.program.keep(numbers, chain.layer.name, ".npy")
    chain.then("lookup" if is_text else "lookup_numbers", asset=asset, **params)


def _vocabulary(layer: Any, lookup: Any) -> list[Any]:
    """The entries by their index, as the table has them: get_vocabulary decodes otherwise."""
    keys, places = (tensor.numpy() for tensor in lookup.lookup_table.export())
    entries = keys[np.argsort(places)].tolist()
    try:
        return [one.decode() if isinstance(one, bytes) else one for one in entries]
    except UnicodeDecodeError as error:
        raise ConversionError(
            f"layer '{layer.name}': its vocabulary has an entry that is not UTF-8: {error}"
        ) from error


def _encode_lookup(chain: _Chain, lookup: Any, source: Value) -> None:
    if lookup.output_mode == "int":
        return
    depth = lookup.max_tokens if lookup.pad_to_max_tokens else lookup.vocabulary_size()
    _encode(chain, lookup, source, depth)


def _encode(chain: _Chain, layer: Any, source: Value, depth: int) -> None:
    """From indices to what the output mode says."""
    dtype = chain.made.dtype
    match layer.output_mode:
        case "int":
            if dtype != "int64":
                chain.then("cast", dtype=dtype)
        case "one_hot":
            chain.then("one_hot_indices", depth=depth, squeeze=source.ends_in_one, dtype=dtype)
        case "tf_idf":
            weights = layer.idf_weights_const.numpy()
            chain.then("count_indices", depth=depth, binary=False, dtype="int64")
            _weigh(chain, weights)
        case mode:
            chain.then("count_indices", depth=depth, binary=mode == "multi_hot", dtype=dtype)


def _weigh(chain: _Chain, weights: Any) -> None:
    if not np.isfinite(weights).all():
        raise ConversionError(
            f"layer '{chain.layer.name}': its idf weights hold NaN or infinity; adapt it again"
        )
    dtype = weights.dtype.name
    if len(weights) <= MAX_INLINE:
        chain.then("weigh", weights=weights.tolist(), dtype=dtype)
    else:
        name = chain.program.keep(asset_from_numbers(weights), chain.layer.name, ".npy")
        chain.then("weigh", asset=name, dtype=dtype)


def _plain(value: Any) -> Any:
    """A setting as JSON has it."""
    if isinstance(value, bytes):
        return value.decode()
    return value.item() if isinstance(value, np.generic) else value


def _check(layer: Any, sources: Sequence[Value], made: Value) -> None:
    config = layer.get_config()
    where, mode = f"layer '{layer.name}' ({type(layer).__name__})", config["output_mode"]
    for setting in ("standardize", "split"):
        if callable(config.get(setting)):
            raise ConversionError(
                f"{where}: {setting} is a function of your own, which a device without "
                "TensorFlow cannot run; take a named one, and do the rest to the text before it "
                "is handed in"
            )
    for setting in ("ragged", "sparse"):
        if config.get(setting):
            raise ConversionError(
                f"{where}: {setting}=True gives a tensor that an artifact cannot take; leave "
                "it out"
            )
    if not made.shape or made.shape[0] is not None or _mixes(config, sources[0]):
        raise ConversionError(
            f"{where}: with inputs of shape {sources[0].shape} and output_mode="
            f"'{mode}' it mixes the samples of a batch; give it (batch, 1)"
        )
    if mode not in ("int", "one_hot") and len(sources[0].shape) > 2:
        raise ConversionError(
            f"{where}: counts over inputs of shape {sources[0].shape} have no step; give it "
            "(batch, length)"
        )


def _mixes(config: dict[str, Any], source: Value) -> bool:
    flat = len(source.shape) == 1 and config.get("split", "") is None
    return flat and (
        config["ngrams"] is not None or config["output_sequence_length"] is not None
    )
