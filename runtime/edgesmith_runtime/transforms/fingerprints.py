"""Hash functions of byte strings, as TensorFlow computes them, in plain Python.

``fingerprint64`` is FarmHash's portable ``Fingerprint64``
(https://github.com/google/farmhash, the ``farmhashna`` variant), ``siphash`` is SipHash-2-4
(Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012), and ``concatenated`` is
TensorFlow's ``FingerprintCat64`` (``tsl/platform/fingerprint.h``). All are of 64 bits without
a sign.
"""

from __future__ import annotations

import struct

__all__ = ["concatenated", "fingerprint64", "siphash"]

_MASK = (1 << 64) - 1

# FarmHash: "some primes between 2^63 and 2^64 for various uses".
_K0 = 0xC3A5C85C97CB3127
_K1 = 0xB492B66FBE98F273
_K2 = 0x9AE16A3B2F90404F
_CAT = 0xC6A4A7935BD1E995  # kMul of FingerprintCat64

_word = struct.Struct("<Q").unpack_from
_half = struct.Struct("<L").unpack_from


def _rotated_right(value: int, n_bits: int) -> int:
    value &= _MASK
    return (value >> n_bits | value << (64 - n_bits)) & _MASK


def _shift_mixed(value: int) -> int:
    value &= _MASK
    return value ^ (value >> 47)


def fingerprint64(text: bytes) -> int:
    """FarmHash ``Fingerprint64``: what ``tf.strings.to_hash_bucket_fast`` takes the rest of.

    Args:
        text: Of any length.

    Returns:
        From 0 to ``2**64 - 1``.
    """
    size = len(text)
    if size <= 16:
        return _up_to_16(text, size)
    if size <= 32:
        return _up_to_32(text, size)
    return _up_to_64(text, size) if size <= 64 else _longer(text, size)


def _mixed(first: int, second: int, factor: int) -> int:
    low = _shift_mixed(((first ^ second) & _MASK) * factor)
    return _shift_mixed(((second ^ low) & _MASK) * factor) * factor & _MASK


def _up_to_16(text: bytes, size: int) -> int:
    if size >= 8:
        factor = _K2 + size * 2
        first = _word(text)[0] + _K2
        last = _word(text, size - 8)[0]
        low = _rotated_right(last, 37) * factor + first
        high = (_rotated_right(first, 25) + last) * factor
        return _mixed(low, high, factor)
    if size >= 4:
        low = size + (_half(text)[0] << 3)
        return _mixed(low, _half(text, size - 4)[0], _K2 + size * 2)
    if size > 0:
        low = text[0] + (text[size >> 1] << 8)
        high = size + (text[size - 1] << 2)
        return _shift_mixed(low * _K2 ^ high * _K0) * _K2 & _MASK
    return _K2


def _up_to_32(text: bytes, size: int) -> int:
    factor = _K2 + size * 2
    first = _word(text)[0] * _K1
    second = _word(text, 8)[0]
    last = _word(text, size - 8)[0] * factor
    before = _word(text, size - 16)[0] * _K2
    return _mixed(
        _rotated_right(first + second, 43) + _rotated_right(last, 30) + before,
        first + _rotated_right(second + _K2, 18) + last,
        factor,
    )


def _up_to_64(text: bytes, size: int) -> int:
    factor = _K2 + size * 2
    first = _word(text)[0] * _K2
    second = _word(text, 8)[0]
    last = _word(text, size - 8)[0] * factor
    before = _word(text, size - 16)[0] * _K2
    outer = _rotated_right(first + second, 43) + _rotated_right(last, 30) + before
    mixed = _mixed(outer, first + _rotated_right(second + _K2, 18) + last, factor)
    third = _word(text, 16)[0] * factor
    fourth = _word(text, 24)[0]
    near = (outer + _word(text, size - 32)[0]) * factor
    far = (mixed + _word(text, size - 24)[0]) * factor
    return _mixed(
        _rotated_right(third + fourth, 43) + _rotated_right(near, 30) + far,
        third + _rotated_right(fourth + first, 18) + near,
        factor,
    )


def _seeded(text: bytes, at: int, low: int, high: int) -> tuple[int, int]:
    """32 bytes mixed into two seeds: FarmHash's ``WeakHashLen32WithSeeds``."""
    one, two, three, four = struct.unpack_from("<4Q", text, at)
    low += one
    high = _rotated_right(high + low + four, 21)
    added = low + two + three
    return (added + four) & _MASK, (high + _rotated_right(added, 44) + low) & _MASK


