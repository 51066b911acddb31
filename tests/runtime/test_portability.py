"""What a bundle says of CPUs without VNNI, and who is warned."""

from __future__ import annotations

import dataclasses
import warnings
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgesmith_runtime import loading
from edgesmith_runtime.__main__ import main
from edgesmith_runtime.bundle import make_bundle, write_bundle
from edgesmith_runtime.errors import BundleError, PortabilityWarning
from edgesmith_runtime.host import lacks_vnni
from edgesmith_runtime.loading import load
from edgesmith_runtime.portability import portability_of, warn_where_not_portable

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from edgesmith_runtime.bundle import Bundle
    from edgesmith_runtime.manifest import Manifest

FOUND: dict[str, Any] = {
    "portable": False,
    "n_samples": 64,
    "worst_error": 0.3519,
    "n_changed": 3,
    "layers": [
        {"layer": "conv", "share": 0.5, "worst_error": 0.2},
        {"layer": "dense", "share": 0.1, "worst_error": 0.1},
    ],
    "warning": "of the build",
}
PORTABLE: dict[str, Any] = {
    "portable": True,
    "n_samples": 64,
    "worst_error": 0.0,
    "n_changed": 0,
    "layers": [],
}
DAMAGE = (
    "sums of 8-bit products saturate in 'conv', 'dense'; on 64 samples an output was off by up "
    "to 0.352, 3 decisions changed"
)


def _found(manifest: Manifest, **by_file: Any) -> Manifest:
    portability = {f"{name}.onnx": found for name, found in by_file.items()}
    return dataclasses.replace(manifest, portability=portability)


def _with_another(manifest: Manifest) -> Manifest:
    other = dataclasses.replace(manifest.artifacts[0], file="other.onnx")
    return dataclasses.replace(manifest, artifacts=(*manifest.artifacts, other))


def _without_vnni(root: Path) -> Path:
    (root / "proc").mkdir(exist_ok=True)
    (root / "proc/cpuinfo").write_text("flags : fpu avx avx2\n")
    return root


def test_a_host_without_vnni_is_warned(tiny_manifest: Manifest, tmp_path: Path) -> None:
    manifest = _found(tiny_manifest, model=FOUND)
    lacks = partial(lacks_vnni, root=_without_vnni(tmp_path))

    with pytest.warns(PortabilityWarning) as caught:
        warn_where_not_portable(manifest, "model.onnx", lacks=lacks)

    (warning,) = caught
    assert str(warning.message) == (
        "model.onnx: this CPU has no VNNI, so the artifact answers otherwise than where it was "
        f"built: {DAMAGE}; run it on a CPU with VNNI, or ship the float artifact"
    )


@pytest.mark.parametrize("other", [{}, {"other": PORTABLE}])
def test_an_artifact_that_is_portable_is_the_cure(
    tiny_manifest: Manifest, other: dict[str, Any]
) -> None:
    manifest = _found(_with_another(tiny_manifest), model=FOUND, **other)

    with pytest.warns(
        PortabilityWarning,
        match=r"; load another artifact, artifact='other\.onnx', or run it on a CPU with VNNI$",
    ):
        warn_where_not_portable(manifest, "model.onnx", lacks=lambda: True)


def test_an_artifact_that_is_not_portable_either_is_no_cure(tiny_manifest: Manifest) -> None:
    manifest = _found(_with_another(tiny_manifest), model=FOUND, other=FOUND)

    with pytest.warns(PortabilityWarning, match="; run it on a CPU with VNNI, "):
        warn_where_not_portable(manifest, "model.onnx", lacks=lambda: True)


