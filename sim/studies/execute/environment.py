"""The environment of a process: the versions and the source that decide a run's numbers.

Client and workers of a cluster must agree on it, or the rows of a study would depend on where they were computed. The
processor is reported too: another one may round floating-point sums of numpy and scipy differently.
"""

import hashlib
import platform
from functools import cache
from importlib import metadata
from pathlib import Path

#: Packages that an installation adds to this one and a checkout does not; no number of a run depends on them.
BESIDE = ("analysis", "configs")
DECIDING = ("clearsim", "numpy", "numba", "scipy", "simpy", "pydantic")


@cache
def environment() -> dict[str, str]:
    """Versions by name, the hash of clearsim's own source as `clearsim source`."""
    versions = {name: metadata.version(name) for name in DECIDING}
    return {"python": platform.python_version(), **versions, "clearsim source": _source_hash()}


def processor() -> str:
    """Kind of the processor, as the kernels' compiler sees it."""
    from llvmlite import binding

    return f"{platform.machine()} {binding.get_host_cpu_name()}"


def differences(mine: dict[str, str], theirs: dict[str, str]) -> list[str]:
    """The differences as text; empty if there are none."""
    names = [*mine, *(name for name in theirs if name not in mine)]
    return [
        f"{name} {mine.get(name, 'absent')[:12]} here, {theirs.get(name, 'absent')[:12]} there"
        for name in names
        if mine.get(name) != theirs.get(name)
    ]


def _source_hash() -> str:
    root = Path(__file__).resolve().parents[2]
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        name = path.relative_to(root)
        if name.parts[0] not in BESIDE:
            digest.update(name.as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
