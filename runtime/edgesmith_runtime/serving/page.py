"""The page to try a model from a browser: its files and what they may do there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["PageFile", "page_files"]

_FOLDER = Path(__file__).parent / "static"
# Everything comes from this server; a picture or a recording may be of the page's own.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' blob: data:; media-src 'self' blob:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_HEADERS = (
    ("content-security-policy", _POLICY),
    ("permissions-policy", "camera=(self), microphone=(self)"),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "no-cache"),
)


@dataclass(frozen=True, slots=True)
class PageFile:
    """One file of the page, with the headers that it goes out with."""

    content: bytes
    media_type: str
    headers: tuple[tuple[str, str], ...] = _HEADERS


def page_files() -> dict[str, PageFile]:
    """The files by address."""
    page = (_FOLDER / "index.html").read_bytes()
    style = (_FOLDER / "page.css").read_bytes()
    return {
        "/": PageFile(page, "text/html; charset=utf-8"),
        "/page.css": PageFile(style, "text/css; charset=utf-8"),
        **{
            f"/{name}": PageFile(
                (_FOLDER / name).read_bytes(), "text/javascript; charset=utf-8"
            )
            for name in ("page.js", "recorder.js")
        },
    }
