"""A place for a model that changes while it serves: swap, confirm, roll back."""

from __future__ import annotations

import os
import threading
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgesmith_runtime.errors import BundleError, RollbackWarning
from edgesmith_runtime.golden import has_golden
from edgesmith_runtime.loading import load as load_bundle
from edgesmith_runtime.off_loop import off_loop
from edgesmith_runtime.slot_start import Start, started
from edgesmith_runtime.update_folder import UpdateFolder, is_update_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from edgesmith_runtime.decoding import Prediction
    from edgesmith_runtime.manifest import Manifest
    from edgesmith_runtime.model import Model

__all__ = ["Slot"]


class Slot:
    """Serves one model and takes another in its place between two calls; for any thread.

    A call runs as a whole on the model that served when it began. Between ``prepare`` and ``run``
    of one sample another may come: take ``slot.model`` once for both.

    With a folder that holds ``current.edge`` the swap is on the disk too: the new bundle becomes
    ``current.edge``, the old one ``previous.edge``, and the new one is on probation until
    ``confirm``. A slot that is opened while the current bundle is on probation takes the process
    that put it there for dead: it goes back to the previous one, with a ``RollbackWarning``.

    Args:
        place: A bundle, one file or unpacked: swaps are in memory alone and the place is never
            written to. Or a folder that holds ``current.edge``.
        load: From a path to a model; for keywords of ``load`` a ``functools.partial`` of it.

    Raises:
        EdgesmithError: As of ``load``. For a folder: neither of its bundles can be loaded.
    """

    def __init__(
        self, place: str | os.PathLike[str], *, load: Callable[[Path], Model] = load_bundle
    ) -> None:
        self._load = load
        self._turn = threading.Lock()
        self._turn_pid = os.getpid()
        path = Path(place)
        self._folder = UpdateFolder(path) if is_update_folder(path) else None
        start = Start(load(path)) if self._folder is None else started(self._folder, load)
        self._model, self._rolled_back = start.model, start.is_rolled_back
        for message in start.warnings:
            warnings.warn(message, RollbackWarning, stacklevel=2)

    def __repr__(self) -> str:
        return f"<Slot with {self._model!r}>"

    @property
    def model(self) -> Model:
        """What serves now."""
        return self._model

    @property
    def rolled_back(self) -> bool:
        """Whether the start found an update that nobody had confirmed, and went back."""
        return self._rolled_back

    def predict(self, raw: object, *, timeout: float | None = None) -> Prediction:
        """``Model.predict`` of what serves now."""
        return self._model.predict(raw, timeout=timeout)

    def predict_batch(self, raws: object, *, timeout: float | None = None) -> list[Prediction]:
        """``Model.predict_batch`` of what serves now, all by the same model."""
        return self._model.predict_batch(raws, timeout=timeout)

    def run(
        self, tensors: Mapping[str, NDArray[Any]], *, timeout: float | None = None
    ) -> dict[str, NDArray[Any]]:
        """``Model.run`` of what serves now.

        Who labels the outputs takes ``slot.model`` once, for ``run`` and labels: after a swap
        those of the slot's model may be others.
        """
        return self._model.run(tensors, timeout=timeout)

    async def predict_async(self, raw: object, *, timeout: float | None = None) -> Prediction:
        """``Model.predict_async`` of what serves when a thread takes the call up."""
        return await off_loop(self.predict, raw, timeout=timeout)

    async def predict_batch_async(
        self, raws: object, *, timeout: float | None = None
    ) -> list[Prediction]:
        """``Model.predict_batch_async`` of what serves when a thread takes the call up."""
        return await off_loop(self.predict_batch, raws, timeout=timeout)

    async def run_async(
        self, tensors: Mapping[str, NDArray[Any]], *, timeout: float | None = None
    ) -> dict[str, NDArray[Any]]:
        """``Model.run_async`` of what serves when a thread takes the call up."""
        return await off_loop(self.run, tensors, timeout=timeout)

    def swap(self, new: str | os.PathLike[str], *, untested: bool = False) -> None:
        """Load a bundle, replay its golden samples, and let it serve from the next call on.

        Whatever is raised, the old model serves on. Several that swap take turns.

        Args:
            new: A bundle, one file or unpacked; it is copied, and may be removed afterwards.
            untested: Take a bundle without golden samples too.

        Raises:
            BundleError: Damaged, or as ``load`` says; without golden samples; or with other raw
                inputs, task or outputs than callers of this slot rely on. Labels, units and
                thresholds may change: each ``Prediction`` has those of the model that gave it.
            SelfTestError: It answers otherwise here than where it was built.
            WriteError: The folder cannot be written to.
        """
        path = Path(new)
        model = self._load(path)
        if not untested or has_golden(model.bundle):
            model.selftest()
        with self._turns():
            _check_same_face(path, old=self._model.manifest, new=model.manifest)
            if self._folder is not None:
                with self._folder.locked():
                    self._install(self._folder, model)
            self._model = model

    def confirm(self) -> None:
        """Take what serves as good: the next start keeps it. Without an update, nothing happens.

        Raises:
            BundleError: Another process has put another bundle in its place, or went back.
            WriteError: The folder cannot be written to.
        """
        if self._folder is None:
            return
        with self._turns(), self._folder.locked():
            serving, there = self._model.bundle.identity, self._folder.current_identity()
            if serving != there:
                raise BundleError(
                    f"{self._folder.current}: expected the bundle that this slot serves, "
                    f"identity {serving[:12]}, got {there[:12] if there else 'one that cannot be read'}; "
                    "another process went back or swapped: swap again, or open the slot again"
                )
            self._folder.end_probation()

    def _turns(self) -> threading.Lock:
        if self._turn_pid != os.getpid():  # a fork while another thread had its turn
            self._turn, self._turn_pid = threading.Lock(), os.getpid()
        return self._turn

    def _install(self, folder: UpdateFolder, model: Model) -> None:
        old, new = self._model.bundle, model.bundle
        is_there = old.identity == new.identity == folder.current_identity()
        if not is_there:  # else the previous one would be lost for nothing
            folder.install(new, serving=old)


def _check_same_face(path: Path, *, old: Manifest, new: Manifest) -> None:
    """Refuse a bundle that takes or gives something else: callers rely on it."""
    faces = [
        {
            "raw inputs": [(raw.name, str(raw.kind)) for raw in manifest.raw_inputs],
            "task": str(manifest.task),
            "outputs": [(output.name, output.shape) for output in manifest.outputs],
        }
        for manifest in (old, new)
    ]
    for aspect, expected in faces[0].items():
        got = faces[1][aspect]
        if expected != got:
            raise BundleError(
                f"{path}: expected the {aspect} of the bundle that serves, {expected}, got {got}; "
                "open a slot of its own for it"
            )
