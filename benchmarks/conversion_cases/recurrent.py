"""Recurrent layers: every setting of LSTM, GRU and SimpleRNN, cells, wrappers, convolutional ones."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from conversion_cases.feeding import Feed, below, layer_case, padded

__all__ = ["CASES"]

SERIES = Feed((7, 4))
FREE_SERIES = Feed((None, 4))
PADDED = Feed((7, 4), draw=padded)
TOKENS = Feed((9,), "int32", below(20))
FREE_TOKENS = Feed((None,), "int32", below(20))
STATE = Feed((5,))

_SETTINGS: dict[str, dict[str, Any]] = {
    "last": {},
    "sequences": {"return_sequences": True},
    "states": {"return_sequences": True, "return_state": True},
    "backwards": {"go_backwards": True, "return_sequences": True},
    "unrolled": {"unroll": True},
    "no_bias": {"use_bias": False},
    "relu": {"activation": "relu"},
    "recurrent_dropout": {"dropout": 0.2, "recurrent_dropout": 0.2},
}
_OWN: dict[str, dict[str, dict[str, Any]]] = {
    "LSTM": {
        "hard_sigmoid": {"recurrent_activation": "hard_sigmoid"},
        "elu_states": {"activation": "elu", "return_state": True},
    },
    "GRU": {
        "reset_before": {"reset_after": False, "return_sequences": True},
        "reset_before_no_bias": {"reset_after": False, "use_bias": False},
        "hard_sigmoid": {"recurrent_activation": "hard_sigmoid"},
    },
    "SimpleRNN": {"linear": {"activation": "linear"}},
}
_WRAPPED = ("LSTM", "GRU", "SimpleRNN")
_N_STATES = {"LSTM": 2, "GRU": 1, "SimpleRNN": 1}


class Leaky(keras.Layer):
    """A cell of a user's own: a running mean that leaks."""

    def __init__(self, units: int, **settings: Any) -> None:
        super().__init__(**settings)
        self.state_size = units
        self.dense = layers.Dense(units)

    def build(self, shape: tuple[int | None, ...]) -> None:
        self.dense.build(shape)

    def call(self, inputs: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        state = 0.7 * states[0] + 0.3 * ops.tanh(self.dense(inputs))
        return state, [state]


def _layer(name: str, **settings: Any) -> keras.Layer:
    return getattr(layers, name)(5, **settings)


def _masked(name: str, tokens: Any, **settings: Any) -> Any:
    return _layer(name, **settings)(layers.Embedding(20, 4, mask_zero=True)(tokens))


def _encoder_decoder(name: str, x: Any, y: Any) -> Any:
    _, *states = _layer(name, return_state=True)(x)
    return _layer(name, return_sequences=True)(y, initial_state=states)


def _both_ways(name: str, **settings: Any) -> keras.Layer:
    merge = settings.pop("merge_mode", "concat")
    return layers.Bidirectional(_layer(name, **settings), merge_mode=merge)


_PLAIN = tuple(
    layer_case(
        f"layers/{name}/{setting}",
        lambda x, name=name, settings=settings: _layer(name, **settings)(x),
        SERIES,
    )
    for name in _WRAPPED
    for setting, settings in {**_SETTINGS, **_OWN[name]}.items()
)
_FED = tuple(
    case
    for name in _WRAPPED
    for case in (
        layer_case(
            f"layers/{name}/free_time",
            lambda x, name=name: _layer(name, return_sequences=True)(x),
            FREE_SERIES,
            lengths=(5, 8),
        ),
        layer_case(
            f"layers/{name}/masked",
            lambda x, name=name: _masked(name, x),
            TOKENS,
            covers=("Embedding",),
        ),
        layer_case(
            f"layers/{name}/masked_sequences_free_time",
            lambda x, name=name: _masked(name, x, return_sequences=True),
            FREE_TOKENS,
            covers=("Embedding",),
            lengths=(5, 8),
        ),
        layer_case(
            f"layers/{name}/masked_backwards",
            lambda x, name=name: _masked(name, x, go_backwards=True, return_sequences=True),
            TOKENS,
            covers=("Embedding",),
        ),
        layer_case(
            f"layers/{name}/masking_layer_states",
            lambda x, name=name: _layer(name, return_state=True)(layers.Masking()(x)),
            PADDED,
            covers=("Masking",),
        ),
        layer_case(
            f"layers/{name}/initial_state",
            lambda x, *states, name=name: _layer(name)(x, initial_state=list(states)),
            SERIES,
            *[STATE] * _N_STATES[name],
        ),
        layer_case(
            f"layers/{name}/encoder_decoder",
            lambda x, y, name=name: _encoder_decoder(name, x, y),
            SERIES,
            Feed((3, 4)),
        ),
        layer_case(
            f"layers/{name}/stacked",
            lambda x, name=name: _layer(name)(_layer(name, return_sequences=True)(x)),
            SERIES,
        ),
        layer_case(
            f"layers/{name}/stateful",
            lambda x, name=name: _layer(name, stateful=True, return_sequences=True)(x),
            SERIES,
            batch_size=2,
        ),
    )
)
_BIDIRECTIONAL = (
    *(
        layer_case(
            f"layers/Bidirectional/{name}_{setting}",
            lambda x, name=name, settings=settings: _both_ways(name, **settings)(x),
            SERIES,
            covers=(name,),
        )
        for name in _WRAPPED
        for setting, settings in (("last", {}), ("sequences", {"return_sequences": True}))
    ),
    *(
        layer_case(
            f"layers/Bidirectional/merged_by_{mode or 'nothing'}",
            lambda x, mode=mode: _both_ways("GRU", return_sequences=True, merge_mode=mode)(x),
            SERIES,
            covers=("GRU",),
        )
        for mode in ("sum", "mul", "ave", None)
    ),
    layer_case(
        "layers/Bidirectional/states",
        lambda x: _both_ways("LSTM", return_state=True)(x),
        SERIES,
        covers=("LSTM",),
    ),
    layer_case(
        "layers/Bidirectional/masked_free_time",
        lambda x: _both_ways("LSTM", return_sequences=True)(
            layers.Embedding(20, 4, mask_zero=True)(x)
        ),
        FREE_TOKENS,
        covers=("LSTM", "Embedding"),
        lengths=(5, 8),
    ),
    layer_case(
        "layers/Bidirectional/masked_gru",
        lambda x: _both_ways("GRU")(layers.Embedding(20, 4, mask_zero=True)(x)),
        TOKENS,
        covers=("GRU", "Embedding"),
    ),
    layer_case(
        "layers/Bidirectional/two_kinds",
        lambda x: layers.Bidirectional(
            layers.LSTM(5), backward_layer=layers.GRU(3, go_backwards=True)
        )(x),
        SERIES,
        covers=("LSTM", "GRU"),
    ),
)
_CELLS = (
    *(
        layer_case(
            f"layers/{name}Cell/in_rnn",
            lambda x, name=name: layers.RNN(
                getattr(layers, f"{name}Cell")(5), return_sequences=True
            )(x),
            SERIES,
            covers=("RNN",),
        )
        for name in _WRAPPED
    ),
    layer_case(
        "layers/RNN/own_cell_free_time",
        lambda x: layers.RNN(Leaky(5), return_sequences=True)(x),
        FREE_SERIES,
        lengths=(5, 8),
    ),
    layer_case(
        "layers/RNN/masked_zero_output",
        lambda x: layers.RNN(
            layers.GRUCell(5), return_sequences=True, zero_output_for_mask=True
        )(layers.Masking()(x)),
        PADDED,
        covers=("GRUCell", "Masking"),
    ),
    layer_case(
        "layers/StackedRNNCells/lstm",
        lambda x: layers.RNN(layers.StackedRNNCells([layers.LSTMCell(5), layers.LSTMCell(3)]))(
            x
        ),
        SERIES,
        covers=("RNN", "LSTMCell"),
    ),
    layer_case(
        "layers/StackedRNNCells/mixed_sequences",
        lambda x: layers.RNN(
            [layers.GRUCell(5), layers.SimpleRNNCell(3)], return_sequences=True
        )(x),
        SERIES,
        covers=("RNN", "GRUCell", "SimpleRNNCell"),
    ),
)
_FRAMES = {1: Feed((4, 8, 3)), 2: Feed((4, 7, 6, 3)), 3: Feed((3, 5, 4, 6, 2))}
_CONVOLUTIONAL = (
    *(
        layer_case(
            f"layers/ConvLSTM{rank}D/{setting}",
            lambda x, rank=rank, settings=settings: getattr(layers, f"ConvLSTM{rank}D")(
                4, 3, **settings
            )(x),
            _FRAMES[rank],
        )
        for rank in (1, 2, 3)
        for setting, settings in (
            ("last", {}),
            ("same_sequences", {"padding": "same", "return_sequences": True}),
        )
    ),
    layer_case(
        "layers/ConvLSTM2D/strided", lambda x: layers.ConvLSTM2D(4, 3, strides=2)(x), _FRAMES[2]
    ),
    layer_case(
        "layers/ConvLSTM2D/states",
        lambda x: layers.ConvLSTM2D(4, 3, return_state=True, go_backwards=True)(x),
        _FRAMES[2],
    ),
    layer_case(
        "layers/ConvLSTM2D/channels_first",
        lambda x: layers.ConvLSTM2D(4, 3, data_format="channels_first")(x),
        Feed((4, 3, 7, 6)),
    ),
    layer_case(
        "layers/ConvLSTM2D/free_time",
        lambda x: layers.ConvLSTM2D(4, 3, padding="same")(x),
        Feed((None, 7, 6, 3)),
        lengths=(3, 5),
    ),
    layer_case(
        "layers/Bidirectional/conv_lstm",
        lambda x: layers.Bidirectional(layers.ConvLSTM1D(4, 3))(x),
        _FRAMES[1],
        covers=("ConvLSTM1D",),
    ),
)

CASES = (*_PLAIN, *_FED, *_BIDIRECTIONAL, *_CELLS, *_CONVOLUTIONAL)
