"""`adl_queue` and `who_would_be_deleveraged`: the ADL queue at a given time, and the positions it would close."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from ..errors import ConfigError
from ..own_parts import UserPart, with_code
from ..policy import Policy
from . import _analysis as analysis
from .config import Config, ConfigLike, load
from .door import checked
from .inputs import note_inputs
from .parts import mechanism_of
from .progress import Note, noting, run_progress
from .result import Result
from .trust import code_of, parts_of, received_from
from .units import Units, in_units

#: A ranking or an allocation: its kind, a mapping with its parameters, the policy itself, or an object or class of
#: your own.
Part = str | Mapping[str, Any] | Policy | UserPart | type[UserPart] | None

if TYPE_CHECKING:
    from ..engine.queue import Place
    from ..engine.world import World
    from ..runs.run import Progress


@checked
def adl_queue(
    run: Result | ConfigLike,
    *,
    at: float | str | datetime,
    market: str | None = None,
    ranking: Part = None,
    units: Units = "quote",
    trust: bool = False,
    progress: "Literal[True] | Progress | None" = None,
    on_note: Note | None = None,
) -> pd.DataFrame:
    """Simulate a run up to a time, clearing cycles included, and return the ADL queue of a market.

    Args:
        run: a Result, a result folder, a Config, the path of a config file, or a shipped name.
        at: seconds after the start, or a UTC time.
        market: its name; default the first.
        ranking: in place of the config's: its kind, like "binance_wallet", a mapping with its parameters, or an
            AdlRanking of your own.
        units: quote, venue or quanta.
        trust, progress, on_note: as in `clearsim.run`.

    Returns one row per position, longs first, each side in the order of its queue: side, place (1 is first), light (1
    is the front fifth of the contracts, to 5), account, cohort, mode, lots (+ long), quantity (base units), notional,
    profit, score. `attrs` holds market, time_utc and mark_price. Positions without profit come last and are never
    deleveraged. Raises ConfigError for a time outside the run, and without an ADL layer.

        clearsim.adl_queue(clearsim.load("base").with_traders(300), at=250).head()
    """
    moment = _Moment.of(run, at, market, trust, progress, on_note)
    from ..engine.queue import queue_of

    places = queue_of(moment.world, moment.market, ranking=_part("ranking", ranking))
    return moment.frame(places, units)


@checked
def who_would_be_deleveraged(
    run: Result | ConfigLike,
    *,
    at: float | str | datetime,
    account: str | None = None,
    side: Literal["long", "short"] | None = None,
    market: str | None = None,
    ranking: Part = None,
    allocation: Part = None,
    units: Units = "quote",
    trust: bool = False,
    progress: "Literal[True] | Progress | None" = None,
    on_note: Note | None = None,
) -> pd.DataFrame:
    """Return the positions that would be closed, and how much of each, if an account went bankrupt at a time.

    Args:
        run: a Result, a result folder, a Config, the path of a config file, or a shipped name.
        at: seconds after the start, or a UTC time.
        account: name of the bankrupt account; default the one with the largest position of `side`.
        side: of the positions to close; default the account's, or long. The other side is deleveraged.
        market: its name; default the first.
        ranking: in place of the config's: its kind, a mapping with its parameters, or an AdlRanking of your own.
        allocation: in place of the config's: greedy, pro_rata, water_filling, a mapping with its parameters, or an
            Allocation of your own.
        units: quote, venue or quanta.
        trust, progress, on_note: as in `clearsim.run`.

    Returns the rows of `adl_queue` that would be closed, in that order, with `closed_lots` and `closed_quantity` (how
    much of each). The ADL layer decides; nothing is changed. Raises as `adl_queue`
    does, and ConfigError for an account without such a position.

        clearsim.who_would_be_deleveraged("base", at=250, ranking="binance_wallet")
    """
    from ..engine.deleveraging import would_be_deleveraged

    moment = _Moment.of(run, at, market, trust, progress, on_note)
    closes = would_be_deleveraged(
        moment.world,
        moment.market,
        account=account,
        side=side,
        ranking=_part("ranking", ranking),
        allocation=_part("allocation", allocation),
    )
    frame = moment.frame([close.place for close in closes], units)
    closed = [close.lots for close in closes]
    frame["closed_lots"] = closed
    frame["closed_quantity"] = [float(count * moment.lot_size) for count in closed]
    return frame


def write_queue(places: pd.DataFrame, path: Path) -> None:
    """Write the table of `adl_queue` as CSV; ConfigError if it cannot be written."""
    try:
        path.write_text(analysis.csv_text(places), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error.strerror}") from error


class _Moment:
    """A run at a given time."""

    def __init__(self, config: Config, world: "World", market: int, time_ms: int) -> None:
        self.config, self.world, self.market, self.time_ms = config, world, market, time_ms

    @classmethod
    def of(
        cls,
        run: Result | ConfigLike,
        at: float | str | datetime,
        market: str | None,
        trust: bool,
        progress: "Literal[True] | Progress | None",
        on_note: Note | None,
    ) -> "_Moment":
        from ..runs.at_time import market_number, time_in_run, world_at
        from ..runs.first_start import first_start

        config, scenario, replication = identity_of(run)
        folder = run.folder if isinstance(run, Result) else received_from(run)
        time_ms, number = time_in_run(at, config), market_number(market, config)
        note = noting(on_note)
        with (
            code_of(folder, parts_of(config), trust=trust, note=note),
            first_start(note),
            run_progress(progress, config) as callback,
        ):
            note_inputs(config, note)
            world = world_at(config, time_ms, scenario=scenario, replication=replication, progress=callback)
        return cls(config, world, number, time_ms)

    @property
    def lot_size(self) -> Decimal:
        """Base units of a lot."""
        return self.config.markets[self.market].lot_size

    def frame(self, places: "list[Place]", units: str) -> pd.DataFrame:
        """Places as a table."""
        from ..engine.queue import Place
        from ..runs.at_time import utc_text

        rows = pd.DataFrame(places, columns=list(Place._fields))
        rows.insert(rows.columns.get_loc("lots") + 1, "quantity", [float(abs(p.lots) * self.lot_size) for p in places])
        frame = in_units(rows, units, quantum=self.config.quantum, share=self.config.scale.simulated_share)
        market = self.config.markets[self.market]
        mark = float(self.world.markets.mark[self.market]) * float(market.tick_size)
        frame.attrs = {"market": market.name, "time_utc": utc_text(self.config, self.time_ms), "mark_price": mark}
        return frame


def identity_of(run: Result | ConfigLike) -> tuple[Config, int, int]:
    """(config, scenario, replication) of a run, of a result folder, or of a config."""
    if isinstance(run, Result):
        return run.config, int(run.manifest["scenario"]), int(run.manifest["replication"])
    if isinstance(run, str | Path) and Path(run).is_dir():
        from ..runs.replay import load_run

        recorded = load_run(Path(run))
        manifest = recorded.manifest
        return Config.of(recorded.config), int(manifest["scenario"]), int(manifest["replication"])
    return load(run), 0, 0


def _part(name: str, value: Part) -> Any:
    """The ranking or allocation that an argument names; ConfigError if it does not exist."""
    if value is None:
        return None
    from ..clearing.adl import AdlLayer
    from .designs import validated

    given = {"kind": value} if isinstance(value, str) else mechanism_of(value)
    if isinstance(given, Policy):
        given = given.model_dump(by_alias=True)
    if not isinstance(given, Mapping):
        raise ConfigError(f"{name} must be a kind, a mapping or a part of your own, found {value!r}")
    given = with_code(given, Path.cwd())
    layer = validated(AdlLayer, {"kind": "adl", "ranking": {"kind": "profit_leverage"}, name: given}, source="ADL")
    return getattr(layer, name)
