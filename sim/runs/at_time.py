"""A run up to a time: the world at that time, and the names of times."""

from datetime import UTC, datetime

from ..config import RunConfig, require_runnable
from ..engine.build import build_world
from ..engine.simulation import run_until
from ..engine.world import World
from ..errors import ConfigError
from .run import Progress


def world_at(
    config: RunConfig, time_ms: int, *, scenario: int = 0, replication: int = 0, progress: Progress | None = None
) -> World:
    """The world after every cycle up to `time_ms`, that one included."""
    require_runnable(config)
    world = build_world(config, detail="summary", sink=None, scenario=scenario, replication=replication)
    world.progress = progress
    run_until(world, time_ms)
    return world


def time_in_run(when: str | float | datetime, config: RunConfig) -> int:
    """Milliseconds after the start, from seconds or a UTC time. ConfigError if the time is outside the run."""
    time_ms = _milliseconds(when, config)
    if not 0 <= time_ms <= config.duration_ms:
        ends = f"{utc_text(config, 0)} to {utc_text(config, config.duration_ms)}"
        raise ConfigError(f"time {when}: the run goes from {ends} (0 to {config.duration_s} s)")
    return time_ms


def utc_text(config: RunConfig, time_ms: int) -> str:
    """The UTC time of `time_ms` after the start, to the second."""
    when = datetime.fromtimestamp((config.start_ms + time_ms) / 1000, UTC)
    return when.isoformat(timespec="seconds")[:19] + "Z"


def market_number(name: str | None, config: RunConfig) -> int:
    """The index of a market by its name, 0 for None; ConfigError if there is none."""
    if name is None:
        return 0
    if name not in config.market_names:
        raise ConfigError(f"market {name}: the config's markets are {', '.join(config.market_names)}")
    return config.market_names.index(name)


def _milliseconds(when: str | float | datetime, config: RunConfig) -> int:
    try:
        return round(float(when) * 1000)  # type: ignore[arg-type]  # a datetime raises TypeError
    except (ValueError, OverflowError, TypeError):
        pass
    try:
        moment = when if isinstance(when, datetime) else datetime.fromisoformat(str(when))
    except ValueError:
        raise ConfigError(f"time must be seconds or a UTC time like 2025-10-10T21:15:00Z, found {when!r}") from None
    if moment.tzinfo is None:
        raise ConfigError(f"time {when}: has no time zone; append Z for UTC")
    return round(moment.timestamp() * 1000) - config.start_ms
