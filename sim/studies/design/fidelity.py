"""The engine of an arm of a study: that of the study, or what a lever sets under `fidelity`."""

from collections.abc import Sequence

from ...config import Setting
from ...errors import ConfigError

#: A lever may set this besides config paths: the engine of the arm.
FIDELITY = "fidelity"


def split_fidelity(settings: Sequence[Setting], default: str) -> tuple[str, tuple[Setting, ...]]:
    """(engine, the settings that are config paths); the last `fidelity` counts. ConfigError for an unknown engine."""
    chosen = [value for path, value in settings if path == FIDELITY]
    if any(value not in ("full", "reduced") for value in chosen):
        raise ConfigError(f"fidelity must be full or reduced, found {', '.join(map(str, chosen))}")
    return (chosen or [default])[-1], tuple(pair for pair in settings if pair[0] != FIDELITY)
