"""Random single-bit flips over a bundle, as a file and unpacked: each must be refused by name.

python benchmarks/check_bit_flips.py BUNDLE [--flips 500]

Every refusal must name the file that was hit.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import zipfile
from collections import Counter
from pathlib import Path

from edgesmith_runtime.bundle import read_bundle, unpack_bundle
from edgesmith_runtime.errors import BundleError


def refused_by_name(bundle: Path, hit: str) -> bool:
    try:
        read_bundle(bundle)
    except BundleError as error:
        return hit in str(error)
    return False


def flip(path: Path, bit: int) -> None:
    with path.open("r+b") as file:
        file.seek(bit // 8)
        (byte,) = file.read(1)
        file.seek(bit // 8)
        file.write(bytes([byte ^ 1 << bit % 8]))


def hit_in_archive(path: Path, offset: int) -> str:
    """The member whose record or content is at an offset; the archive's own directory else."""
    with zipfile.ZipFile(path) as archive:
        starts = [(one.header_offset, one.filename) for one in archive.infolist()]
        end = archive.start_dir
    if offset >= end:
        return path.name
    return max(start for start in starts if start[0] <= offset)[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--flips", type=int, default=500)
    options = parser.parse_args()
    rng = random.Random(0)
    tally: Counter[tuple[str, str, bool]] = Counter()
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name) / options.bundle.name
        copy.write_bytes(options.bundle.read_bytes())
        for _ in range(options.flips):
            bit = rng.randrange(copy.stat().st_size * 8)
            hit = hit_in_archive(copy, bit // 8)
            flip(copy, bit)
            tally["file", hit, refused_by_name(copy, hit)] += 1
            flip(copy, bit)
        read_bundle(copy)
        folder = Path(name) / "unpacked"
        unpack_bundle(read_bundle(copy), folder)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        for index in range(options.flips):
            path = files[index % len(files)]
            bit = rng.randrange(path.stat().st_size * 8)
            flip(path, bit)
            hit = path.relative_to(folder).as_posix()
            tally["directory", hit, refused_by_name(folder, hit)] += 1
            flip(path, bit)
        read_bundle(folder)
    for (form, hit, by_name), n in sorted(tally.items()):
        print(
            f"{form:10} {hit:24} {'refused by name' if by_name else 'NOT REFUSED BY NAME'} {n}"
        )
    if not all(by_name for _, _, by_name in tally):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
