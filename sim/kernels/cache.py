"""Location of compiled kernels, and the keys of kept code: content alone, never a path or a date.

The folder's name is a hash of the source of all kernels, of versions, of the processor and of numba's flags; a file's
name is a hash of the kernel, its argument types and form. So every clone, virtual environment, worker or container of
the same processor type finds code compiled by the others, and after an edit finds none. Each compiled form is one file,
written under another name and renamed: any number of processes may write at once. (numba's index files then lose
entries, and two processes may give one file to two forms.)

A kernel that is defined elsewhere, in a notebook or in a user's file, is also keyed by its code and by all values it
refers to (`fingerprint.py`); a kernel that cannot be described like this is compiled by every process.
"""

import atexit
import functools
import hashlib
import os
import pickle
import shutil
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import llvmlite
import numba
import numpy as np
from numba.core import config
from numba.core.caching import _Cache
from numba.core.compiler import CompileResult
from numba.core.registry import cpu_target
from numba.core.serialize import dumps

from .cacheroot import cache_root
from .fingerprint import fingerprint

PACKAGE = Path(__file__).parents[1]
#: Files and folders of the package whose content is compiled in: all kernels, and what they import.
SOURCES = (
    "layout.py",
    "units.py",
    "elementary.py",
    "kernels",
    "clearing",
    "reduced/layout.py",
    "reduced/kernels",
)
#: Flags of numba that change the code of a kernel.
_FLAGS = (
    "BOUNDSCHECK",
    "OPT",
    "CPU_NAME",
    "CPU_FEATURES",
    "LOOP_VECTORIZE",
    "SLP_VECTORIZE",
    "DEBUGINFO_DEFAULT",
    "ENABLE_AVX",
    "USING_SVML",
)

#: Called once each time a kernel has to be compiled, with its Python function.
_listeners: list[Callable[[Any], None]] = []


@contextmanager
def on_compiling(listener: Callable[[Any], None]) -> Iterator[None]:
    """In this block, call `listener` with each function that is about to be compiled because its code is not kept."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


def source_files() -> list[Path]:
    """Files whose content is part of every key, in a fixed order."""
    found: list[Path] = []
    for name in SOURCES:
        path = PACKAGE / name
        found += sorted(path.rglob("*.py")) if path.is_dir() else [path]
    return found


@functools.cache
def _content() -> tuple[str, frozenset[str]]:
    """Hash of the sources and versions, and the source files by name."""
    digest = hashlib.sha256()
    files = source_files()
    for path in files:
        digest.update(f"{path.relative_to(PACKAGE).as_posix()}\n".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    versions = (__name__, numba.__version__, llvmlite.__version__, np.__version__, sys.version)
    digest.update(repr(versions).encode())
    return digest.hexdigest(), frozenset(str(path) for path in files)


def _is_in_key(function: Any) -> bool:
    """True if an edit of this Python function changes the name of the folder."""
    return function.__code__.co_filename in _content()[1]


@functools.cache
def _folder_name(flags: str) -> str:
    processor = cpu_target.target_context.codegen().magic_tuple()
    return hashlib.sha256(f"{_content()[0]} {processor} {flags}".encode()).hexdigest()[:16]


def cache_directory() -> Path:
    """Return the folder of kernels compiled with this content and these flags."""
    flags = [(name, getattr(config, name, None)) for name in _FLAGS]
    return _settled_root()[0] / "kernels" / _folder_name(repr((flags, os.environ.get("NUMBA_OPT"))))


def why_not_kept() -> str:
    """Why every start compiles its kernels: the folder that cannot be written and the reason; "" if they are kept."""
    return _settled_root()[1]


@functools.cache
def _settled_root() -> tuple[Path, str]:
    """The folder of all caches and ""; if it cannot be written, one that this process and its children use and that
    is removed with it, and the reason."""
    try:
        root = cache_root()
        (root / "kernels").mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=root / "kernels").close()
        return root, ""
    except (OSError, RuntimeError) as error:  # RuntimeError: there is no home folder
        temporary = tempfile.mkdtemp(prefix="clearsim-kernels-")
        atexit.register(shutil.rmtree, temporary, ignore_errors=True)
        os.environ["CLEARSIM_CACHE_DIR"] = temporary
        return Path(temporary), f"{error.filename}: {error.strerror}" if isinstance(error, OSError) else str(error)


def is_kept(kernel: Any) -> bool:
    """True if a compiled form of this kernel is kept, so that the kernel was needed and compiled before."""
    return any(cache_directory().glob(f"{_stem(kernel.py_func)}-*.nbc"))


def _stem(function: Any) -> str:
    name = f"{function.__module__.rpartition('.')[2]}.{function.__qualname__}"
    return "".join(letter for letter in name if letter.isalnum() or letter in "._")


class KernelCache(_Cache):
    """Kept code of one kernel in one form ("outer": Python calls it; "inner", "inlined": kernels do)."""

    def __init__(self, function: Any, form: str) -> None:
        self._function = function
        self._form = form
        self._is_enabled = True

    @property
    def cache_path(self) -> str:
        """The folder of the files."""
        return str(cache_directory())

    def enable(self) -> None:
        """Use kept code from now on."""
        self._is_enabled = True

    def disable(self) -> None:
        """Neither read nor keep code from now on."""
        self._is_enabled = False

    def flush(self) -> None:
        """Drop the kept code of this kernel."""
        for path in cache_directory().glob(f"{_stem(self._function)}-*.nbc"):
            path.unlink(missing_ok=True)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the kept form for these argument types, or None."""
        target_context.refresh()
        path = self._path(sig)
        try:
            kept = pickle.loads(path.read_bytes()) if path else None
        except (OSError, EOFError, pickle.UnpicklingError):  # not there, or cut short by a crash of the machine
            kept = None
        if kept is not None:
            return CompileResult._rebuild(target_context, *kept)
        for listener in list(_listeners):
            listener(self._function)
        return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep a compiled form. Raises OSError if the disk is full."""
        path = self._path(sig)
        if path is None or data.lifted or data.library.has_dynamic_globals:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f"{path.name}.{uuid.uuid4().hex[:16]}")
        try:
            unfinished.write_bytes(dumps(data._reduce()))
            unfinished.replace(path)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise

    def _path(self, sig: Any) -> Path | None:
        """Name of the file for these argument types; None if the kernel cannot be kept."""
        if not self._is_enabled or self._print is None:
            return None
        key = f"{self._function.__module__} {self._form} {sig} {self._print}"
        name = f"{_stem(self._function)}-{hashlib.sha256(key.encode()).hexdigest()[:24]}.nbc"
        return cache_directory() / name

    @functools.cached_property
    def _print(self) -> str | None:
        """Key of this function among others of its name; for a kernel of the package the folder's name holds it."""
        is_ours = _is_in_key(self._function) and self._function.__closure__ is None
        return "" if is_ours else fingerprint(self._function, is_known=_is_in_key)
