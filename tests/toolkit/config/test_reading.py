from __future__ import annotations

from pathlib import Path

import pytest

from edgesmith.config import Config, TableSource
from edgesmith.config.reading import load_config, parse_config
from edgesmith_runtime.errors import ConfigError

MINIMAL = """
name = "pets"
task = "classification"
[source]
kind = "table"
path = "pets.csv"
target = "species"
[training]
architecture = "mlp"
"""
KINDS = (
    "table, image_folder, arrays, idx, sklearn, list, audio_folder, text, series, recordings"
)
FILLS = "mean, median, min, max, most_frequent, drop_row, none"


def _parse(text: str = MINIMAL, *overrides: str) -> Config:
    return parse_config(text, where="c.toml", folder=Path("/data"), overrides=overrides)


def _message(text: str, *overrides: str) -> str:
    with pytest.raises(ConfigError) as caught:
        _parse(text, *overrides)
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_what_is_not_given_has_its_default() -> None:
    config = _parse()

    assert config.seed == 0
    assert config.split.test == 0.2
    assert config.image is None


def test_a_relative_path_starts_at_the_folder_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text(MINIMAL)

    config = load_config(tmp_path / "c.toml")

    assert isinstance(config.source, TableSource)
    assert config.source.path == tmp_path / "pets.csv"


def test_a_name_in_a_path_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PETS_DIR", "/somewhere")

    config = _parse(MINIMAL.replace("pets.csv", "${PETS_DIR}/pets.csv"))

    assert isinstance(config.source, TableSource)
    assert config.source.path == Path("/somewhere/pets.csv")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "no.toml"

    with pytest.raises(ConfigError) as caught:
        load_config(path)

    assert str(caught.value) == (
        f"{path}: no such file; expected a configuration, e.g. from: edgesmith new DIR"
    )


def test_a_file_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_bytes(b"name = '\xff'")

    with pytest.raises(ConfigError) as caught:
        load_config(path)

    assert str(caught.value) == f"{path}: not a UTF-8 text: invalid start byte"


@pytest.mark.parametrize("name", ["m.keras", "m.onnx", "m.tflite"])
def test_a_model_is_no_configuration(name: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(name)

    assert str(caught.value) == (
        f"{name}: expected a configuration in TOML, got a model file; for a bundle of a model "
        f"use: edgesmith convert {name} --out out"
    )


def test_what_is_not_toml_is_told_with_its_place() -> None:
    message = _message("name = \n")

    assert message == "c.toml: not TOML: Invalid value (at line 1, column 8)"


def test_a_folder_is_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path)

    assert str(caught.value) == f"{tmp_path}: cannot be read: Is a directory"


