"""The models that a server offers: each in a slot, under the name of its manifest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from edgesmith_runtime.errors import BackendError, BundleError, EdgesmithError
from edgesmith_runtime.golden import has_golden
from edgesmith_runtime.host import available_threads
from edgesmith_runtime.serving.messages import RefusedError
from edgesmith_runtime.slot import Slot
from edgesmith_runtime.spec import Format
from edgesmith_runtime.update_folder import UpdateFolder, is_update_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from edgesmith_runtime.batcher import Batcher
    from edgesmith_runtime.model import Model
    from edgesmith_runtime.serving.settings import ServerSettings

__all__ = ["ServedModel", "open_models"]

_VERSION_DIGITS = 12  # of the identity: enough to tell bundles apart, short enough to type


class ServedModel:
    """One bundle that is served, and read again from the same path when it is asked for.

    Args:
        path: A bundle, or a folder of updates.
        load: From a path to a model.
        settings: Of the server.
    """

    def __init__(
        self, path: Path, load: Callable[[Path], Model], settings: ServerSettings
    ) -> None:
        self.path = path
        self.slot = Slot(path, load=load)
        self.name = self.model.manifest.name
        self.is_reloading = False
        self.batcher: Batcher | None = None
        self._timeout_s = settings.timeout_s
        if settings.max_batch > 1:
            from edgesmith_runtime.batcher import Batcher

            self.batcher = Batcher(
                self.slot, max_batch=settings.max_batch, max_wait_s=settings.max_wait_s
            )

    @property
    def model(self) -> Model:
        """What serves now."""
        return self.slot.model

    def close(self) -> None:
        """Let go of the thread that collects batches, if there is one."""
        if self.batcher is not None:
            self.batcher.close()

    def reload(self) -> str:
        """Read the bundle again and let it serve; the old one serves on where it is not good.

        Returns:
            The version that serves now.

        Raises:
            EdgesmithError: As ``Slot.swap``; the message names no directory.
            RefusedError: The new one serves, but could not be confirmed.
        """
        place = self.path
        if is_update_folder(place):
            place = UpdateFolder(place).current
        try:
            # A bundle that could be tested is not replaced by one that cannot.
            self.slot.swap(place, untested=not has_golden(self.model.bundle))
        except EdgesmithError as error:
            told = self.without_directory(str(error))
            raise type(error)(f"the old '{self.name}' serves on: {told}") from error
        version = version_of(self.model)
        try:
            self.slot.confirm()
        except EdgesmithError as error:
            raise RefusedError(
                500,
                f"'{self.name}' serves as version {version} until the server ends, but is not "
                f"confirmed: {self.without_directory(str(error))}",
            ) from error
        return version

    def without_directory(self, message: str) -> str:
        """A message in which the bundle has its name alone: clients learn nothing of this host."""
        for place in (self.path, self.path.absolute()):
            message = message.replace(f"{place.parent}/", "") if place.parent.name else message
        return message


def version_of(model: Model) -> str:
    """What a client may pin: the bundle's identity, shortened."""
    return model.bundle.identity[:_VERSION_DIGITS]


def workers_for(models: Iterable[Model]) -> int:
    """Runs at once that this process's share of the cores has room for, of the widest model."""
    n_threads = [model.settings.n_threads for model in models if model.settings is not None]
    return max(1, available_threads() // max(n_threads, default=1))


def can_end_runs(model: Model) -> bool:
    """Whether a run that has begun can be ended: LiteRT has no means to."""
    return model.artifact.format is Format.ONNX


def open_models(
    paths: Iterable[str], load: Callable[[Path], Model], settings: ServerSettings
) -> dict[str, ServedModel]:
    """The bundles that a server starts with, by name.

    Raises:
        EdgesmithError: One cannot be loaded, or two have the same name.
    """
    models: dict[str, ServedModel] = {}
    for path in paths:
        served = ServedModel(Path(path), load, settings)
        if served.name in models:
            raise BundleError(
                f"{path}: expected bundles with names that differ, '{served.name}' is also "
                f"{models[served.name].path}; serve one of them on another port"
            )
        if not served.name.isprintable() or "/" in served.name or served.name in (".", ".."):
            raise BackendError(
                f"{path}: expected a name that can stand in an address, got {served.name!r}; "
                "build it with another 'name'"
            )
        models[served.name] = served
    return models
