"""Models of series, sound, video and handwriting."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from conversion_cases.feeding import Feed, padded
from conversion_cases.model_case import model_case

__all__ = ["SEQUENCE_MODELS"]


@keras.saving.register_keras_serializable("cases")
class GreedyCtc(layers.Layer):
    """The best path of a CTC output: labels, -1 behind their end."""

    def call(self, probabilities: Any) -> Any:
        shape = ops.shape(probabilities)
        lengths = ops.ones((shape[0],), "int32") * shape[1]
        decoded, _ = ops.ctc_decode(
            probabilities, lengths, strategy="greedy", mask_index=probabilities.shape[-1] - 1
        )
        return decoded[0]


@keras.saving.register_keras_serializable("cases")
class GatedResidual(layers.Layer):
    """A WaveNet block: tanh gated by a sigmoid, a residual and a skip."""

    def __init__(self, filters: int, dilation: int, name: str | None = None) -> None:
        super().__init__(name=name)
        self.filters, self.dilation = filters, dilation
        make = {"kernel_size": 2, "dilation_rate": dilation, "padding": "causal"}
        self.content = layers.Conv1D(filters, activation="tanh", **make)
        self.gate = layers.Conv1D(filters, activation="sigmoid", **make)
        self.skip = layers.Conv1D(filters, 1)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.content.build(input_shape)
        self.gate.build(input_shape)
        self.skip.build((*input_shape[:-1], self.filters))

    def call(self, x: Any) -> tuple[Any, Any]:
        skip = self.skip(self.content(x) * self.gate(x))
        return x + skip, skip

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "filters": self.filters, "dilation": self.dilation}


def _crnn() -> tuple[Any, Any]:
    line = keras.Input((32, 16, 1), name="line")
    x = layers.Conv2D(4, 3, padding="same", activation="relu")(line)
    x = layers.MaxPooling2D(2)(x)
    x = layers.Conv2D(8, 3, padding="same", activation="relu")(x)
    x = layers.Reshape((16, 64))(x)
    x = layers.Dropout(0.2)(layers.Dense(16, "relu")(x))
    x = layers.Bidirectional(layers.LSTM(8, return_sequences=True, dropout=0.25))(x)
    return line, layers.Dense(6, "softmax", name="characters")(x)


def crnn_ctc_dense() -> keras.Model:
    return keras.Model(*_crnn())


def crnn_ctc_greedy() -> keras.Model:
    line, characters = _crnn()
    return keras.Model(line, GreedyCtc(name="text")(characters))


def wavenet_like() -> keras.Model:
    wave = keras.Input((None, 1), name="wave")
    x, skips = layers.Conv1D(8, 2, padding="causal")(wave), []
    for dilation in (1, 2, 4):
        x, skip = GatedResidual(8, dilation)(x)
        skips.append(skip)
    x = layers.Conv1D(8, 1, activation="relu")(layers.ReLU()(layers.Add()(skips)))
    return keras.Model(wave, layers.Conv1D(4, 1, activation="softmax")(x))


def tcn() -> keras.Model:
    series = keras.Input((24, 3), name="series")
    x = series
    for dilation in (1, 2, 4):
        y = layers.Conv1D(8, 3, dilation_rate=dilation, padding="causal")(x)
        y = layers.SpatialDropout1D(0.1)(layers.ReLU()(layers.LayerNormalization()(y)))
        shortcut = x if x.shape[-1] == 8 else layers.Conv1D(8, 1)(x)
        x = layers.Add()([shortcut, y])
    return keras.Model(series, layers.Dense(2)(x[:, -1, :]))


def lstm_stateful() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input(batch_shape=(4, 6, 3), name="series"),
            layers.LSTM(5, stateful=True, return_sequences=True),
            layers.LSTM(4, stateful=True),
            layers.Dense(1),
        ]
    )


def gru_streaming() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input(batch_shape=(1, 1, 4), name="frame"),
            layers.GRU(6, stateful=True),
            layers.Dense(2, "softmax"),
        ]
    )


def lstm_masked_free_time() -> keras.Model:
    series = keras.Input((None, 3), name="series")
    x = layers.Masking(mask_value=0.0)(series)
    x = layers.LSTM(6, return_sequences=True)(x)
    x = layers.LSTM(4)(x)
    return keras.Model(series, layers.Dense(1)(x))


def gru_forecaster() -> keras.Model:
    series = keras.Input((12, 2), name="series")
    x = layers.Normalization(mean=[0.2, -0.1], variance=[1.5, 0.7])(series)
    x = layers.GRU(8, return_sequences=True, reset_after=False)(x)
    x = layers.GRU(8, recurrent_dropout=0.1)(x)
    x = layers.Dense(6)(layers.LayerNormalization()(x))
    return keras.Model(series, layers.Reshape((3, 2))(x))


def lstm_autoencoder() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((10, 3), name="series"),
            layers.LSTM(8, activation="relu", return_sequences=True),
            layers.LSTM(4, activation="relu"),
            layers.RepeatVector(10),
            layers.LSTM(4, activation="relu", return_sequences=True),
            layers.LSTM(8, activation="relu", return_sequences=True),
            layers.TimeDistributed(layers.Dense(3)),
        ]
    )


def cnn_lstm() -> keras.Model:
    series = keras.Input((32, 4), name="series")
    x = layers.Conv1D(8, 5, activation="relu")(series)
    x = layers.AveragePooling1D(2)(layers.BatchNormalization()(x))
    x = layers.LSTM(8, go_backwards=True)(layers.MaxPooling1D(2)(x))
    return keras.Model(series, layers.Dense(3, "softmax")(x))


def keyword_spotting() -> keras.Model:
    wave = keras.Input((2000,), name="wave")
    x = layers.MelSpectrogram(
        fft_length=256, sequence_stride=128, sampling_rate=8000, num_mel_bins=16
    )(wave)
    x = layers.Reshape((*x.shape[1:], 1))(layers.Permute((2, 1))(x))
    x = layers.Rescaling(0.02)(x)
    x = layers.Conv2D(8, (10, 4), (2, 2), padding="same", use_bias=False)(x)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    for _ in range(2):
        x = layers.DepthwiseConv2D(3, padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization()(x))
        x = layers.Conv2D(8, 1, use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.Dropout(0.4)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(wave, layers.Dense(4, "softmax", name="word")(x))


def raw_wave_classifier() -> keras.Model:
    wave = keras.Input((None, 1), name="wave")
    x = layers.Conv1D(8, 16, 8, activation="relu")(wave)
    x = layers.SeparableConv1D(8, 5, padding="same", activation="selu")(x)
    x = layers.DepthwiseConv1D(3, padding="same")(x)
    x = layers.GlobalAveragePooling1D()(layers.AlphaDropout(0.1)(x))
    return keras.Model(wave, layers.Dense(3, "softmax")(x))


def time_distributed_cnn() -> keras.Model:
    frame = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
        ]
    )
    video = keras.Input((None, 8, 8, 1), name="video")
    x = layers.TimeDistributed(frame)(video)
    return keras.Model(video, layers.Dense(2)(layers.GRU(6)(x)))


def convlstm_frame_predictor() -> keras.Model:
    video = keras.Input((4, 8, 8, 1), name="video")
    x = layers.ConvLSTM2D(4, 3, padding="same", return_sequences=True)(video)
    x = layers.BatchNormalization()(x)
    x = layers.ConvLSTM2D(4, 3, padding="same", return_sequences=True, activation="relu")(x)
    x = layers.Conv3D(1, 3, padding="same", activation="sigmoid")(x)
    return keras.Model(video, x)


def video_3d_cnn() -> keras.Model:
    video = keras.Input((6, 12, 12, 2), name="video")
    x = layers.Conv3D(4, 3, activation="relu")(video)
    x = layers.AveragePooling3D((1, 2, 2))(x)
    x = layers.Conv3D(4, (3, 1, 1), padding="same", strides=(2, 1, 1))(x)
    return keras.Model(video, layers.Dense(3)(layers.GlobalAveragePooling3D()(x)))


def attention_pooled_lstm() -> keras.Model:
    series = keras.Input((8, 3), name="series")
    x = layers.LSTM(6, return_sequences=True)(series)
    weights = layers.Softmax(axis=1, name="weights")(layers.Dense(1, "tanh")(x))
    context = ops.sum(weights * x, axis=1)
    return keras.Model(series, [layers.Dense(2)(context), weights])


def stacked_cells() -> keras.Model:
    cells = [layers.LSTMCell(5), layers.GRUCell(4), layers.SimpleRNNCell(3)]
    series = keras.Input((7, 3), name="series")
    return keras.Model(
        series, layers.Dense(1)(layers.RNN(layers.StackedRNNCells(cells))(series))
    )


def n_beats_like() -> keras.Model:
    series = keras.Input((12,), name="series")
    rest, forecasts = series, []
    for _ in range(2):
        hidden = layers.Dense(16, "relu")(layers.Dense(16, "relu")(rest))
        rest = layers.Subtract()([rest, layers.Dense(12)(hidden)])
        forecasts.append(layers.Dense(4)(hidden))
    return keras.Model(series, layers.Add(name="forecast")(forecasts))


def conformer_block() -> keras.Model:
    frames = keras.Input((10, 8), name="frames")
    x = frames + 0.5 * layers.Dense(8)(layers.Dense(16, "silu")(frames))
    y = layers.LayerNormalization()(x)
    x = x + layers.MultiHeadAttention(2, 4)(y, y)
    content, gate = ops.split(layers.Conv1D(16, 1)(layers.LayerNormalization()(x)), 2, axis=-1)
    y = layers.DepthwiseConv1D(5, padding="same")(content * ops.sigmoid(gate))
    x = x + layers.Conv1D(8, 1)(layers.Activation("silu")(layers.BatchNormalization()(y)))
    return keras.Model(frames, layers.LayerNormalization()(x))


_LINE = {"line": Feed((32, 16, 1))}

SEQUENCE_MODELS = (
    model_case(crnn_ctc_dense, ("Bidirectional", "LSTM", "Reshape"), _LINE),
    model_case(crnn_ctc_greedy, ("Bidirectional", "LSTM"), _LINE),
    model_case(wavenet_like, ("Conv1D", "Add"), {"wave": Feed((None, 1))}, lengths=(16, 23)),
    model_case(
        tcn, ("Conv1D", "SpatialDropout1D", "LayerNormalization"), {"series": Feed((24, 3))}
    ),
    model_case(lstm_stateful, ("LSTM",), {"series": Feed((6, 3))}, batch_sizes=(4,)),
    model_case(gru_streaming, ("GRU",), {"frame": Feed((1, 4))}, batch_sizes=(1,)),
    model_case(
        lstm_masked_free_time,
        ("Masking", "LSTM"),
        {"series": Feed((None, 3), draw=padded)},
        lengths=(5, 9),
    ),
    model_case(gru_forecaster, ("GRU", "Normalization"), {"series": Feed((12, 2))}),
    model_case(
        lstm_autoencoder,
        ("LSTM", "RepeatVector", "TimeDistributed"),
        {"series": Feed((10, 3))},
    ),
    model_case(
        cnn_lstm, ("AveragePooling1D", "MaxPooling1D", "LSTM"), {"series": Feed((32, 4))}
    ),
    model_case(
        keyword_spotting,
        ("MelSpectrogram", "DepthwiseConv2D"),
        {"wave": Feed((2000,))},
    ),
    model_case(
        raw_wave_classifier,
        ("SeparableConv1D", "DepthwiseConv1D", "AlphaDropout"),
        {"wave": Feed((None, 1))},
        lengths=(80, 131),
    ),
    model_case(
        time_distributed_cnn,
        ("TimeDistributed", "GRU"),
        {"video": Feed((None, 8, 8, 1))},
        lengths=(3, 5),
    ),
    model_case(
        convlstm_frame_predictor, ("ConvLSTM2D", "Conv3D"), {"video": Feed((4, 8, 8, 1))}
    ),
    model_case(
        video_3d_cnn,
        ("Conv3D", "AveragePooling3D", "GlobalAveragePooling3D"),
        {"video": Feed((6, 12, 12, 2))},
    ),
    model_case(attention_pooled_lstm, ("LSTM", "Softmax"), {"series": Feed((8, 3))}),
    model_case(
        stacked_cells,
        ("RNN", "StackedRNNCells", "LSTMCell", "GRUCell", "SimpleRNNCell"),
        {"series": Feed((7, 3))},
    ),
    model_case(n_beats_like, ("Subtract", "Add"), {"series": Feed((12,))}),
    model_case(
        conformer_block,
        ("MultiHeadAttention", "DepthwiseConv1D"),
        {"frames": Feed((10, 8))},
    ),
)
