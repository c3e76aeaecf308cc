"""The opening book: every trader's rows, money, positions and stops before the run begins.

Lays traders out as margin rows (wallets of the cohorts in order, then named agents, then isolated rows), shares the
open interest over cohorts, and has `holdings.py` draw the rest. Long lots equal short lots in every market exactly:
both sides are split from the same whole number, named agents first. The engine posts the book: deposits from OUTSIDE,
then positions against OUTSIDE at their entry prices.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sim.agents.cohort import Cohort, OpeningPositions, PopulationConfig
from sim.agents.draws import strata
from sim.agents.holdings import Holdings, MarketTerms, draw_holdings
from sim.agents.named import NamedPosition, NamedTrader
from sim.errors import ConfigError
from sim.events import AccountMode, Side
from sim.instrument import Instrument
from sim.kernels.state import MarketArrays
from sim.rng import Streams
from sim.units import PPM, allocate_largest_remainder

I64 = npt.NDArray[np.int64]
I32 = npt.NDArray[np.int32]

WEIGHT_SCALE = 10**9


class Venue(NamedTuple):
    """What the opening needs to know of the exchange: its markets at the opening mark, the quantum, the simulated
    share."""

    instruments: tuple[Instrument, ...]
    markets: MarketArrays
    quantum: Decimal
    share: Decimal
    first_trader: int  # row of the first trader

    def market(self, name: str, who: str) -> int:
        """Number of the market called `name`; ConfigError naming `who` if there is none."""
        names = [instrument.name for instrument in self.instruments]
        if name not in names:
            raise ConfigError(f"{who}: no market is called {name!r}; there are {', '.join(names)}")
        return names.index(name)


@dataclass(frozen=True)
class OpeningBook:
    """Everything that stands before the run. A rows in all (reserved rows included), P positions, S stops."""

    first_trader: int
    n_traders: int  # wallets: rows first_trader .. first_trader + n_traders - 1
    wallet: I32  # (A,)
    market: I32  # (A,) market of an isolated row, else -1
    mode: npt.NDArray[np.uint8]  # (A,) AccountMode
    initial_ppm: I64  # (A,) initial-margin rate the trader chose
    deposit: I64  # (A,) quanta from OUTSIDE
    cohort: I32  # (A,) index into cohort_names, -1 for reserved rows
    cohort_names: tuple[str, ...]  # cohorts in order, then named agents
    cohort_starts: tuple[int, ...]  # first wallet row of each, and the end
    is_maker: npt.NDArray[np.bool_]  # (A,)
    is_named: npt.NDArray[np.bool_]  # (A,)
    agent_rows: tuple[int, ...]  # wallet row of each named agent
    positions: I64  # (P, 4) row, market, lots (+ long), entry ticks; by row
    leverage: npt.NDArray[np.float64]  # (P,) as drawn
    stops: I64  # (S, 5) row, market, Side, trigger ticks, lots; by row
    open_interest: I64  # (M,) lots, one side
    n_remargined: int  # positions whose margin was raised so that they do not start distressed

    @property
    def n_rows(self) -> int:
        """Margin rows, reserved ones included."""
        return len(self.wallet)

    def home(self, cohort: int) -> I32:
        """(n, M) row on which each trader of a cohort trades each market: its isolated row there, or its wallet."""
        start, end = self.cohort_starts[cohort], self.cohort_starts[cohort + 1]
        rows = np.repeat(np.arange(start, end, dtype=np.int32)[:, None], len(self.open_interest), axis=1)
        isolated = np.flatnonzero((self.mode == AccountMode.ISOLATED) & (self.wallet >= start) & (self.wallet < end))
        rows[self.wallet[isolated] - start, self.market[isolated]] = isolated
        return rows


def trader_counts(config: PopulationConfig, *, n_agents: int, traders: int | None) -> list[int]:
    """Traders per cohort. With `traders`, ordinary cohorts are rescaled so that all (named agents too) make that
    many."""
    counts = [cohort.traders for cohort in config.cohorts]
    if traders is None:
        return counts
    ordinary = [count if cohort.behaviour.ordinary else 0 for count, cohort in zip(counts, config.cohorts, strict=True)]
    fixed = sum(counts) - sum(ordinary) + n_agents
    n_ordinary = sum(1 for count in ordinary if count)
    if not n_ordinary or traders - fixed < n_ordinary:
        raise ConfigError(
            f"--traders {traders} is too few: {fixed} traders are makers, arbitrageurs, named agents and others with"
            f" fixed numbers, and {n_ordinary} ordinary cohorts need at least one each"
        )
    scaled = allocate_largest_remainder(traders - fixed - n_ordinary, ordinary)
    return [part + 1 if own else count for part, own, count in zip(scaled, ordinary, counts, strict=True)]


@dataclass
class _Draft:
    """The book while it is drawn: wallets are laid out, isolated rows are appended as blocks."""

    first: int
    starts: list[int]
    n_markets: int
    deposit: I64
    initial_ppm: I64
    beside: I64
    blocks: list[tuple[I64, int, I64, I64]]  # wallets, market, deposits, initial_ppm of isolated rows
    positions: list[I64]
    leverage: list[npt.NDArray[np.float64]]
    stops: list[I64]
    end: int
    n_remargined: int = 0

    def add(self, wallets: I64, market: int, drawn: Holdings) -> None:
        """Enter positions: isolated ones get rows of their own, money beside them goes to the wallet."""
        rows = wallets.copy()
        isolated = np.flatnonzero(drawn.isolated)
        rows[isolated] = self.end + np.arange(len(isolated))
        self.end += len(isolated)
        ppm = np.ceil(PPM / drawn.leverage).astype(np.int64)
        self.blocks.append((wallets[isolated], market, drawn.margin[isolated], ppm[isolated]))
        cross = ~drawn.isolated
        self.deposit[wallets[cross]] += drawn.margin[cross]
        self.initial_ppm[wallets[cross]] = np.minimum(self.initial_ppm[wallets[cross]], ppm[cross])
        self.beside[wallets] += drawn.beside
        self.positions.append(np.column_stack([rows, np.full(len(rows), market), drawn.lots, drawn.entry]))
        self.leverage.append(drawn.leverage)
        has = np.flatnonzero(drawn.stop)
        side = np.where(drawn.lots[has] > 0, int(Side.SELL), int(Side.BUY))
        lots = np.abs(drawn.lots[has])
        self.stops.append(np.column_stack([rows[has], np.full(len(has), market), side, drawn.stop[has], lots]))
        self.n_remargined += drawn.n_remargined


def build_opening(
    config: PopulationConfig,
    agents: Sequence[NamedTrader],
    venue: Venue,
    *,
    streams: Streams,
    traders: int | None = None,
) -> tuple[OpeningBook, list[I64]]:
    """Return the book, and per cohort the capital (n,) of its traders beyond the margin of their positions, quanta.

    ConfigError says which cohort, agent or market cannot be built as asked.
    """
    counts = trader_counts(config, n_agents=len(agents), traders=traders)
    starts = (
        (venue.first_trader + np.concatenate([[0], np.cumsum([*counts, *([1] * len(agents))])])).astype(int).tolist()
    )
    n_wallets = starts[-1]
    draft = _Draft(
        first=venue.first_trader,
        starts=starts,
        n_markets=len(venue.instruments),
        deposit=np.zeros(n_wallets, np.int64),
        initial_ppm=np.full(n_wallets, PPM, np.int64),
        beside=np.zeros(n_wallets, np.int64),
        blocks=[],
        positions=[np.zeros((0, 4), np.int64)],
        leverage=[np.zeros(0)],
        stops=[np.zeros((0, 5), np.int64)],
        end=n_wallets,
    )
    leverage = [*(cohort.max_leverage for cohort in config.cohorts), *(agent.max_leverage for agent in agents)]
    setting = [-(-PPM // highest) for highest in leverage]
    for number, ppm in enumerate(setting):
        draft.initial_ppm[starts[number] : starts[number + 1]] = ppm
    open_interest = _open_interest_lots(config, agents, venue)
    sides = np.column_stack([open_interest, open_interest])
    for number, agent in enumerate(agents):
        _add_agent(draft, agent, venue, wallet=starts[len(counts) + number], sides=sides, config=config)
    _add_cohorts(draft, config, venue, counts, sides, open_interest, streams)
    capital = [
        _capital(cohort, venue, count, draft.beside[starts[c] : starts[c + 1]], streams)
        for c, (cohort, count) in enumerate(zip(config.cohorts, counts, strict=True))
    ]
    for c, money in enumerate(capital):
        draft.deposit[starts[c] : starts[c + 1]] += money
    draft.deposit[starts[len(counts)] :] += draft.beside[starts[len(counts)] :]
    return _finish(draft, config, agents, open_interest), capital


def _open_interest_lots(config: PopulationConfig, agents: Sequence[NamedTrader], venue: Venue) -> I64:
    """(M,) lots, one side, after scaling; markets nobody states have what named agents hold, if that balances."""
    lots = np.zeros(len(venue.instruments), np.int64)
    for item in config.open_interest:
        market = venue.market(item.market, "population.open_interest")
        instrument = venue.instruments[market]
        if item.base is not None:
            lots[market] = instrument.to_lots(item.base * venue.share)
        else:
            assert item.quote is not None
            unit = MarketTerms.of(venue.markets, market).unit
            lots[market] = int(item.quote * venue.share / venue.quantum) // unit
        if lots[market] <= 0:
            raise ConfigError(
                f"population.open_interest of {item.market} is below one lot after scaling by {venue.share}"
            )
        what = f"population.open_interest of {item.market}"
        instrument.require_headroom(lots=int(lots[market]), ticks=int(venue.markets.mark[market]), what=what)
    stated = {item.market for item in config.open_interest}
    for agent in agents:
        for position in agent.positions:
            if position.market not in stated:
                market = venue.market(position.market, f"agent {agent.name}")
                lots[market] += named_lots(agent, position, venue) if position.side == "long" else 0
    return lots


def named_lots(agent: NamedTrader, position: NamedPosition, venue: Venue) -> int:
    """Lots (positive) of a named agent's position; ConfigError if below one lot."""
    market = venue.market(position.market, f"agent {agent.name}")
    scale = venue.share if agent.venue_scale else Decimal(1)
    if position.base is not None:
        lots = venue.instruments[market].to_lots(position.base * scale)
    else:
        assert position.quote is not None
        lots = int(position.quote * scale / venue.quantum) // MarketTerms.of(venue.markets, market).unit
    if lots <= 0:
        raise ConfigError(f"agent {agent.name}: position in {position.market} is below one lot")
    return lots


