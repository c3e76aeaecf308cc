"""The place of a folder of results: claimed before anything is written, taken only when the folder is whole.

Beside a folder NAME that is being written stand `.NAME.claim` (who writes it, locked), `.NAME.partial` (what is
written) and, for the moment of a replacement, `.NAME.old`. A process that is killed leaves them; the next one that
writes a folder of results beside them finds the claim without its lock, puts `.NAME.old` back or removes it, and
removes the rest.
"""

import errno
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path

from ..errors import ResultError
from .lock import FolderLock, InUseError

#: Errors of a rename onto something that is there.
_TAKEN = (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR, errno.EISDIR)
Say = Callable[[str], None]


def free_names(target: Path) -> Iterator[Path]:
    """`target`, then the same with the suffix -2, -3, ..."""
    yield target
    for number in count(2):
        yield target.with_name(f"{target.name}-{number}")


def new_folder(target: Path) -> Path:
    """Make the empty folder `target`, or the first of target-2, target-3, ... that is free; ResultError if it cannot be
    made. Two processes never get the same one."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        for name in free_names(target):
            with suppress(FileExistsError):
                name.mkdir()
                return name
    except OSError as error:
        raise ResultError(f"{target}: cannot be made: {error.strerror or error}") from error
    raise AssertionError("there is always another name")


def kind_of(folder: Path) -> str | None:
    """`run` or `study` by the manifest of a folder; None for a folder that clearsim did not write."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(manifest, dict) or "schema_version" not in manifest:
        return None
    if "study_hash" in manifest:
        return "study"
    return "run" if "result_hash" in manifest else None


class Place:
    """The right to make one folder, from `claim` to `release`.

    overwrite: replace a folder of the same `kind` (run or study).  numbered: take the next free name if taken.
    """

    def __init__(
        self, target: Path, *, kind: str, overwrite: bool = False, numbered: bool = False, say: Say = lambda text: None
    ) -> None:
        self.target = target
        self._kind, self._overwrite, self._numbered, self._say = kind, overwrite, numbered, say
        self._lock: FolderLock | None = None
        self._real = target  # without links, as it was when it was claimed

    @property
    def partial(self) -> Path:
        """Where the folder is written until it is whole."""
        return _beside(self._real, "partial")

    def claim(self) -> None:
        """Take the place and make the empty partial folder; ResultError if it is taken, or OSError."""
        for target in free_names(self.target):
            try:
                _real(target).parent.mkdir(parents=True, exist_ok=True)
                self._claim(target)
                break
            except _TakenError as error:
                if not self._numbered:
                    raise ResultError(str(error)) from None
            except InUseError:
                if not self._numbered:
                    raise
        clean_beside(self._real, self._say)
        self.partial.mkdir()

    def _claim(self, target: Path) -> None:
        real = _real(target)
        self._require_free(target, real)
        lock = FolderLock(target, _beside(real, "claim"))
        lock.acquire()
        self._lock, self.target, self._real = lock, target, real
        try:
            for text in _put_in_order(real):
                self._say(text)
            self._require_free(target, real)  # it may have been finished meanwhile
        except BaseException:
            self.release()
            raise

    def _require_free(self, shown: Path, real: Path) -> None:
        if not os.path.lexists(real):
            return
        if not self._overwrite:
            remedy = "choose another --out, or add --overwrite" if self._kind == "run" else "choose another folder"
            raise _TakenError(f"{shown}: exists; {remedy}")
        if real.is_dir() and not real.is_symlink() and not any(real.iterdir()):
            return
        found = None if real.is_symlink() else kind_of(real)
        if found is None:
            raise _TakenError(f"{shown}: exists and is not a result folder; it is not overwritten")
        if found != self._kind:
            raise _TakenError(f"{shown}: holds a {found}; a {self._kind} does not replace it; choose another folder")

    def put(self) -> Path:
        """Move the whole partial folder to its place and return that.

        If something else came to be there meanwhile, it is left alone and the next free name is taken, with a note.
        """
        if self._overwrite and os.path.lexists(self._real):
            with suppress(_TakenError):
                self._require_free(self.target, self._real)
                self._replace(self._real)
                return self.target
        for target, real in zip(free_names(self.target), free_names(self._real), strict=False):
            try:
                os.rename(self.partial, real)
            except OSError as error:
                if error.errno not in _TAKEN:
                    raise
                continue
            if target != self.target:
                self._say(f"{self.target} was made by something else during the run; the results are in {target}")
            return target
        raise AssertionError("there is always another name")

    def _replace(self, real: Path) -> None:
        """What stood there goes only after the new folder is in its place."""
        writers = FolderLock(self.target, real / ".lock") if self._kind == "study" else None
        if writers is not None:
            writers.acquire()
        try:
            old = _beside(real, "old")
            os.rename(real, old)
            os.rename(self.partial, real)
        finally:
            if writers is not None:
                writers.release()
        shutil.rmtree(old, ignore_errors=True)

    def release(self) -> None:
        """Remove the partial folder, if it is still there, and the claim."""
        lock, self._lock = self._lock, None
        if lock is not None:
            shutil.rmtree(self.partial, ignore_errors=True)
            lock.release(remove=True)


def clean_beside(target: Path, say: Say) -> None:
    """Remove what processes that ended left in the folder that `target` is in; each is named through `say`."""
    with suppress(OSError):
        for path in sorted(target.parent.glob(".*.claim")):
            other = target.with_name(path.name.removeprefix(".").removesuffix(".claim"))
            lock = FolderLock(other, path)
            if not lock.was_left():
                continue
            try:
                lock.acquire()
            except ResultError:  # its writer lives, or the file is not ours to write
                continue
            try:
                for text in _put_in_order(other):
                    say(text)
            finally:
                lock.release(remove=True)


def _put_in_order(real: Path) -> Iterator[str]:
    """Undo or finish what a writer of this folder began; yield what was done."""
    old, partial = _beside(real, "old"), _beside(real, "partial")
    if old.exists() and not os.path.lexists(real):
        os.rename(old, real)
        yield f"{real}: was put back; the process that was replacing it had ended"
    elif old.exists():
        shutil.rmtree(old, ignore_errors=True)
        yield f"{old}: removed; it had been replaced by {real}"
    if partial.exists():
        shutil.rmtree(partial, ignore_errors=True)
        yield f"{partial}: removed; the process that was writing it had ended"


class _TakenError(Exception):
    """Something that must not be replaced stands at the place."""


def _beside(real: Path, ending: str) -> Path:
    return real.with_name(f".{real.name}.{ending}")


def _real(target: Path) -> Path:
    """The folder that a path means: a link is followed, so that it stays a link."""
    try:
        follow = target.is_symlink() or target.name in ("", "..")
        return target.resolve() if follow else target.parent.resolve() / target.name
    except (OSError, RuntimeError) as error:
        raise ResultError(f"{target}: cannot be followed: {error}") from error
