"""The independent path to all balances: replays the transfer log with numpy, sharing no code with the ledger.

Decides nothing and changes nothing. `replay` reads log rows, `replay_folder` the transfers table of a result folder,
and `audit_folder` compares a folder with itself: its transfers must add up to the equities its accounts table states,
and hold the trades that its other tables show (`audit_trades.py`).
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ConservationError, ResultError
from ..layout import I64, Reason, Records
from ..manifest_fields import OF_A_RUN, problem_of_manifest
from .audit_trades import compare_fills, compare_orders


@dataclass(frozen=True)
class Balances:
    """Holdings of every row: quote (A,) quanta, lots (A, M), and the quote received per reason, (A, R) quanta."""

    quote: I64
    lots: I64
    received: I64

    @classmethod
    def empty(cls, n_rows: int, n_markets: int) -> "Balances":
        """Rows that hold nothing."""
        return cls(
            np.zeros(n_rows, np.int64),
            np.zeros((n_rows, n_markets), np.int64),
            np.zeros((n_rows, len(Reason)), np.int64),
        )

    def add(self, *, payer: I64, payee: I64, quote: I64, lots: I64, market: I64, reason: I64) -> None:
        """Book columns of transfers: the payer pays the quote and receives the lots."""
        for rows, sign in ((payer, -1), (payee, 1)):
            np.add.at(self.quote, rows, sign * quote)
            np.add.at(self.received, (rows, reason), sign * quote)
            np.add.at(self.lots, (rows, market), -sign * lots)

    def equity(self, unit_values: Sequence[int]) -> I64:
        """Quote plus lots at the given quanta per lot of each market, (A,) quanta."""
        return np.asarray(self.quote + self.lots @ np.asarray(unit_values, np.int64))


def replay(transfers: Records | Iterable[Records], n_rows: int, n_markets: int) -> Balances:
    """Return the balances that log rows (n, TRANSFER_DTYPE), or parts of them in any order, produce from zero."""
    balances = Balances.empty(n_rows, n_markets)
    for part in (transfers,) if isinstance(transfers, np.ndarray) else transfers:
        balances.add(
            payer=part["payer"],
            payee=part["payee"],
            quote=part["quote"],
            lots=part["lots"],
            market=part["market"],
            reason=part["reason"],
        )
    return balances


def replay_folder(folder: Path) -> Balances:
    """Return the balances that the transfers table of a result folder produces; ResultError if it has none."""
    import pyarrow.parquet as pq

    parts = sorted((folder / "events" / "transfers").glob("*.parquet"))
    if not folder.is_dir():
        raise ResultError(f"{folder}: is not a folder; give the folder of a run's results")
    if not parts:
        raise ResultError(f"{folder}: no transfers table; run with --detail events")
    markets = list(_manifest(folder)["markets"])
    accounts = _read(folder, "accounts", ["account"])["account"]
    balances = Balances.empty(int(np.max(accounts)) + 1, len(markets))
    places = {"": 0} | {name: i for i, name in enumerate(markets)}
    numbers = {reason.name: int(reason) for reason in Reason}
    for part in parts:
        table = pq.read_table(part, columns=["payer", "payee", "quote_quanta", "lots", "market", "reason"])
        balances.add(
            payer=table["payer"].to_numpy().astype(np.int64),
            payee=table["payee"].to_numpy().astype(np.int64),
            quote=table["quote_quanta"].to_numpy(),
            lots=table["lots"].to_numpy(),
            market=np.array([places[name] for name in table["market"].to_pylist()], np.int64),
            reason=np.array([numbers[name] for name in table["reason"].to_pylist()], np.int64),
        )
    return balances


#: What reading damaged tables raises: Arrow's errors are of these classes.
_DAMAGE = (OSError, ValueError, KeyError, IndexError, TypeError, OverflowError)


@dataclass(frozen=True)
class FolderAudit:
    """Result of an audit: the log sums to zero, holds every trade, and (if compared) gives the equities stated in the
    folder; the trades are those of the orders, if it has any."""

    balances: Balances
    transfers: int
    accounts: int
    equities_compared: bool
    fills: int
    orders: int | None  # orders that traded at once; None: the folder has no orders


def audit_folder(folder: Path) -> FolderAudit:
    """Replay the transfers of a folder; ConservationError unless they sum to zero and give the stated final equities.

    The final marks are those of the last sample in the series; a folder whose last sample is not the end of the run
    has its sums checked only. Fills must be the trades among the transfers; orders, where there are any, must have
    traded what the fills say.
    """
    try:
        return _audited(folder)
    except _DAMAGE as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ResultError(f"{folder}: its tables are damaged or do not fit each other: {first}") from error


def _audited(folder: Path) -> FolderAudit:
    balances = replay_folder(folder)
    if int(balances.quote.sum()) or balances.lots.sum(axis=0).any():
        raise ConservationError(
            f"{folder}: the transfers sum to {int(balances.quote.sum())} quanta and"
            f" {balances.lots.sum(axis=0).tolist()} lots, not 0"
        )
    values = _final_unit_values(folder)
    accounts = _read(folder, "accounts", ["account", "equity_final_quanta"])
    if values:
        gap = balances.equity(values)[accounts["account"]] - accounts["equity_final_quanta"]
        if gap.any():
            first = int(np.flatnonzero(gap)[0])
            raise ConservationError(
                f"{folder}: the transfers leave account {int(accounts['account'][first])} with {int(gap[first])} quanta"
                " more than the accounts table states"
            )
    return FolderAudit(
        balances,
        transfers=_n_rows(folder),
        accounts=len(accounts["account"]),
        equities_compared=bool(values),
        fills=compare_fills(folder),
        orders=compare_orders(folder),
    )


def _n_rows(folder: Path) -> int:
    """Rows of the transfers table."""
    import pyarrow.parquet as pq

    parts = (folder / "events" / "transfers").glob("*.parquet")
    return sum(int(pq.read_metadata(part).num_rows) for part in parts)


def _final_unit_values(folder: Path) -> list[int]:
    """Quanta per lot of each market at the end of the run; empty if the last sample is earlier than the end."""
    manifest = _manifest(folder)
    series = _read(folder, "series", ["time_ms", "market", "mark_price"])
    end = int(_read(folder, "runs", ["duration_ms"])["duration_ms"][0])
    values = []
    for name in manifest["markets"]:
        last = np.flatnonzero(series["market"] == name)[-1:]
        if not len(last) or int(series["time_ms"][last[0]]) != end:
            return []
        tick, lot = Decimal(manifest["tick_sizes"][name]), Decimal(manifest["lot_sizes"][name])
        ticks = round(Decimal(float(series["mark_price"][last[0]])) / tick)
        values.append(int(ticks * tick * lot / Decimal(manifest["quantum"])))
    return values


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / "manifest.json"
    if not path.is_file():
        raise ResultError(f"{folder}: no manifest.json; is this a result folder?")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ResultError(f"{path}: is not valid JSON: {error}") from error
    problem = problem_of_manifest(manifest, required=OF_A_RUN) if isinstance(manifest, dict) else "must be a mapping"
    if problem:
        raise ResultError(f"{path}: {problem}; it was changed or damaged")
    return dict(manifest)


def _read(folder: Path, table: str, columns: list[str]) -> dict[str, npt.NDArray[Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    parts = [pq.read_table(part, columns=columns) for part in sorted((folder / table).glob("*.parquet"))]
    if not parts:
        return {name: np.array([]) for name in columns}
    whole = pa.concat_tables(parts)
    return {name: whole[name].to_numpy() for name in columns}