def _longer(text: bytes, size: int) -> int:
    x = 81 * _K2 + _word(text)[0] & _MASK
    y = 81 * _K1 + 113 & _MASK
    z = _shift_mixed(y * _K2 + 113) * _K2 & _MASK
    v = w = (0, 0)
    for at in range(0, (size - 1) // 64 * 64, 64):
        x = _rotated_right(x + y + v[0] + _word(text, at + 8)[0], 37) * _K1 & _MASK
        y = _rotated_right(y + v[1] + _word(text, at + 48)[0], 42) * _K1
        x ^= w[1]
        y = y + v[0] + _word(text, at + 40)[0] & _MASK
        z = _rotated_right(z + w[0], 33) * _K1 & _MASK
        v = _seeded(text, at, v[1] * _K1, x + w[0])
        w = _seeded(text, at + 32, z + w[1], y + _word(text, at + 16)[0])
        z, x = x, z
    factor = _K1 + ((z & 0xFF) << 1)
    at = size - 64
    w = (w[0] + ((size - 1) & 63) & _MASK, w[1])
    v = (v[0] + w[0] & _MASK, v[1])
    w = (w[0] + v[0] & _MASK, w[1])
    x = _rotated_right(x + y + v[0] + _word(text, at + 8)[0], 37) * factor & _MASK
    y = _rotated_right(y + v[1] + _word(text, at + 48)[0], 42) * factor
    x ^= w[1] * 9 & _MASK
    y = y + v[0] * 9 + _word(text, at + 40)[0] & _MASK
    z = _rotated_right(z + w[0], 33) * factor & _MASK
    v = _seeded(text, at, v[1] * factor, x + w[0])
    w = _seeded(text, at + 32, z + w[1], y + _word(text, at + 16)[0])
    z, x = x, z
    return _mixed(
        _mixed(v[0], w[0], factor) + _shift_mixed(y) * _K0 + z,
        _mixed(v[1], w[1], factor) + x,
        factor,
    )


def concatenated(first: int, second: int) -> int:
    """TensorFlow's ``FingerprintCat64``: one fingerprint of two, in their order.

    Args:
        first: From 0 to ``2**64 - 1``, as the result.
        second: Likewise.
    """
    result = first ^ _CAT ^ (_shift_mixed(second * _CAT) * _CAT & _MASK)
    return _shift_mixed(_shift_mixed(result * _CAT) * _CAT)


def siphash(text: bytes, key: tuple[int, int]) -> int:
    """SipHash-2-4: what ``tf.strings.to_hash_bucket_strong`` takes the rest of.

    Args:
        text: Of any length.
        key: Two numbers, each taken modulo ``2**64``.

    Returns:
        From 0 to ``2**64 - 1``.
    """
    k0, k1 = key[0] & _MASK, key[1] & _MASK
    state = (
        k0 ^ 0x736F6D6570736575,
        k1 ^ 0x646F72616E646F6D,
        k0 ^ 0x6C7967656E657261,
        k1 ^ 0x7465646279746573,
    )
    size = len(text)
    padded = text + bytes(7 - size % 8) + bytes([size & 0xFF])
    for (block,) in struct.iter_unpack("<Q", padded):
        v0, v1, v2, v3 = _sip_round(*_sip_round(*state[:3], state[3] ^ block))
        state = v0 ^ block, v1, v2, v3
    state = state[0], state[1], state[2] ^ 0xFF, state[3]
    for _ in range(4):
        state = _sip_round(*state)
    return state[0] ^ state[1] ^ state[2] ^ state[3]


def _sip_round(v0: int, v1: int, v2: int, v3: int) -> tuple[int, int, int, int]:
    v0 = v0 + v1 & _MASK
    v1 = (v1 << 13 & _MASK | v1 >> 51) ^ v0
    v0 = v0 << 32 & _MASK | v0 >> 32
    v2 = v2 + v3 & _MASK
    v3 = (v3 << 16 & _MASK | v3 >> 48) ^ v2
    v0 = v0 + v3 & _MASK
    v3 = (v3 << 21 & _MASK | v3 >> 43) ^ v0
    v2 = v2 + v1 & _MASK
    v1 = (v1 << 17 & _MASK | v1 >> 47) ^ v2
    v2 = v2 << 32 & _MASK | v2 >> 32
    return v0, v1, v2, v3
