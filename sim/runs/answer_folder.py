"""The files of one answer in a folder, which may hold other things too: a study, notes of the user.

The folder is claimed before anything is computed, and its earlier files of the kind are replaced together, only after
all new ones are written. Meanwhile `.answer.claim` (who writes, locked) and `.answer.partial/` (new files, `.whole` in
it once all are there) stand in the folder. A process that is killed leaves them; the next one that claims the folder
moves files that were whole to their place, and removes others.
"""

import json
import os
import re
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from ..errors import ResultError
from .folder import telling_disk_errors
from .lock import FolderLock
from .place import kind_of

_CLAIM, _PARTIAL, _WHOLE = ".answer.claim", ".answer.partial", ".whole"


class AnswerFolder:
    """The right to put files of one kind into a folder; use it as a context manager around all the work.

    names: matches the names of files of this kind.  overwrite: replace those that are there.  Without `put`, the folder
    is as it was: absent, if it was absent.
    """

    def __init__(
        self, folder: Path, names: re.Pattern[str], *, overwrite: bool = False, say: Callable[[str], None] = print
    ) -> None:
        self.folder = folder
        self._names, self._overwrite, self._say = names, overwrite, say
        self._lock: FolderLock | None = None
        self._made: list[Path] = []  # folders that this claim made, the innermost first

    def __enter__(self) -> Self:
        """Claim the folder; ResultError if it has files of the kind, belongs to a run, or another process writes it."""
        with telling_disk_errors(self.folder, remedy="Free space"):
            self._require_place()
            self._made = [path for path in (self.folder, *self.folder.parents) if not path.exists()]
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = FolderLock(self.folder, self.folder / _CLAIM)
            lock.acquire()
            self._lock = lock
            try:
                self._put_in_order()
                self._require_free()
            except BaseException:
                self._release()
                raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give up the claim."""
        self._release()

    def put(self, files: Mapping[str, bytes]) -> list[Path]:
        """Make the folder's files of the kind be these; return their paths. ResultError if they cannot be written."""
        partial = self.folder / _PARTIAL
        with telling_disk_errors(self.folder, remedy="Free space"):
            partial.mkdir()
            for name, data in files.items():
                _write(partial / name, data)
            _write(partial / _WHOLE, json.dumps(list(files)).encode())  # from here on the new files win
            self._finish()
        self._made = []
        return [self.folder / name for name in files]

    def _finish(self) -> None:
        """Move the new files in, then remove the earlier ones that none of them replaced."""
        partial = self.folder / _PARTIAL
        names = json.loads((partial / _WHOLE).read_bytes())
        for name in names:
            with suppress(FileNotFoundError):  # moved before
                os.replace(partial / name, self.folder / name)
        for name in set(self._present()) - set(names):
            (self.folder / name).unlink()
        _sync(self.folder)
        shutil.rmtree(partial)

    def _put_in_order(self) -> None:
        """Finish or undo what a process that was killed began."""
        partial = self.folder / _PARTIAL
        if (partial / _WHOLE).exists():
            self._finish()
            self._say(f"{self.folder}: an answer that was whole was put in place; the process that wrote it had ended")
        elif partial.exists():
            shutil.rmtree(partial)
            self._say(f"{partial}: removed; the process that was writing it had ended")

    def _present(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir() if self._names.fullmatch(path.name))

    def _require_place(self) -> None:
        if not os.path.lexists(self.folder):
            return
        if not self.folder.is_dir():
            raise ResultError(f"{self.folder}: is not a folder; choose another")
        if kind_of(self.folder) == "run":
            raise ResultError(f"{self.folder}: holds a run, which a later run may replace; choose another folder")

    def _require_free(self) -> None:
        present = self._present()
        if present and not self._overwrite:
            listed = ", ".join(present[:3]) + (", ..." if len(present) > 3 else "")
            raise ResultError(f"{self.folder}: holds {listed}; choose another folder, or add --overwrite")

    def _release(self) -> None:
        lock, self._lock = self._lock, None
        if lock is None:
            return
        partial = self.folder / _PARTIAL
        with suppress(OSError):
            if (partial / _WHOLE).exists():  # an interrupt while the files moved
                self._finish()
            shutil.rmtree(partial, ignore_errors=True)
        lock.release(remove=True)
        with suppress(OSError):
            for path in self._made:
                path.rmdir()  # unless something else was put there


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as handle:
        handle.write(data)
        handle.flush()
        os.fsync(handle.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
