"""The part of a JPEG file that decides its pixels: what a camera wrote beside them, left out."""

from __future__ import annotations

import struct

__all__ = ["pixels_alone"]

START = b"\xff\xd8\xff"
# ITU-T T.81, table B.1
APP1, APP13, COMMENT, START_OF_SCAN = 0xE1, 0xED, 0xFE, 0xDA
EXIF = b"Exif\x00\x00"
BYTE_ORDERS = {b"II*\x00": "<", b"MM\x00*": ">"}  # TIFF 6.0, section 2
ORIENTATION, SHORT, UPRIGHT = 0x0112, 3, 1  # Exif 2.32, table 4


def pixels_alone(content: bytes) -> bytes:
    """The same image without what does not change its pixels, which takes a decoder long to read.

    Exif, XMP, colour profiles, thumbnails and comments go (APP1 to APP13, COM). The headers of
    JFIF and Adobe (APP0, APP14) stay: they tell how colours are stored.

    Args:
        content: Of any file.

    Returns:
        ``content`` itself where it is no JPEG, is not whole, or may be turned by its metadata.
    """
    if not content.startswith(START):
        return content
    kept, described, place = [content[:2]], list[bytes](), 2
    while True:
        header = content[place : place + 4]
        if len(header) < 4 or header[0] != 0xFF:
            return content
        marker = header[1]
        if marker == START_OF_SCAN:
            break
        end = place + 2 + (header[2] << 8 | header[3])
        if marker == APP1:
            described.append(content[place + 4 : end])
        elif not (APP1 < marker <= APP13 or marker == COMMENT):
            kept.append(content[place:end])
        place = end
    if not all(_is_upright(segment) for segment in described):
        return content
    kept.append(content[place:])
    return b"".join(kept)


def _is_upright(segment: bytes) -> bool:
    """Whether an Exif or XMP segment cannot ask for a turn; false in doubt."""
    if not segment.startswith(EXIF):
        return b"Orientation" not in segment
    order = BYTE_ORDERS.get(segment[6:10])
    if order is None:
        return False
    try:
        (first,) = struct.unpack_from(f"{order}I", segment, 10)
        (n_entries,) = struct.unpack_from(f"{order}H", segment, 6 + first)
        entries = memoryview(segment)[8 + first : 8 + first + 12 * n_entries]
        if len(entries) < 12 * n_entries:
            return False
        for tag, kind, count, value, _ in struct.iter_unpack(f"{order}HHIHH", entries):
            if tag == ORIENTATION:
                return (kind, count, value) == (SHORT, 1, UPRIGHT)
    except struct.error:
        return False
    return True
