"""What every behaviour has in common: the contract of a policy, and what it is told about its cohort at the opening.

A behaviour is a frozen value. `initial_state(context)` makes the explicit state it keeps (arrays, arrival streams, the
compiled kernel it calls); `decide(state, view, intents)` appends orders for the time since it last woke, and changes
nothing but the state and the intents. Randomness comes only from the cohort's own stream, drawn per arrival slot, so a
finer clock meets the same arrivals.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from ...errors import ConfigError
from ...instrument import Instrument
from ...layout import F64, I64, MarketArrays
from ...policy import Policy
from ..view import Intents, MarketView


@dataclass(frozen=True)
class CohortContext:
    """What a behaviour may know of its own cohort at the opening. n traders, M markets."""

    name: str
    rows: I64  # (n,) wallet rows, consecutive
    home: npt.NDArray[np.int32]  # (n, M) row that trades market m: the wallet, or the trader's isolated row
    capital: I64  # (n,) quanta beyond the margin of opening positions
    max_leverage: int
    instruments: tuple[Instrument, ...]
    markets: MarketArrays  # at the opening mark
    share: Decimal  # simulated share of the venue
    quantum: Decimal
    rng: np.random.Generator

    def market(self, name: str) -> int:
        """Number of the market called `name`; ConfigError if there is none."""
        names = [instrument.name for instrument in self.instruments]
        if name not in names:
            raise ConfigError(f"cohort {self.name}: no market is called {name!r}; the markets are {', '.join(names)}")
        return names.index(name)

    def unit(self, market: int) -> int:
        """Value of one lot at the opening mark, quanta."""
        return int(self.markets.mark[market]) * int(self.markets.params["tick_value"][market])

    def venue_lots(self, quote: Decimal, market: int) -> float:
        """Lots (a fraction too) that `quote` at venue scale is worth at the opening mark, after scaling."""
        return float(quote * self.share / self.quantum) / self.unit(market)

    def split(self, lots: float) -> F64:
        """Split `lots` over the traders by capital; equally if nobody has any."""
        total = float(self.capital.sum())
        weights = self.capital / total if total > 0 else np.full(len(self.rows), 1.0 / len(self.rows))
        return np.asarray(lots * weights)


class BehaviourPolicy(Policy):
    """Base of all behaviours."""

    #: Ordinary cohorts are the ones `--traders N` rescales; the others keep their count.
    ordinary: ClassVar[bool] = False
    #: True for cohorts whose accounts the who-paid table calls makers.
    is_maker: ClassVar[bool] = False

    def look_ms(self) -> int | None:
        """Time between two looks at the market of one trader, where traders look at phases of their own; None: they
        look when the cohort wakes."""
        return None

    def watches_adl_queue(self) -> bool:
        """True if `view.adl_quantile` must be kept for the cohort's accounts."""
        return False

    def max_orders_per_s(self, traders: int) -> float:
        """Orders a second of a cohort of `traders` at most, as far as the parameters state it; 0: they do not."""
        return 0.0

    def with_depth(self, factor: Decimal) -> Self:
        """The same behaviour, quoting `factor` of its depth; itself if it quotes none."""
        return self

    def initial_state(self, context: CohortContext) -> Any:
        """Return the state the behaviour keeps."""
        raise NotImplementedError

    def decide(self, state: Any, view: MarketView, intents: Intents) -> None:
        """Append what the cohort wants to do at `view.time_ms`."""
        raise NotImplementedError
