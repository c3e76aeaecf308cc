"""Which versions and source made the runs of a study: rows of different ones do not mix unless that is asked for."""

from collections.abc import Mapping, Sequence
from typing import Any

from ...errors import ResultError
from ...runs.environment import because, causes, differences, environment, environment_id
from .folder import note_environment
from .store import StudyStore


def admit_environment(store: StudyStore, *, mix_versions: bool) -> None:
    """Note that this process will add runs; ResultError if its environment is not on record and runs are stored."""
    recorded = store.manifest.get("environments", {})
    mine = environment()
    if environment_id(mine) in recorded:
        return
    if store.done_ids() and not mix_versions:
        raise ResultError(
            f"{store.folder}: its runs were computed by another environment ({_difference(recorded, mine)}); rows of"
            " both would mix. Choose another folder, use that environment, or allow it with --mix-versions"
            " (mix_versions=True): the column made_by then says which computed each row"
        )
    note_environment(store, mine)


def environments_of(sources: Sequence[StudyStore], *, mix_versions: bool) -> dict[str, Any]:
    """The environments of the runs of several folders; ResultError if they differ and must not mix."""
    found: dict[str, Any] = {}
    for source in sources:
        used = {made_by.partition(" ")[0] for made_by in source.rows(["made_by"])["made_by"].to_pylist()}
        recorded = source.manifest.get("environments", {})
        new = {name: recorded.get(name, {}) for name in sorted(used)}
        strange = [name for name in new if name not in found]
        if found and strange and not mix_versions:
            raise ResultError(
                f"{source.folder}: its runs were computed by another environment than those of {sources[0].folder}"
                f" ({_difference(found, new[strange[0]])}); allow it with --mix-versions (mix_versions=True): the"
                " column made_by then says which computed each row"
            )
        found |= new
    return found


def cause_of(store: StudyStore, made_by: str) -> str:
    """Why a row of the study may have other numbers here, in one line."""
    name, _, its_processor = made_by.partition(" ")
    return because(causes(store.manifest.get("environments", {}).get(name), its_processor))


def _difference(recorded: Mapping[str, Any], mine: Mapping[str, str]) -> str:
    if not recorded:
        return "which is not on record"
    theirs = next(iter(recorded.values()))
    return "; ".join(differences(dict(mine), theirs)) or "which is not on record"
