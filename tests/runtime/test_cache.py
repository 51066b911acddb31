"""Where the cache is, by the environment."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from edgesmith_runtime.cache import cache_folder, choices_folder

if TYPE_CHECKING:
    from pathlib import Path


def test_the_cache_is_where_the_user_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    assert cache_folder() == tmp_path / "edgesmith"
    assert choices_folder("abc") == tmp_path / "edgesmith" / "tuned" / "abc"


@pytest.mark.parametrize("given", ["", "relative/cache"])
@pytest.mark.parametrize(
    ("system", "below"), [("linux", ".cache"), ("darwin", "Library/Caches")]
)
def test_else_it_is_below_the_home(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, given: str, system: str, below: str
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", given)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(sys, "platform", system)

    assert cache_folder() == tmp_path / below / "edgesmith"


def test_on_windows_it_is_among_the_local_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "win32")

    assert cache_folder() == tmp_path / "edgesmith" / "cache"


def test_a_user_without_a_home_has_no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", "nowhere")

    assert cache_folder() is None
    assert choices_folder("abc") is None
