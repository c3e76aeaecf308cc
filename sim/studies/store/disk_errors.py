"""The errors of a study folder that cannot be written."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...errors import ResultError


@contextmanager
def telling_what_is_kept(folder: Path, *, n_waiting: int = 0) -> Iterator[None]:
    """Turn an OSError from writing into a ResultError that states what is stored and how to resume."""
    try:
        yield
    except OSError as error:
        lost = f"; finished runs that are not stored: {n_waiting}" if n_waiting else ""
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise ResultError(
                f"{folder}: the disk is full{lost}. Stored runs are kept; free space and repeat the command to resume"
            ) from error
        raise ResultError(f"{folder}: cannot be written: {error.strerror or error}{lost}") from error