FAULTS = {
    "misspelt key": ("epoch = 3", "training.epoch: unknown key; did you mean 'epochs'?"),
    "misspelt section": ("[splitt]\ntest = 0.1", "splitt: unknown key; did you mean 'split'?"),
    "key far from any": (
        "[benchmark]\nxyzzy = 1",
        "benchmark.xyzzy: unknown key; known: enabled, rounds",
    ),
    "text for a whole number": (
        "epochs = 'many'",
        "training.epochs: expected a whole number, got 'many'",
    ),
    "fraction for a whole number": (
        "epochs = 2.5",
        "training.epochs: expected a whole number, got 2.5",
    ),
    "whole number too low": ("epochs = 0", "training.epochs: expected at least 1, got 0"),
    "true for a number": (
        "learning_rate = true",
        "training.learning_rate: expected a number, got true",
    ),
    "number not above its bound": (
        "learning_rate = 0",
        "training.learning_rate: expected a number above 0, got 0",
    ),
    "number at its upper bound": (
        "[split]\ntest = 1",
        "split.test: expected a number below 1, got 1",
    ),
    "not a number": ("[split]\ntest = nan", "split.test: expected a finite number, got NaN"),
    "endless number": (
        "learning_rate = inf",
        "training.learning_rate: expected a finite number, got Infinity",
    ),
    "neither choice nor finite": (
        "[cleaning]\nfill = nan",
        f"cleaning.fill: expected one of {FILLS} or a finite number, got NaN",
    ),
    "memory too small": (
        "[conversion]\nmax_memory_bytes = 1000",
        "conversion.max_memory_bytes: expected at least 1073741824, got 1000",
    ),
    "number above its bound": (
        "[augmentation]\nrotation = 200",
        "augmentation.rotation: expected at most 180, got 200",
    ),
    "number for a switch": (
        "[split]\nstratify = 1",
        "split.stratify: expected true or false, got 1",
    ),
    "unknown choice": (
        "optimizer = 'adamm'",
        "training.optimizer: expected one of sgd, adam, adamw, got 'adamm'",
    ),
    "unknown choice in a list": (
        "[conversion]\nformats = ['onx']",
        "conversion.formats.0: expected one of onnx, tflite, got 'onx'",
    ),
    "empty list": (
        "[conversion]\nformats = []",
        "conversion.formats: expected at least 1 item, got []",
    ),
    "text for a list": (
        "[conversion]\nformats = 'onnx'",
        "conversion.formats: expected a list, got 'onnx'",
    ),
    "pair with one": (
        "[normalization]\nrange = [1]",
        "normalization.range: expected at least 2 items, got [1]",
    ),
    "pair with three": (
        "[normalization]\nrange = [1, 2, 3]",
        "normalization.range: expected at most 2 items, got [1, 2, 3]",
    ),
    "text in a pair of numbers": (
        "[normalization]\nrange = [1, 'two']",
        "normalization.range.1: expected a number, got 'two'",
    ),
    "neither choice nor number": (
        "[cleaning]\nfill = 'meen'",
        f"cleaning.fill: expected one of {FILLS} or a number, got 'meen'",
    ),
    "key missing in a section": (
        "[image]\nwidth = 8",
        "image.height: missing (Pixels)",
    ),
    "fault in a list of tables": (
        "[[cleaning.filters]]\nop = 'median_filter'\nsize = 1",
        "cleaning.filters.0.size: expected at least 2, got 1",
    ),
    "two that exclude each other": (
        "[cleaning.clip]\nsigmas = 3\nquantiles = [0, 1]",
        "cleaning.clip: give either quantiles or sigmas",
    ),
    "unset name in a path": (
        "[split]\nfile = '${PETS_UNSET}/split.csv'",
        "split.file: '${PETS_UNSET}/split.csv' needs the environment variable PETS_UNSET, "
        "which is not set; set it: export PETS_UNSET=...",
    ),
    "date": (
        "epochs = 2024-01-01",
        "training.epochs: expected a text, a number, a list or a table, got a date or time; "
        "put it in quotes",
    ),
    "long value": (
        f"epochs = '{'x' * 80}'",
        f"training.epochs: expected a whole number, got '{'x' * 56}...",
    ),
}


