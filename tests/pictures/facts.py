"""The facts of a run against which the sentences of its page are checked, read from its tables without `analysis`.

A sentence speaks of the whole run, of one fund or of one market; `of_figure` gives the facts of what a figure shows.
"""

import json
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pyarrow.parquet as pq
import yaml

#: Columns of `accounts` that hold a component of the change in equity, apart from deposits and moves of margin.
_COMPONENTS = (
    "price", "trade_slippage", "liquidation_slippage", "takeover", "unwind", "fee", "liquidation_fee", "surplus",
    "funding", "fund", "adl", "socialised_loss", "rounding",
)  # fmt: skip
_BY_CLEARING = ("takeover", "unwind", "liquidation_fee", "surplus", "fund", "adl", "socialised_loss")


class Facts(NamedTuple):
    """What happened, in the whole run or in the markets of one fund, or in one market. Money in quanta.

    fund_lowest: the lowest balance known, of the run's row or of its samples.  moved, moved_by_clearing: whether any
    account has a component that is not 0.  detail: what the run stored.
    """

    detail: str
    quantum: float
    liquidated: int
    liquidated_accounts: int
    deleveraged_accounts: int
    deleveraged: int
    taken_over: int
    fund_initial: int
    fund_draw: int
    fund_gain: int
    fund_lowest: int
    required_fund: int
    is_bound: bool
    bound_by: str
    inventory: bool
    bankrupt_accounts: int
    changed: bool
    gained: bool
    moved: bool
    moved_by_clearing: bool
    bad_debt: int
    residual: int
    backlog_peak: int
    rounds_max_reached: int
    transfers: int


class RunFacts:
    """The facts of a result folder."""

    def __init__(self, folder: Path) -> None:
        self.manifest = json.loads((folder / "manifest.json").read_text())
        self.config = yaml.safe_load((folder / "config.yaml").read_text())
        self._folder = folder
        self.run = self._table("runs").iloc[0]
        self.accounts, self.series, self.funds = (self._table(name) for name in ("accounts", "series", "funds"))

    def _table(self, name: str) -> pd.DataFrame:
        parts = sorted(self._folder.glob(f"{name}/*.parquet"))
        return pd.concat([pq.read_table(part).to_pandas() for part in parts]) if parts else pd.DataFrame()

    @property
    def span_ms(self) -> tuple[float, float] | None:
        """Start and end since 1970, None if the run has no date."""
        if not self.manifest.get("start_utc"):
            return None
        start = pd.Timestamp(self.manifest["start_utc"]).timestamp() * 1000
        return start, start + int(self.run["duration_ms"])

    def whole(self) -> Facts:
        """The facts of the whole run."""
        run, accounts = self.run, self.accounts
        result = accounts["equity_final_quanta"] - accounts["equity_initial_quanta"]
        parts = [name for name in _COMPONENTS if f"{name}_quanta" in accounts]
        return Facts(
            detail=str(self.manifest["detail"]),
            quantum=float(self.manifest["quantum"]),
            liquidated=int(run["liquidated_notional_quanta"]),
            liquidated_accounts=int(run["liquidated_accounts"]),
            deleveraged_accounts=int(run["adl_accounts"]),
            deleveraged=int(run["adl_notional_quanta"]),
            taken_over=int(run["taken_over_quanta"]),
            fund_initial=int(run["fund_initial_quanta"]),
            fund_draw=int(run["fund_draw_quanta"]),
            fund_gain=int(run["fund_gain_quanta"]),
            fund_lowest=int(run["fund_min_quanta"]),
            required_fund=int(run["required_fund_quanta"]),
            is_bound=bool(run["required_fund_is_bound"]),
            bound_by=str(run["required_fund_bound_by"]),
            inventory=bool(len(self.series) and self.series["inventory_lots"].any()),
            bankrupt_accounts=int(accounts["bankrupt"].sum()),
            changed=bool(result.any()),
            gained=bool((result - accounts["deposit_quanta"]).any()),
            moved=any(accounts[f"{name}_quanta"].any() for name in parts),
            moved_by_clearing=any(accounts[f"{name}_quanta"].any() for name in _BY_CLEARING),
            bad_debt=int(run["bad_debt_quanta"]),
            residual=int(run["residual_quanta"]),
            backlog_peak=int(run["backlog_peak"]),
            rounds_max_reached=int(run["rounds_max_reached"]),
            transfers=int(self.manifest.get("row_counts", {}).get("transfers", 0)),
        )

    def of_figure(self, figure: str) -> Facts:
        """The facts of the fund or the market that a figure is about by its name, else of the run."""
        for scope in self.config.get("funds") or []:
            if figure == f"fund-{scope['name']}" and len(self.config["funds"]) > 1:
                return self._of_fund(str(scope["name"]), [str(market) for market in scope["markets"]])
        for market in self.manifest["markets"]:
            if figure.endswith(f"-{market}"):
                return self._of_markets([market])
        return self.whole()

    def _of_markets(self, markets: list[str]) -> Facts:
        if self.series.empty:
            return self.whole()
        samples = self.series[self.series["market"].isin(markets)]
        last = samples.groupby("market").last()

        def total(name: str) -> int:
            return int(sum(int(value) for value in last[name]))

        return self.whole()._replace(
            liquidated=total("liquidated_long_quanta") + total("liquidated_short_quanta"),
            liquidated_accounts=total("liquidated_accounts"),
            deleveraged=total("adl_notional_quanta"),
            fund_draw=total("fund_draw_quanta"),
            fund_gain=total("fund_gain_quanta"),
            inventory=bool(samples["inventory_lots"].any()),
        )

    def _of_fund(self, name: str, markets: list[str]) -> Facts:
        row: Any = self.funds[self.funds["fund"] == name].iloc[0]
        lowest = int(self.series.loc[self.series["market"].isin(markets), "fund_quanta"].min())
        return self._of_markets(markets)._replace(
            fund_initial=int(row["initial_quanta"]),
            fund_draw=int(row["draw_quanta"]),
            fund_gain=int(row["gain_quanta"]),
            fund_lowest=lowest,
            required_fund=int(row["required_fund_quanta"]),
            is_bound=bool(row["required_fund_is_bound"]),
            bound_by=str(row["required_fund_bound_by"]),
        )
