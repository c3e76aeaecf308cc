"""The opening book as arrays of margin rows, positions and stops, and the draft from which it is built."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ..layout import F64, I32, I64, AccountMode, Side
from ..units import PPM
from .holdings import Holdings


@dataclass(frozen=True)
class OpeningBook:
    """The state before the run. A rows in all (reserved rows included), P positions, S stops."""

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
    own_names: tuple[str, ...] = ()  # of custom positions: name of each wallet, in order; "" or none: named by cohort

    @property
    def n_rows(self) -> int:
        """Margin rows, reserved ones included."""
        return len(self.wallet)

    def account_names(self) -> list[str]:
        """Name of each wallet in order of rows: from the custom positions, a named agent's, else cohort#number."""
        agents = set(self.agent_rows)
        names: list[str] = []
        for name, start, end in zip(self.cohort_names, self.cohort_starts, self.cohort_starts[1:], strict=False):
            is_agent = end == start + 1 and start in agents
            names += [name] if is_agent else [f"{name}#{place}" for place in range(end - start)]
        if not self.own_names:
            return names
        return [own or name for own, name in zip(self.own_names, names, strict=True)]

    def home(self, cohort: int) -> I32:
        """(n, M) row on which each trader of a cohort trades each market: its isolated row there, or its wallet."""
        start, end = self.cohort_starts[cohort], self.cohort_starts[cohort + 1]
        rows = np.repeat(np.arange(start, end, dtype=np.int32)[:, None], len(self.open_interest), axis=1)
        isolated = np.flatnonzero((self.mode == AccountMode.ISOLATED) & (self.wallet >= start) & (self.wallet < end))
        rows[self.wallet[isolated] - start, self.market[isolated]] = isolated
        return rows


@dataclass
class Draft:
    """The book while it is being drawn: wallets are laid out by `starts`, isolated rows are appended in blocks."""

    starts: list[int]  # first wallet row of each cohort and named agent, and the end
    initial_ppm: I64  # (starts[-1],)
    deposit: I64 = field(init=False)  # (starts[-1],) margin of cross positions
    beside: I64 = field(init=False)  # (starts[-1],) spare wallet money
    end: int = field(init=False)  # first free row
    blocks: list[tuple[I64, int, I64, I64]] = field(default_factory=list)  # wallets, market, deposits, initial_ppm
    positions: list[I64] = field(default_factory=lambda: [np.zeros((0, 4), np.int64)])
    leverage: list[F64] = field(default_factory=lambda: [np.zeros(0)])
    stops: list[I64] = field(default_factory=lambda: [np.zeros((0, 5), np.int64)])
    n_remargined: int = 0

    def __post_init__(self) -> None:
        """Start with no money and no positions."""
        self.end = self.starts[-1]
        self.deposit = np.zeros(self.end, np.int64)
        self.beside = np.zeros(self.end, np.int64)

    def add(self, wallets: I64, market: int, drawn: Holdings) -> None:
        """Enter positions: isolated ones get rows of their own, their spare money goes to the wallet."""
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

    def finish(
        self, names: tuple[str, ...], *, makes: Sequence[bool], n_cohorts: int, open_interest: I64
    ) -> OpeningBook:
        """Return the book. names / makes: of cohorts, then of named agents."""
        n_wallets, first = self.starts[-1], self.starts[0]
        wallet, market, mode, deposit, initial_ppm = self._rows()
        owner = np.searchsorted(np.array(self.starts), wallet, side="right") - 1
        positions = np.concatenate(self.positions)
        by_row = np.lexsort((positions[:, 1], positions[:, 0]))
        stops = np.concatenate(self.stops)
        return OpeningBook(
            first_trader=first,
            n_traders=n_wallets - first,
            wallet=wallet,
            market=market,
            mode=mode,
            initial_ppm=initial_ppm,
            deposit=deposit,
            cohort=owner.astype(np.int32),
            cohort_names=names,
            cohort_starts=tuple(self.starts),
            is_maker=np.array([*makes, False])[owner],
            is_named=owner >= n_cohorts,
            agent_rows=tuple(self.starts[n_cohorts:-1]),
            positions=positions[by_row],
            leverage=np.concatenate(self.leverage)[by_row],
            stops=stops[np.lexsort((stops[:, 1], stops[:, 0]))],
            open_interest=open_interest,
            n_remargined=self.n_remargined,
        )

    def _rows(self) -> tuple[I32, I32, npt.NDArray[np.uint8], I64, I64]:
        """Columns of all margin rows: wallet, market, mode, deposit, initial_ppm."""
        n_wallets = self.starts[-1]
        wallet = np.arange(self.end, dtype=np.int32)
        market = np.full(self.end, -1, np.int32)
        mode = np.full(self.end, AccountMode.CROSS, np.uint8)
        mode[: self.starts[0]] = AccountMode.RESERVED
        isolated = np.zeros(self.end - n_wallets, np.int64)
        deposit = np.concatenate([self.deposit, isolated])
        initial_ppm = np.concatenate([self.initial_ppm, isolated])
        at = n_wallets
        for wallets, number, money, ppm in self.blocks:
            block = slice(at, at + len(wallets))
            wallet[block], market[block], mode[block] = wallets, number, AccountMode.ISOLATED
            deposit[block], initial_ppm[block] = money, ppm
            at += len(wallets)
        return wallet, market, mode, deposit, initial_ppm
