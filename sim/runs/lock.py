"""One writer for a folder: a lock file that the system releases when its process ends, in whatever way.

The file `.lock` of a study stays in its folder; it is empty when nobody writes. Where the file system has no locks, the
process id in the file decides: a dead process of this machine is no longer a writer.
"""

import errno
import json
import os
import platform
from pathlib import Path
from typing import Any

from ..errors import ResultError

try:
    import fcntl
except ImportError:  # Windows: the process id in the file decides
    fcntl = None  # type: ignore[assignment]

_HELD = (errno.EWOULDBLOCK, errno.EACCES)
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


class InUseError(ResultError):
    """Another process has the right to write the folder."""


class FolderLock:
    """The right to write one folder, from `acquire` to `release` or the end of the process.

    path: the lock file; default `.lock` in the folder.
    """

    def __init__(self, folder: Path, path: Path | None = None) -> None:
        self.folder = folder
        self.path = path or folder / ".lock"
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock; InUseError if another process has it. The lock of a dead process is taken over."""
        while not self._acquired():  # the file was removed by its holder just now: make another
            pass

    def _acquired(self) -> bool:
        """Take the lock; False if the file that was locked is no longer the one at the path."""
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise ResultError(f"{self.folder}: cannot be written: {error.strerror}") from error
        try:
            given = _system_lock(descriptor)
            if given is False or (given is None and _is_held(_holder(descriptor))):
                raise InUseError(self._refusal(_holder(descriptor)))
            if not _is_at(descriptor, self.path):
                os.close(descriptor)
                return False
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, json.dumps({"pid": os.getpid(), "host": platform.node()}).encode(), 0)
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        return True

    def release(self, *, remove: bool = False) -> None:
        """Release the lock, and remove its file if asked; nothing happens if it was not held."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is None:
            return
        try:
            if remove:
                self.path.unlink(missing_ok=True)
            else:
                os.ftruncate(descriptor, 0)
        finally:
            os.close(descriptor)

    def was_left(self) -> bool:
        """True if the file names a writer, which may have ended."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY)
        except OSError:
            return False
        try:
            return bool(_holder(descriptor))
        finally:
            os.close(descriptor)

    def _refusal(self, holder: dict[str, Any]) -> str:
        who = f"process {holder['pid']} on {holder['host']}" if holder else "another process"
        return (
            f"{self.folder}: {who} is writing to it; wait for it, end it, or choose another folder "
            f"(if that process is certainly gone, delete {self.path})"
        )


def _is_at(descriptor: int, path: Path) -> bool:
    """True if the open file is the one at the path."""
    try:
        there = os.stat(path)
    except FileNotFoundError:
        return False
    return os.path.samestat(os.fstat(descriptor), there)


def _system_lock(descriptor: int) -> bool | None:
    """True if the system gave the lock, False if another has it, None if the file system has no locks."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except OSError as error:
        if error.errno in _HELD:
            return False
        if error.errno in _NO_LOCKS:
            return None
        raise


def _holder(descriptor: int) -> dict[str, Any]:
    """Process id and host of the last writer that did not release; empty if there is none."""
    try:
        found = json.loads(os.pread(descriptor, 4096, 0) or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) and {"pid", "host"} <= set(found) else {}


def _is_held(holder: dict[str, Any]) -> bool:
    """True unless the holder is known to be gone: a dead process of this machine."""
    if not holder or holder["host"] != platform.node():
        return bool(holder)
    try:
        os.kill(int(holder["pid"]), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
