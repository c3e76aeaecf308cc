"""The contract of every behaviour, and the information about its cohort that it gets at the opening.

A behaviour is a frozen value. `initial_state(context)` makes the explicit state it keeps (arrays, arrival streams, the
compiled kernel it calls); `decide(state, view, intents)` appends orders for the time since it last woke, and changes
nothing but the state and the intents. Randomness comes only from the cohort's own stream, drawn per arrival slot, so a
finer clock gets the same arrivals.
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
    """Information for a behaviour about its own cohort at the opening. n traders, M markets."""

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
            text = f"cohort {self.name}: no market is called {name!r}; the markets are {', '.join(names)}"
            raise ConfigError(text).at("behaviour")
        return names.index(name)

    def unit(self, market: int) -> int:
        """Value of one lot at the opening mark, quanta."""
        return int(self.markets.mark[market]) * int(self.markets.params["tick_value"][market])

    def venue_lots(self, quote: Decimal, market: int) -> float:
        """Lots (possibly fractional) that `quote` at venue scale is worth at the opening mark, after scaling."""
        return float(quote * self.share / self.quantum) / self.unit(market)

    def split(self, lots: float) -> F64:
        """Split `lots` over the traders by capital; equally if none has any."""
        total = float(self.capital.sum())
        weights = self.capital / total if total > 0 else np.full(len(self.rows), 1.0 / len(self.rows))
        return np.asarray(lots * weights)


class BehaviourPolicy(Policy):
    """Base of all behaviours."""

    #: `--traders N` rescales ordinary cohorts; the others keep their count.
    ordinary: ClassVar[bool] = False
    #: True for cohorts whose accounts the who-paid table calls makers.
    is_maker: ClassVar[bool] = False
    #: True for cohorts that hold the opposite position outside: their accounts here show one leg of two.
    is_hedged: ClassVar[bool] = False

    def look_ms(self) -> int | None:
        """Time between two looks of one trader at the market, if each trader has its own phase; None: traders
        look when the cohort wakes."""
        return None

    def watches_adl_queue(self) -> bool:
        """True if `view.adl_quantile` must be kept for the cohort's accounts."""
        return False

    def max_orders_per_s(self, traders: int) -> float:
        """Maximum orders per second of a cohort of `traders`, if the parameters state it, else 0."""
        return 0.0

    def with_depth(self, factor: Decimal) -> Self:
        """The same behaviour with `factor` times its depth; itself if it quotes none."""
        return self

    def initial_state(self, context: CohortContext) -> Any:
        """Return the state the behaviour keeps."""
        raise NotImplementedError

    def decide(self, state: Any, view: MarketView, intents: Intents) -> None:
        """Append the cohort's actions at `view.time_ms`."""
        raise NotImplementedError
