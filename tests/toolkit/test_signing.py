from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import warnings
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from edgesmith import signing
from edgesmith_runtime.bundle import read_bundle, unpack_bundle
from edgesmith_runtime.errors import BackendError, BundleError, ConfigError, WriteError
from edgesmith_runtime.seal import MAX_VERSION, read_seal

if TYPE_CHECKING:
    from collections.abc import Callable

TINY = Path(__file__).resolve().parents[1] / "data" / "bundles" / "v1" / "tiny.edge"
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = PRIVATE.public_key().public_bytes_raw()


def pem(
    key: Ed25519PrivateKey | X25519PrivateKey,
    encryption: serialization.KeySerializationEncryption,
) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
    )


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "release.key"
    path.write_bytes(pem(PRIVATE, serialization.NoEncryption()))
    return path


@pytest.fixture(params=["file", "directory"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A bundle without a signature, in either form."""
    (tmp_path / "app").mkdir()
    if request.param == "file":
        return Path(shutil.copy(TINY, tmp_path / "app" / "tiny.edge"))
    unpack_bundle(read_bundle(TINY), tmp_path / "app" / "tiny")
    return tmp_path / "app" / "tiny"


def strays(place: Path) -> list[str]:
    return [path.name for path in place.parent.iterdir() if path != place]


def test_a_signed_bundle_holds_under_its_key(place: Path, key: Path) -> None:
    seal = signing.sign(place, key, version=3)

    bundle = read_bundle(place, public_key=PUBLIC, min_version=3)
    assert bundle.files == read_bundle(TINY).files
    assert bundle.seal is not None
    assert read_seal(bundle.seal) == seal
    assert strays(place) == []


def test_the_same_key_and_version_give_the_same_bytes(key: Path, tmp_path: Path) -> None:
    first, second = (Path(shutil.copy(TINY, tmp_path / name)) for name in ("a", "b"))

    signing.sign(first, key, version=3)
    signing.sign(second, key, version=9)
    signing.sign(second, key, version=3)

    assert first.read_bytes() == second.read_bytes()


def test_without_a_version_it_is_0(place: Path, key: Path) -> None:
    assert signing.sign(place, key).version == 0
    assert signing.sign(place, key).version == 0


def test_a_version_is_not_lost_unasked(place: Path, key: Path) -> None:
    signing.sign(place, key, version=7)

    with pytest.raises(
        ConfigError, match="it was signed as version 7; say which version it is"
    ):
        signing.sign(place, key)
    assert signing.sign(place, key, version=6).version == 6


def test_a_signature_that_cannot_be_read_is_replaced_when_asked(
    key: Path, tmp_path: Path
) -> None:
    unpack_bundle(read_bundle(TINY), tmp_path / "tiny")
    (tmp_path / "tiny" / "SIGNATURE").write_bytes(b"minisign\n")

    with pytest.raises(ConfigError, match="its SIGNATURE cannot be read; say which version"):
        signing.sign(tmp_path / "tiny", key)
    assert signing.sign(tmp_path / "tiny", key, version=1).version == 1


@pytest.mark.parametrize("version", [-1, MAX_VERSION + 1])
def test_a_version_out_of_range_is_refused(version: int, place: Path, key: Path) -> None:
    with pytest.raises(
        ConfigError, match=f"version: expected 0 to {MAX_VERSION}, got {version}"
    ):
        signing.sign(place, key, version=version)
    assert read_bundle(place).seal is None


def test_a_damaged_bundle_is_not_signed(key: Path, tmp_path: Path) -> None:
    unpack_bundle(read_bundle(TINY), tmp_path / "tiny")
    (tmp_path / "tiny" / "labels.txt").write_text("other\n")

    with pytest.raises(BundleError, match=r"labels\.txt: its sha256 is not the one"):
        signing.sign(tmp_path / "tiny", key)
    assert not (tmp_path / "tiny" / "SIGNATURE").exists()


SECRET = serialization.BestAvailableEncryption(b"open sesame")


def test_a_password_is_asked_for(place: Path, key: Path) -> None:
    key.write_bytes(pem(PRIVATE, SECRET))

    signing.sign(place, key, ask_password=lambda: "open sesame")

    read_bundle(place, public_key=PUBLIC)


X25519 = X25519PrivateKey.from_private_bytes(bytes(range(32)))
KEYS = {
    "password": (pem(PRIVATE, SECRET), None, "has a password, and there is nobody to ask"),
    "wrong password": (pem(PRIVATE, SECRET), "x", "the password is not its own"),
    "other kind": (
        pem(X25519, serialization.NoEncryption()),
        None,
        "expected an Ed25519 private key, got X25519PrivateKey; make one with",
    ),
    "no key": (
        b"hello\n",
        None,
        "expected a PEM file with an Ed25519 private key, it is another",
    ),
}


@pytest.mark.parametrize(("content", "password", "message"), KEYS.values(), ids=KEYS)
def test_what_is_no_key_is_refused(
    content: bytes, password: str | None, message: str, key: Path
) -> None:
    key.write_bytes(content)

    with pytest.raises(ConfigError, match=message) as caught:
        signing.sign(TINY, key, ask_password=None if password is None else lambda: password)
    assert str(key) in str(caught.value)


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent\.key: cannot be read: No such file"):
        signing.sign(TINY, tmp_path / "absent.key")


def test_a_new_key_signs_and_its_public_half_verifies(place: Path, tmp_path: Path) -> None:
    pair = signing.make_keys(tmp_path / "v1.release")

    signing.sign(place, pair.private)

    assert (pair.private.name, pair.public.name) == ("v1.release.key", "v1.release.pub")
    assert stat.S_IMODE(pair.private.stat().st_mode) == 0o600
    read_bundle(place, public_key=pair.public.read_text())


def test_openssl_reads_a_new_key(tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    pair = signing.make_keys(tmp_path / "release")

    shown = subprocess.run(
        [openssl, "pkey", "-in", str(pair.private), "-pubout"],
        capture_output=True,
        check=True,
    )

    assert shown.stdout == pair.public.read_bytes()


@pytest.mark.parametrize("suffix", [".key", ".pub"])
def test_a_key_is_never_replaced(suffix: str, tmp_path: Path) -> None:
    there = tmp_path / f"release{suffix}"
    there.write_text("precious")

    with pytest.raises(WriteError, match="exists already, and a key is never replaced"):
        signing.make_keys(tmp_path / "release")
    assert there.read_text() == "precious"
    assert [*tmp_path.iterdir()] == [there]


def test_a_private_key_is_for_its_owner_alone_from_the_first_moment(tmp_path: Path) -> None:
    modes: set[int] = set()

    def look(frame: object, event: str, function: object) -> None:
        modes.update(stat.S_IMODE(path.stat().st_mode) for path in tmp_path.glob("*.key"))
        modes.update(stat.S_IMODE(path.stat().st_mode) for path in tmp_path.glob(".*.key"))

    umask = os.umask(0)
    sys.setprofile(look)
    try:
        signing.make_keys(tmp_path / "release")
    finally:
        sys.setprofile(None)
        os.umask(umask)

    assert modes == {0o600}


def test_a_key_that_came_meanwhile_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generate, there = Ed25519PrivateKey.generate, tmp_path / "release.key"

    def generate_late() -> Ed25519PrivateKey:
        there.write_text("precious")  # after the look, before the writing
        return generate()

    monkeypatch.setattr(Ed25519PrivateKey, "generate", generate_late)
    with pytest.raises(WriteError, match="exists already, and a key is never replaced"):
        signing.make_keys(tmp_path / "release")

    assert there.read_text() == "precious"
    assert [*tmp_path.iterdir()] == [there]


def test_a_key_where_nothing_can_be_written_is_told_by_name(tmp_path: Path) -> None:
    with pytest.raises(WriteError) as caught:
        signing.make_keys(tmp_path / "absent" / "release")

    assert str(caught.value) == (
        f"{tmp_path}/absent/release.pub: cannot be written: No such file or directory "
        "(113 bytes are needed); make its directory first"
    )


def test_a_missing_extra_is_named(key: Path) -> None:
    code = f"""
import sys
sys.modules["cryptography"] = None
from edgesmith import signing
try:
    signing.sign({str(TINY)!r}, {str(key)!r})
except Exception as error:
    print(type(error).__name__, error)
"""

    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert shown.stdout == (
        f"{BackendError.__name__} signing needs an extra: pip install 'edgesmith[sign]'\n"
    )


KILLED = 77
CALLS = (
    os.open,
    os.mkdir,
    os.write,
    os.fsync,
    os.replace,
    os.rename,
    os.close,
    os.unlink,
    os.rmdir,
)


def _die_in(act: Callable[[], object], number: int) -> int:
    """Act in a child that ends before its call of that number into the system; its exit code."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # other tests left threads behind
        child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    n_calls = 0

    def count(frame: object, event: str, function: object) -> None:
        nonlocal n_calls
        del frame
        if event == "c_call" and function in CALLS:
            n_calls += 1
            if n_calls == number:
                os._exit(KILLED)

    code = 1
    try:
        sys.setprofile(count)
        act()
        code = 0
    finally:
        os._exit(code)


def test_a_signer_killed_before_any_operation_leaves_a_bundle_that_holds(
    place: Path, key: Path
) -> None:
    seen: set[bool] = set()
    code, number = KILLED, 0

    while code == KILLED:
        number += 1
        code = _die_in(partial(signing.sign, place, key, version=1), number)
        seen.add(read_bundle(place).seal is not None)
        if place.is_dir():
            (place / "SIGNATURE").unlink(missing_ok=True)
        else:
            shutil.copy(TINY, place)

    assert code == 0
    assert number > 5
    assert seen == {False, True}
    signing.sign(place, key)
    assert strays(place) == []


def test_a_maker_killed_before_any_operation_leaves_no_private_key_without_its_public_one(
    tmp_path: Path,
) -> None:
    seen: set[tuple[str, ...]] = set()
    code, number = KILLED, 0

    while code == KILLED:
        number += 1
        place = tmp_path / str(number)
        place.mkdir()
        code = _die_in(partial(signing.make_keys, place / "a"), number)
        seen.add(tuple(sorted(path.name for path in place.iterdir() if path.stat().st_size)))

    assert code == 0
    assert seen == {(), ("a.pub",), ("a.key", "a.pub")}