@pytest.mark.parametrize(("added", "message"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_named_by_its_path(added: str, message: str) -> None:
    assert _message(f"{MINIMAL}{added}\n") == f"c.toml: {message}"


MISSING = {
    "section": (
        '[training]\narchitecture = "mlp"\n',
        "training: missing; expected a table [training]",
    ),
    "key": ('target = "species"\n', "source.target: missing (The column to predict)"),
    "kind": ('kind = "table"\n', f"source.kind: missing; expected one of {KINDS}"),
    "top": ('name = "pets"\n', "name: missing (Of the bundle: NAME.edge)"),
}


@pytest.mark.parametrize(("removed", "message"), MISSING.values(), ids=MISSING)
def test_what_is_missing_is_named_with_what_it_is(removed: str, message: str) -> None:
    assert _message(MINIMAL.replace(removed, "")) == f"c.toml: {message}"


def test_a_misspelt_key_is_told_before_the_key_that_it_leaves_missing() -> None:
    message = _message(MINIMAL.replace("target =", "targt ="))

    assert message == "c.toml: source.targt: unknown key; did you mean 'target'?"


def test_a_key_of_another_section_is_told_with_its_path() -> None:
    message = _message(f"epochs = 3\n{MINIMAL}")

    assert message == "c.toml: epochs: unknown key; did you mean 'training.epochs'?"


def test_an_unknown_kind_is_told_with_the_closest() -> None:
    message = _message(MINIMAL.replace('"table"', '"tables"'))

    assert message == (
        f"c.toml: source.kind: expected one of {KINDS}, got 'tables'; did you mean 'table'?"
    )


def test_a_name_that_no_file_can_have_is_refused() -> None:
    message = _message(MINIMAL.replace('"pets"', '"my pets"'))

    assert message == (
        "c.toml: name: expected a text that matches ^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$, "
        "got 'my pets'"
    )


@pytest.mark.parametrize(
    ("override", "epochs"), [("training.epochs=7", 7), ("training.epochs = 7", 7)]
)
def test_an_override_takes_the_place_of_a_key(override: str, epochs: int) -> None:
    assert _parse(MINIMAL, override).training.epochs == epochs


def test_an_override_that_is_no_toml_value_is_a_text() -> None:
    assert _parse(MINIMAL, "training.architecture=cnn").training.architecture == "cnn"


def test_an_override_may_hold_an_equals_sign() -> None:
    source = _parse(MINIMAL, "source.target=a=b").source

    assert isinstance(source, TableSource)
    assert source.target == "a=b"


def test_an_override_makes_the_section_that_is_not_there() -> None:
    config = _parse(MINIMAL, "image.height=8", "image.width=9")

    assert config.image is not None
    assert (config.image.height, config.image.width) == (8, 9)


def test_an_override_reaches_a_quoted_key() -> None:
    config = _parse(MINIMAL, 'cleaning.fill_by_column."body mass (g)"=0')

    assert config.cleaning.fill_by_column == {"body mass (g)": 0}


OVERRIDES = {
    "no value": (
        "training",
        "--set training: expected key=value, e.g. training.epochs=10",
    ),
    "no key": ("=3", "--set =3: expected key=value, e.g. training.epochs=10"),
    "no key either": (
        "a b=3",
        "--set a b=3: 'a b' is not a key; quote a part with blanks or dots in it, "
        'e.g. cleaning.fill_by_column."body mass"=0',
    ),
    "below a value": ("name.x=3", "--set name.x=3: 'name' is a value, not a table"),
    "ill-typed": (
        "training.epochs=ten",
        "c.toml: training.epochs: expected a whole number, got 'ten'",
    ),
    "unknown": (
        "training.epoch=3",
        "c.toml: training.epoch: unknown key; did you mean 'epochs'?",
    ),
    "seed of more than 32 bits": (
        "seed=4294967296",
        "c.toml: seed: expected a number below 4294967296, got 4294967296",
    ),
    "value for a table": ("split=3", "c.toml: split: expected a table, got 3"),
}


@pytest.mark.parametrize(("override", "message"), OVERRIDES.values(), ids=OVERRIDES)
def test_a_wrong_override_is_told(override: str, message: str) -> None:
    assert _message(MINIMAL, override) == message


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            ("training.architecture=tabular",),
            "c.toml: training: architecture: tabular learns a vector for each category, from its "
            'code; set cleaning.encode = "codes", or take mlp',
        ),
        (
            ("cleaning.encode=codes",),
            "c.toml: training: architecture: mlp would take the codes of categories for numbers; "
            'take tabular, or cleaning.encode = "one_hot" or "ordinal"',
        ),
    ],
)
def test_codes_and_the_architecture_that_takes_them_go_together(
    overrides: tuple[str, ...], message: str
) -> None:
    assert _message(MINIMAL, *overrides) == message


@pytest.mark.parametrize("architecture", ["tabular", "mine.nets:net"])
def test_codes_are_for_vectors_or_for_a_function_of_the_users(architecture: str) -> None:
    config = _parse(MINIMAL, "cleaning.encode=codes", f"training.architecture={architecture}")

    assert config.cleaning.encode == "codes"
