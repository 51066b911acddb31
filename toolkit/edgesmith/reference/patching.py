"""Functions of other packages, replaced while one thread traces; everything is put back."""

from __future__ import annotations

import functools
import importlib
import sys
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgesmith_runtime.errors import ConversionError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable
    from types import ModuleType

    # Modules with their members, by package and how many modules there are: TensorFlow's make
    # their members slowly.
    _Packages = dict[tuple[str, int], list[tuple[ModuleType, dict[str, Any]]]]

__all__ = ["Patch", "patched"]

_tracing = threading.RLock()


@dataclass(frozen=True, slots=True)
class Patch:
    """One function and what stands in for it.

    Args:
        place: ``package.module:function`` or ``package.module:Class.method``; a property too.
        wrap: Takes the original and gives the replacement, which is called with the same
            arguments.
    """

    place: str
    wrap: Callable[[Callable[..., Any]], Callable[..., Any]]


@contextmanager
def patched(patches: Iterable[Patch]) -> Generator[None]:
    """Replace functions for the calling thread, wherever their modules were imported to.

    Other threads go on with the originals, and wait where they want to patch too. Afterwards,
    also after an error, everything is as it was.

    Raises:
        ConversionError: A place does not exist, which is so under a version of that package
            other than the tested ones.
    """
    with _tracing, ExitStack() as undo:
        packages: _Packages = {}
        for patch in patches:
            _apply(patch, undo, packages)
        yield


def _apply(patch: Patch, undo: ExitStack, packages: _Packages) -> None:
    module_name, _, path = patch.place.partition(":")
    *owners, name = path.split(".")
    try:
        holder = functools.reduce(getattr, owners, importlib.import_module(module_name))
        original = vars(holder)[name]
    except (ImportError, AttributeError, KeyError) as error:
        raise ConversionError(
            f"{patch.place}: not in the installed version; install the versions that "
            "constraints.txt lists"
        ) from error
    replacement = _for_this_thread(original, patch)
    for place in [holder] if owners else _holders(module_name, name, original, packages):
        setattr(place, name, replacement)
        undo.callback(setattr, place, name, original)


def _for_this_thread(original: Any, patch: Patch) -> Any:
    if isinstance(original, property):
        return property(_guarded(original.fget, patch), original.fset, original.fdel)
    return _guarded(original, patch)


def _guarded(original: Any, patch: Patch) -> Callable[..., Any]:
    thread, replacement = threading.get_ident(), patch.wrap(original)

    @functools.wraps(original)
    def guarded(*args: Any, **named: Any) -> Any:
        mine = threading.get_ident() == thread
        return (replacement if mine else original)(*args, **named)

    return guarded


def _holders(
    module_name: str, name: str, original: Any, packages: _Packages
) -> list[ModuleType]:
    """Modules of the same package that have the function under its name."""
    package = module_name.partition(".")[0]
    key = package, len(sys.modules)  # to import a patch's place may bring more of them
    if key not in packages:
        packages[key] = [
            (module, vars(module))
            for known, module in list(sys.modules.items())
            if known.partition(".")[0] == package
        ]
    return [module for module, members in packages[key] if members.get(name) is original]
