"""With which bundle of its folder a slot starts: the current one, or the one before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from edgesmith_runtime.errors import BundleError, EdgesmithError, WriteError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from edgesmith_runtime.model import Model
    from edgesmith_runtime.update_folder import UpdateFolder

__all__ = ["Start", "started"]


@dataclass(frozen=True, slots=True)
class Start:
    """What a slot begins with, and what there is to say about it.

    Args:
        model: What serves.
        is_rolled_back: An update was on probation, and the one before it serves.
        warnings: What people should know, one message each.
    """

    model: Model
    is_rolled_back: bool = False
    warnings: tuple[str, ...] = ()


def started(folder: UpdateFolder, load: Callable[[Path], Model]) -> Start:
    """The model that a slot of this folder starts with; the folder is put right where it can be.

    Args:
        folder: Has a current bundle, a previous one, or both.
        load: From a path to a model.

    Raises:
        BundleError: Neither of its bundles can be loaded.
        WriteError: Another process kept the folder for a minute.
    """
    if not folder.has_note():
        return _first_that_loads(folder, load)
    with folder.locked():
        there = folder.current_identity()
        try:
            is_on_probation = there in folder.on_probation()
        except BundleError as error:
            start = _first_that_loads(folder, load)
            return replace(start, warnings=(*start.warnings, str(error)))
        if there is None:  # whether that is on probation nobody knows: the note stays
            return _first_that_loads(folder, load)
        if is_on_probation:
            return _back(folder, load, unconfirmed=there)
        trouble = _trouble(folder.end_probation)  # its writer ended before the rename
        start = _first_that_loads(folder, load)
        return replace(start, warnings=(*start.warnings, *trouble))


def _first_that_loads(folder: UpdateFolder, load: Callable[[Path], Model]) -> Start:
    try:
        return Start(load(folder.current))
    except EdgesmithError as error:
        try:
            model = load(folder.previous)
        except EdgesmithError as second:
            raise BundleError(
                f"neither bundle can be loaded: {error}; and the one before: {second}"
            ) from error
        message = f"{folder.current} cannot be loaded, {folder.previous} serves: {error}"
        return Start(model, warnings=(message,))


def _back(folder: UpdateFolder, load: Callable[[Path], Model], *, unconfirmed: str) -> Start:
    """The previous model, made current again; the unconfirmed one where there is no other."""
    try:
        model = load(folder.previous)
    except EdgesmithError as error:
        message = (
            f"{folder.current}: an update that nobody confirmed, and it serves on, because there "
            f"is nothing to go back to: {error}"
        )
        model = load(folder.current)
        return Start(model, warnings=(message, *_trouble(folder.end_probation)))
    if model.bundle.identity == unconfirmed:  # the app went back to it itself
        return Start(model, warnings=_trouble(folder.end_probation))
    message = (
        f"{folder.current}: an update that nobody confirmed, identity {unconfirmed[:12]}; "
        f"back to {folder.previous}"
    )
    trouble = _trouble(partial(folder.restore, model.bundle))
    return Start(model, is_rolled_back=True, warnings=(message, *trouble))


def _trouble(write: Callable[[], None]) -> tuple[str, ...]:
    """Why the folder stays as it is, if it does: that does not keep a slot from serving."""
    try:
        write()
    except WriteError as error:
        return (f"the next start has the same to do: {error}",)
    return ()