def _add_agent(
    draft: _Draft, agent: NamedTrader, venue: Venue, *, wallet: int, sides: I64, config: PopulationConfig
) -> None:
    """Enter a named agent's money and positions, and take the latter off the open interest left for cohorts."""
    scale = venue.share if agent.venue_scale else Decimal(1)
    draft.beside[wallet] += int(agent.deposit_quote * scale / venue.quantum)
    for position in agent.positions:
        market = venue.market(position.market, f"agent {agent.name}")
        terms = MarketTerms.of(venue.markets, market)
        lots = named_lots(agent, position, venue)
        column = 0 if position.side == "long" else 1
        if lots > sides[market, column]:
            raise ConfigError(
                f"agent {agent.name}: its {position.side} position of {lots} lots exceeds what is left of the open"
                f" interest of {position.market}, {int(sides[market, column])} lots"
            )
        sides[market, column] -= lots
        sign = 1 if column == 0 else -1
        price = position.entry_price
        entry = terms.mark if price is None else venue.instruments[market].to_ticks_exact(price)
        value = lots * entry * int(venue.markets.params[market, 0])
        margin = int(-(-Decimal(value) // position.leverage))
        equity = margin + sign * (lots * terms.unit - value)
        maintenance = float(terms.maintenance(np.array([float(lots * terms.unit)]), np.array([float(value)]))[0])
        if equity * PPM < maintenance * config.minimum_margin_ratio_ppm:
            raise ConfigError(
                f"agent {agent.name}: its position in {position.market} would start with equity {equity} quanta, below"
                f" {config.minimum_margin_ratio_ppm} ppm of its maintenance margin {maintenance:.0f}:"
                " lower its leverage"
            )
        draft.add(
            np.array([wallet]),
            market,
            Holdings(
                trader=np.zeros(1, np.int64),
                lots=np.array([sign * lots]),
                entry=np.array([entry]),
                margin=np.array([margin]),
                beside=np.zeros(1, np.int64),
                leverage=np.array([float(position.leverage)]),
                isolated=np.array([position.mode == "isolated"]),
                stop=np.zeros(1, np.int64),
                n_remargined=0,
            ),
        )


def _add_cohorts(
    draft: _Draft,
    config: PopulationConfig,
    venue: Venue,
    counts: list[int],
    sides: I64,
    open_interest: I64,
    streams: Streams,
) -> None:
    """Split what is left of each side over the cohorts by weight, and draw their positions."""
    for market, instrument in enumerate(venue.instruments):
        members = [(c, item) for c, cohort in enumerate(config.cohorts) for item in _items(cohort, instrument.name)]
        parts = [
            _split_side(sides[market, side], [_weight(item, side) for _, item in members], instrument.name, side)
            for side in (0, 1)
        ]
        for place, (c, item) in enumerate(members):
            name = config.cohorts[c].name
            drawn = draw_holdings(
                item,
                MarketTerms.of(venue.markets, market),
                n_traders=counts[c],
                long_lots=parts[0][place],
                short_lots=parts[1][place],
                open_interest=int(open_interest[market]),
                margin_ratio=config.minimum_margin_ratio_ppm / PPM,
                rng=streams.get(f"opening/{name}/{instrument.name}"),
                what=f"cohort {name} in {instrument.name}",
            )
            draft.add(draft.starts[c] + drawn.trader, market, drawn)


def _items(cohort: Cohort, market: str) -> list[OpeningPositions]:
    return [item for item in cohort.opening if item.market == market]


def _weight(item: OpeningPositions, side: int) -> int:
    return int((item.short_weight if side else item.long_weight) * WEIGHT_SCALE)


def _split_side(lots: int, weights: list[int], market: str, side: int) -> list[int]:
    """Split one side's lots by weight; ConfigError if lots are left and nobody has a weight."""
    if sum(weights) == 0:
        if lots:
            name = "short" if side else "long"
            raise ConfigError(
                f"market {market}: {lots} lots of the {name} open interest are held by nobody: give a cohort a"
                f" {name}_weight, or balance the named agents' positions"
            )
        return [0] * len(weights)
    return allocate_largest_remainder(int(lots), weights)


def _capital(cohort: Cohort, venue: Venue, count: int, beside: I64, streams: Streams) -> I64:
    """Money of a cohort's traders beyond margin: what lies beside positions, and the cohort's own capital split as
    stated."""
    total = int(cohort.capital.quote * venue.share / venue.quantum)
    if total == 0:
        return beside.copy()
    sizes = cohort.capital.split.quantile(strata(count))
    money = np.floor(sizes * (total / float(sizes.sum()))).astype(np.int64)
    money[-1] += total - int(money.sum())
    return np.asarray(beside + streams.get(f"opening/{cohort.name}/capital").permutation(money))


def _finish(draft: _Draft, config: PopulationConfig, agents: Sequence[NamedTrader], open_interest: I64) -> OpeningBook:
    n_wallets, n_rows = draft.starts[-1], draft.end
    wallet = np.arange(n_rows, dtype=np.int32)
    market = np.full(n_rows, -1, np.int32)
    mode = np.full(n_rows, AccountMode.CROSS, np.uint8)
    mode[: draft.first] = AccountMode.RESERVED
    deposit = np.concatenate([draft.deposit, np.zeros(n_rows - n_wallets, np.int64)])
    initial_ppm = np.concatenate([draft.initial_ppm, np.zeros(n_rows - n_wallets, np.int64)])
    at = n_wallets
    for wallets, number, money, ppm in draft.blocks:
        block = slice(at, at + len(wallets))
        wallet[block], market[block], mode[block] = wallets, number, AccountMode.ISOLATED
        deposit[block], initial_ppm[block] = money, ppm
        at += len(wallets)
    names = (*(cohort.name for cohort in config.cohorts), *(agent.name for agent in agents))
    if len(set(names)) != len(names):
        raise ConfigError("names of cohorts and named agents must all differ")
    owner = np.searchsorted(np.array(draft.starts), wallet, side="right") - 1
    makes = np.array([*(cohort.behaviour.is_maker for cohort in config.cohorts), *(False for _ in agents), False])
    positions = np.concatenate(draft.positions)
    by_row = np.lexsort((positions[:, 1], positions[:, 0]))
    stops = np.concatenate(draft.stops)
    return OpeningBook(
        first_trader=draft.first,
        n_traders=n_wallets - draft.first,
        wallet=wallet,
        market=market,
        mode=mode,
        initial_ppm=initial_ppm,
        deposit=deposit,
        cohort=owner.astype(np.int32),
        cohort_names=names,
        cohort_starts=tuple(draft.starts),
        is_maker=makes[owner],
        is_named=owner >= len(config.cohorts),
        agent_rows=tuple(draft.starts[len(config.cohorts) : -1]),
        positions=positions[by_row],
        leverage=np.concatenate(draft.leverage)[by_row],
        stops=stops[np.lexsort((stops[:, 1], stops[:, 0]))],
        open_interest=open_interest,
        n_remargined=draft.n_remargined,
    )
