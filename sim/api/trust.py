"""Code that comes with a folder of results: it is executed only if the user trusts the folder.

A result folder keeps the code of own parts, so running its config, replaying it or asking for its ADL queue executes
that code. For a folder that somebody sent, that is somebody's program. Code that this process has executed already, at
the user's wish, needs no new question.
"""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from ..config import RunConfig, own_parts
from ..config.yamlfile import find_config
from ..errors import ConfigError
from ..own_parts import OwnPart, refusing_own_code
from ..studies.design.plan import Plan
from ..studies.store.verify import plan_of_folder
from .progress import Note

MANIFEST = "manifest.json"


def received_from(source: object) -> Path | None:
    """The folder of results that a config or study is read from; None for one that stands elsewhere, or an object."""
    if not isinstance(source, str | Path):
        return None
    path = Path(source)
    if not path.exists():
        try:
            path = find_config(str(source))
        except ConfigError:
            return None
    folder = path if path.is_dir() else path.parent
    return folder if (folder / MANIFEST).is_file() else None


@contextmanager
def code_of(folder: Path | None, parts: Iterable[OwnPart], *, trust: bool, note: Note) -> Iterator[None]:
    """Inside, code of the folder runs if it is trusted; before it does, `note` gets what will run.

    folder: None: the code is the user's own, and nothing is asked.  ConfigError with a list of the code if there is
    any that is not trusted.
    """
    if folder is None:
        yield
        return
    unknown = {part.digest: part for part in parts if part.runs_code and not part.was_executed}
    listed = [_description(part) for part in unknown.values()]
    if trust:
        for text in listed:
            note(f"note: executes {text}")
        yield
        return
    reason = f"{folder}: its code would be executed on this machine; read it, then repeat with --trust (trust=True)"
    if listed:
        raise ConfigError("\n".join([reason, *(f"  {text}" for text in listed)]))
    with refusing_own_code(reason):
        yield


def _description(part: OwnPart) -> str:
    """A part as a user reads it before it runs."""
    lines = (part.source or "").count("\n")
    return f"{part.who}: class {part.class_name} of {part.file}, {lines:,} lines, SHA-256 {part.digest[:16]}"


def parts_of(config: RunConfig) -> list[OwnPart]:
    """The own parts of a config."""
    return [part for _, part in own_parts(config)]


def reading(source: object) -> AbstractContextManager[None]:
    """Where a config or study of a folder of results is read: no code is executed inside."""
    if received_from(source) is None:
        return nullcontext()
    return refusing_own_code(f"{source}: reading it executes no code")


def plan_in(folder: Path) -> Plan:
    """The plan of a study folder, read without executing code; ResultError if its meaning has changed since."""
    with refusing_own_code(f"{folder}: reading a study executes no code"):
        return plan_of_folder(folder)


def parts_of_plan(plan: Plan) -> list[OwnPart]:
    """The own parts of a study: of its base config, and among the values of its levers and uncertainties."""
    return [*parts_of(plan.base), *_among(plan.study.model_dump(mode="json", by_alias=True))]


def _among(value: Any) -> Iterator[OwnPart]:
    if isinstance(value, dict):
        if isinstance(value.get("file"), str) and isinstance(value.get("class"), str):
            names = ("file", "class", "source")
            yield OwnPart.model_validate({name: value[name] for name in names if value.get(name) is not None})
        for item in value.values():
            yield from _among(item)
    elif isinstance(value, list):
        for item in value:
            yield from _among(item)
