"""Ed25519, the half that a device needs: whether a signature is by a public key.

RFC 8032, section 5.1, with what later practice made strict: every encoding has one form, and
points of small order, under which one signature fits many messages, are refused. Nothing here
is secret, so nothing needs constant time.
"""

from __future__ import annotations

import hashlib

__all__ = ["KEY_BYTES", "SIGNATURE_BYTES", "is_public_key", "verify"]

KEY_BYTES = 32
SIGNATURE_BYTES = 64

# RFC 8032, section 5.1: the field, the order of the base point, the curve's constant.
_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_ROOT_OF_MINUS_1 = pow(2, (_P - 1) // 4, _P)

_Point = tuple[int, int, int, int]  # X, Y, Z, T with x = X/Z, y = Y/Z, x y = T/Z

_NEUTRAL: _Point = (0, 1, 1, 0)
_BASE_X = 15112221349535400772501151409588531511454012693041857206046113283949847762202
_BASE_Y = 46316835694926478169428394003475163141307993866256225615783033603165251855960
_BASE: _Point = (_BASE_X, _BASE_Y, 1, _BASE_X * _BASE_Y % _P)


def verify(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether ``signature`` is of ``message`` by the owner of ``public_key``.

    Args:
        public_key: 32 bytes.
        signature: 64 bytes; another length is no signature.
        message: What was signed.
    """
    key = _decoded(public_key)
    if key is None or len(signature) != SIGNATURE_BYTES:
        return False
    r_bytes, scalar = signature[:32], int.from_bytes(signature[32:], "little")
    r = _decoded(r_bytes)
    if r is None or scalar >= _L or _is_small(key) or _is_small(r):
        return False
    digest = hashlib.sha512(r_bytes + public_key + message).digest()
    challenge = int.from_bytes(digest, "little") % _L
    minus_key = (_P - key[0], key[1], key[2], _P - key[3])
    x, y, z, _ = _sum_of_multiples(scalar, _BASE, challenge, minus_key)
    # Section 5.1.7 without the cofactor, as OpenSSL has it.
    return (x - r[0] * z) % _P == 0 and (y - r[1] * z) % _P == 0


def is_public_key(content: bytes) -> bool:
    """Whether 32 bytes are a key that a signature can be trusted under."""
    point = _decoded(content)
    return point is not None and not _is_small(point)


def _decoded(content: bytes) -> _Point | None:
    """The point that 32 bytes encode in the one way (section 5.1.3); None where they do not."""
    if len(content) != KEY_BYTES:
        return None
    y = int.from_bytes(content, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    if y >= _P:
        return None
    u, v = (y * y - 1) % _P, (_D * y * y + 1) % _P
    v3 = v * v * v % _P
    x = u * v3 * pow(u * v3 * v3 * v % _P, (_P - 5) // 8, _P) % _P
    if v * x * x % _P != u:
        x = x * _ROOT_OF_MINUS_1 % _P
        if v * x * x % _P != u:
            return None
    if x == 0 and sign:
        return None
    if x & 1 != sign:
        x = _P - x
    return x, y, 1, x * y % _P


def _is_small(point: _Point) -> bool:
    """Whether the order of a point is 1, 2, 4 or 8: eight times it is the neutral element."""
    x, y, z, _ = _doubled(_doubled(_doubled(point)))
    return x == 0 and y == z


def _added(p: _Point, q: _Point) -> _Point:
    """Section 5.1.4, addition."""
    a = (p[1] - p[0]) * (q[1] - q[0]) % _P
    b = (p[1] + p[0]) * (q[1] + q[0]) % _P
    c = 2 * p[3] * q[3] * _D % _P
    d = 2 * p[2] * q[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _doubled(p: _Point) -> _Point:
    """Section 5.1.4, doubling."""
    a, b = p[0] * p[0] % _P, p[1] * p[1] % _P
    h = a + b
    e = h - (p[0] + p[1]) ** 2
    g = a - b
    f = 2 * p[2] * p[2] + g
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _sum_of_multiples(m: int, p: _Point, n: int, q: _Point) -> _Point:
    """``m * p + n * q``, two bits of both factors a step."""
    row = [_NEUTRAL, p, _doubled(p), _added(_doubled(p), p)]
    table = [row]
    for _ in range(3):
        table.append([_added(one, q) for one in table[-1]])
    total = _NEUTRAL
    for shift in range(252, -1, -2):
        total = _doubled(_doubled(total))
        total = _added(total, table[n >> shift & 3][m >> shift & 3])
    return total