@pytest.mark.parametrize(
    ("found", "lacks"),
    [
        ({"model": FOUND}, False),
        ({"model": FOUND}, None),
        ({"model": PORTABLE}, True),
        ({"other": FOUND}, True),
        ({}, True),
    ],
    ids=["has it", "not known", "portable", "another artifact", "not looked at"],
)
def test_no_one_else_is_warned(
    tiny_manifest: Manifest, found: dict[str, Any], *, lacks: bool | None
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_where_not_portable(
            _found(tiny_manifest, **found), "model.onnx", lacks=lambda: lacks
        )


def test_a_host_is_not_asked_where_nothing_depends_on_it(tiny_manifest: Manifest) -> None:
    def lacks() -> bool:
        pytest.fail("asked")

    warn_where_not_portable(tiny_manifest, "model.onnx", lacks=lacks)


@pytest.fixture
def bundle_path(tiny_bundle: Bundle, tmp_path: Path) -> Path:
    """A bundle whose build found that its artifact needs VNNI."""
    manifest = _found(tiny_bundle.manifest, model=FOUND)
    files = {"model.onnx": bytes(tiny_bundle.files["model.onnx"])}
    write_bundle(make_bundle(manifest, files), tmp_path / "m.edge")
    return tmp_path / "m.edge"


def test_loading_warns_where_this_host_lacks_vnni(bundle_path: Path) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        load(bundle_path)

    places = [(warning.category, warning.filename) for warning in caught]
    assert places == ([(PortabilityWarning, __file__)] if lacks_vnni() else [])


def test_a_command_that_loads_warns_in_one_line(
    bundle_path: Path,
    tiny_features: NDArray[np.float32],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    without_vnni = partial(warn_where_not_portable, lacks=lambda: True)
    monkeypatch.setattr(loading, "warn_where_not_portable", without_vnni)
    np.save(tmp_path / "x.npy", tiny_features)

    code = main(["predict", str(bundle_path), str(tmp_path / "x.npy")])

    shown = capsys.readouterr()
    assert (code, len(shown.out.splitlines())) == (0, 5)
    (line,) = shown.err.splitlines()
    assert line.startswith("warning: model.onnx: this CPU has no VNNI, so the artifact answers")


def test_inspect_says_it_on_any_host(
    bundle_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["inspect", str(bundle_path)])

    lines = capsys.readouterr().out.splitlines()
    (line,) = (line for line in lines if line.startswith("portability"))
    assert line.split(maxsplit=1)[1] == (
        f"model.onnx: answers otherwise on a CPU without VNNI: {DAMAGE}"
    )


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (FOUND, f"answers otherwise on a CPU without VNNI: {DAMAGE}"),
        (PORTABLE, "answers the same on a CPU without VNNI"),
        (
            {**FOUND, "n_changed": None, "layers": [{"layer": name} for name in "abcde"]},
            "answers otherwise on a CPU without VNNI: sums of 8-bit products saturate in 'a', 'b', "
            "'c' and 2 more layers; on 64 samples an output was off by up to 0.352",
        ),
    ],
)
def test_a_finding_in_words(tiny_manifest: Manifest, found: dict[str, Any], said: str) -> None:
    manifest = _found(tiny_manifest, model=found)

    assert portability_of(manifest, "model.onnx") == f"model.onnx: {said}"


def test_nothing_is_said_of_an_artifact_that_was_not_looked_at(tiny_manifest: Manifest) -> None:
    assert portability_of(tiny_manifest, "model.onnx") is None
    assert portability_of(_found(tiny_manifest, other=FOUND), "model.onnx") is None


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (7, ": expected an object, got 7"),
        ({}, ".portable: missing"),
        ({"portable": 0}, ".portable: expected true or false, got 0"),
        ({**FOUND, "layers": [{}]}, ".layers[0].layer: missing"),
        ({**FOUND, "worst_error": "big"}, '.worst_error: expected a number, got "big"'),
        ({**FOUND, "n_samples": 1.5}, ".n_samples: expected a whole number, got 1.5"),
    ],
)
def test_an_ill_typed_finding_is_named_by_its_path(
    tiny_manifest: Manifest, found: Any, message: str
) -> None:
    with pytest.raises(BundleError) as caught:
        portability_of(_found(tiny_manifest, model=found), "model.onnx")

    assert str(caught.value) == f"manifest.json: portability.model.onnx{message}"
