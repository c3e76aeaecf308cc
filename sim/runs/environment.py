"""The environment of a process: the versions and the source that decide a run's numbers, and its processor.

Client and workers of a cluster must agree on it, and so must all runs of a study, or its rows would depend on where and
when they were computed. The processor is recorded beside it: it should not change a number, and is named when one
differs.
"""

import hashlib
import platform
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

#: Parts of the package that no number of a run depends on; an installation also holds the first two.
BESIDE = ("analysis", "configs", "api", "cli", "docs", "decisions")
DECIDING = ("clearsim", "numpy", "numba", "scipy", "simpy", "pydantic")
SOURCE = "clearsim source"


@cache
def environment() -> dict[str, str]:
    """Versions by name, the hash of clearsim's own source as `clearsim source`."""
    versions = {name: metadata.version(name) for name in DECIDING}
    return {"python": platform.python_version(), **versions, SOURCE: _source_hash()}


@cache
def processor() -> str:
    """Kind of the processor, as the kernels' compiler sees it."""
    from llvmlite import binding

    return f"{platform.machine()} {binding.get_host_cpu_name()}"


def environment_id(known: Mapping[str, str]) -> str:
    """A short name of an environment, by its content."""
    text = "\n".join(f"{name}={known[name]}" for name in sorted(known))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def maker() -> str:
    """What made a row in this process: the id of its environment, and the processor."""
    return f"{environment_id(environment())} {processor()}"


def differences(mine: Mapping[str, str], theirs: Mapping[str, str]) -> list[str]:
    """The differences as text; empty if there are none."""
    names = [*mine, *(name for name in theirs if name not in mine)]
    return [
        f"{name} {mine.get(name, 'absent')[:12]} here, {theirs.get(name, 'absent')[:12]} there"
        for name in names
        if mine.get(name) != theirs.get(name)
    ]


def causes(recorded: Mapping[str, Any] | None, recorded_processor: str) -> list[str]:
    """What differs here from the environment and processor on record: why numbers may differ. Empty: nothing does."""
    if not recorded:
        return ["the environment of the run is not on record"]
    found = [
        f"{name} was {str(recorded.get(name, 'absent'))[:12]}, is {now[:12]}"
        for name, now in environment().items()
        if recorded.get(name) != now
    ]
    if recorded_processor != processor():
        found.append(f"the processor was {recorded_processor or 'not recorded'}, is {processor()}")
    return found


NO_CAUSE = "versions, source and processor are those on record: the folder was changed, or clearsim has a defect"


def because(found: list[str]) -> str:
    """The causes of a difference in one line."""
    return f"cause: {'; '.join(found)}" if found else NO_CAUSE


def _source_hash() -> str:
    root = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        name = path.relative_to(root)
        if name.parts[0] not in BESIDE:
            digest.update(name.as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
