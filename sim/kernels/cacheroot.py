"""The folder of all files kept between runs. Imports nothing, so that an error message can name it."""

import os
from pathlib import Path


def cache_root() -> Path:
    """Return CLEARSIM_CACHE_DIR, or else the folder `clearsim` in the user's cache folder.

    Raises RuntimeError if there is no home folder.
    """
    root = os.environ.get("CLEARSIM_CACHE_DIR")
    return Path(root) if root else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "clearsim"
