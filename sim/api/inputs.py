"""Notes about the input files of a config, given before anything runs, and custom positions as a value of a config."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..config import RunConfig
from ..errors import ConfigError
from .progress import Note


def note_inputs(config: RunConfig, note: Note) -> tuple[str, ...]:
    """Read the input files of a config as the run would, and pass on what a user should know about them.

    Returns the notes. InputDataError or ConfigError for files that cannot be used. No code of the config is executed.
    """
    from ..runs.inputs import check_inputs

    facts = check_inputs(config)
    for text in facts.notes:
        note(text)
    return facts.notes


def once(note: Note, seen: set[str]) -> Note:
    """A receiver that passes each text on once; `seen` holds those that came."""

    def pass_on(text: str) -> None:
        if text not in seen:
            seen.add(text)
            note(text)

    return pass_on


def positions_value(
    file: Path, *, residual: str | None = None, columns: Mapping[str, str] | None = None, round_to_lot: bool = False
) -> dict[str, Any]:
    """The value of the config key `positions` for a CSV file."""
    value: dict[str, Any] = {"file": str(file.expanduser().resolve()), "residual_account": residual}
    if columns:
        value["columns"] = dict(columns)
    return value | ({"round_to_lot": True} if round_to_lot else {})


def columns_of(texts: Sequence[str]) -> dict[str, str]:
    """Our names -> the file's, from texts like `account=uid,side=positionSide`; ConfigError for another form."""
    found: dict[str, str] = {}
    for part in (part.strip() for text in texts for part in text.split(",")):
        ours, equals, theirs = (piece.strip() for piece in part.partition("="))
        if not equals or not ours or not theirs:
            raise ConfigError(f"--map {part}: must be OURS=THEIRS, like account=uid")
        if ours in found:
            raise ConfigError(f"--map {part}: {ours} is mapped twice")
        found[ours] = theirs
    return found
