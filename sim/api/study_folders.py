"""The contents of a study folder, whether its runs can be reproduced, and merging its shards."""

from collections.abc import Sequence
from pathlib import Path

from ..own_parts import refusing_own_code
from ..studies.store.merge import merge as merge_folders
from ..studies.store.verify import Status, Verification, status_of
from ..studies.store.verify import verify as verify_folder
from ..studies.sweep import parse_shard
from .progress import Note, noting
from .study_result import StudyResult, open_study
from .trust import code_of, parts_of_plan, plan_in

__all__ = ["Status", "Verification", "merge", "parse_shard", "status", "verify"]


def status(folder: Path) -> Status:
    """Count the contents of a study folder: runs by status, errors, disk; nothing is changed."""
    with refusing_own_code("status executes no code"):
        return status_of(folder)


def verify(
    folder: Path, *, runs: int = 5, seed: int = 0, trust: bool = False, on_note: Note | None = None
) -> Verification:
    """Rerun a random sample of the finished runs and compare their hashes; `seed` chooses them.

    trust: True: code that the folder keeps may be executed.
    """
    with code_of(folder, parts_of_plan(plan_in(folder)), trust=trust, note=noting(on_note)):
        return verify_folder(folder, runs=runs, seed=seed)


def merge(out: Path, shards: Sequence[Path], *, mix_versions: bool = False) -> StudyResult:
    """Merge the folders of a study's shards into one, as if one sweep had run them.

    mix_versions: also shards that other versions or another source of clearsim computed.
    """
    merged = open_study(merge_folders(out, list(shards), mix_versions=mix_versions))
    merged.note_failures()
    return merged
