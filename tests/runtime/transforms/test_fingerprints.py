"""The hashes are those of their definitions and of TensorFlow, for every length."""

from __future__ import annotations

import numpy as np
import pytest

from edgesmith_runtime.transforms.fingerprints import concatenated, fingerprint64, siphash

BIG = 2**63 - 1  # the most buckets that TensorFlow takes: of a hash all but one bit is left
LENGTHS = [*range(260), 511, 512, 513, 4096, 4097]


def _texts() -> list[bytes]:
    rng = np.random.default_rng(5)
    return [rng.bytes(length) for length in LENGTHS]


def test_the_fingerprint_of_abc_is_the_one_that_farmhash_publishes() -> None:
    assert fingerprint64(b"abc") == 2640714258260161385


def test_siphash_gives_the_vector_of_its_paper() -> None:
    # Aumasson and Bernstein 2012, appendix A: the key 00 01 .. 0f, the input 00 01 .. 0e.
    key = (0x0706050403020100, 0x0F0E0D0C0B0A0908)

    assert siphash(bytes(range(15)), key) == 0xA129CA6149BE45E5


def test_every_length_has_tensorflows_fast_bucket() -> None:
    tf = pytest.importorskip("tensorflow")
    texts = _texts()

    buckets = [fingerprint64(text) % BIG for text in texts]

    assert buckets == tf.strings.to_hash_bucket_fast(texts, BIG).numpy().tolist()


@pytest.mark.parametrize("key", [(0, 0), (1, 2), (-5, -1), (2**63 - 1, -(2**63))])
def test_every_length_has_tensorflows_strong_bucket(key: tuple[int, int]) -> None:
    tf = pytest.importorskip("tensorflow")
    texts = _texts()

    buckets = [siphash(text, key) % BIG for text in texts]

    assert buckets == tf.strings.to_hash_bucket_strong(texts, BIG, list(key)).numpy().tolist()


def test_two_fingerprints_are_joined_as_tensorflow_crosses_columns() -> None:
    tf = pytest.importorskip("tensorflow")
    rng = np.random.default_rng(6)
    left, right = rng.integers(-(2**63), 2**63, (2, 50))

    joined = [
        concatenated(concatenated(99, int(one) % 2**64), int(other) % 2**64) % BIG
        for one, other in zip(left, right, strict=True)
    ]

    columns = [tf.constant(left)[:, None], tf.constant(right)[:, None]]
    crossed = tf.sparse.cross_hashed(columns, BIG, hash_key=99)
    assert joined == tf.sparse.to_dense(crossed).numpy()[:, 0].tolist()
