"""An auditor of the exchange that shares no code with it: plain Python integers in dicts, fed with the transfer log.

It knows the published rules (RULES.md), who owns which row, and the published marks. It replays every transfer and
raises AssertionError where one breaks a rule; the state machine compares what it holds with the kernels' balances.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MILLION = 1_000_000


@dataclass(frozen=True)
class AuditedMarket:
    """What is published of a market. tiers: (floor, maintenance ppm, deduction) in quanta."""

    name: str
    tick_value: int  # quanta per tick per lot
    tiers: Sequence[tuple[int, int, int]]
    base: str = "mark"  # mark | entry | mark_plus_fee
    close_fee_ppm: int = 0
    at_or_below: bool = False


class Auditor:
    """Balances by replay. `wallet_of[row]` is a trader's cross row; isolated rows have another wallet than
    themselves."""

    def __init__(self, markets: Sequence[AuditedMarket], wallet_of: Mapping[int, int], fund: int, engine: int) -> None:
        self.markets = {market.name: market for market in markets}
        self.wallet_of = dict(wallet_of)
        self.isolated = {row for row, wallet in self.wallet_of.items() if row != wallet}
        self.fund, self.engine = fund, engine
        self.quote: dict[int, int] = defaultdict(int)
        self.lots: dict[tuple[int, str], int] = defaultdict(int)
        self.cost: dict[tuple[int, str], int] = defaultdict(int)
        self.paid_in: dict[int, int] = defaultdict(int)  # deposits and margin moves, net
        self.mark: dict[str, int] = {}
        self.last_seq = -1
        self.counts: dict[str, int] = defaultdict(int)

    # -- replay --------------------------------------------------------------------------------------------------------

    def take(self, transfers: Iterable[Mapping[str, Any]], counterparties: Mapping[int, int], top_up: bool) -> None:
        """Book transfers in their order. counterparties: seq of an ADL transfer -> the row that was deleveraged.

        top_up: True if the step asked to move money from a wallet to an isolated row.
        """
        for item in transfers:
            assert item["seq"] > self.last_seq, "sequence numbers must rise"
            self.last_seq = item["seq"]
            self.counts[item["reason"]] += 1
            self._judge_before(item, counterparties, top_up)
            self._book(item)
            self._judge_after(item, counterparties)

    def _book(self, item: Mapping[str, Any]) -> None:
        payer, payee, quote, lots, market = (item[key] for key in ("payer", "payee", "quote_quanta", "lots", "market"))
        self.quote[payer] -= quote
        self.quote[payee] += quote
        if item["reason"] in ("DEPOSIT", "MARGIN_MOVE"):
            self.paid_in[payer] -= quote
            self.paid_in[payee] += quote
        if lots:
            self._change(payer, market, lots, quote)
            self._change(payee, market, -lots, -quote)

    def _change(self, row: int, market: str, change: int, value: int) -> None:
        """CLR-LDG-002: average entry, rounded down."""
        key = (row, market)
        before, after = self.lots[key], self.lots[key] + change
        if before == 0 or (before > 0) == (change > 0):
            self.cost[key] += value
        elif after == 0:
            self.cost[key] = 0
        elif (after > 0) == (before > 0):
            self.cost[key] = self.cost[key] * abs(after) // abs(before)
        else:
            self.cost[key] = value * abs(after) // abs(change)
        self.lots[key] = after

    def _judge_before(self, item: Mapping[str, Any], counterparties: Mapping[int, int], top_up: bool) -> None:
        payer, payee, reason = item["payer"], item["payee"], item["reason"]
        assert payer != payee
        if reason == "FEE":
            assert payer not in self.isolated, "the wallet pays the fees of an isolated position"
        if reason == "MARGIN_MOVE" and payee in self.isolated:
            assert top_up, "nobody but the trader moves money from a wallet into an isolated position"
        if reason == "ADL":
            row = counterparties[item["seq"]]
            assert row in (payer, payee)
            assert self.gain(row, item["market"]) > 0, "ADL reduces winners only"
        if reason in ("TRADE", "LIQUIDATION", "UNWIND") and item["lots"]:
            ticks = item["quote_quanta"] / (item["lots"] * self.markets[item["market"]].tick_value)
            assert ticks == int(ticks) > 0, "a fill is at a whole price"
        if reason == "SOCIALISED_LOSS" and item["lots"]:
            value = item["lots"] * self.unit(item["market"])
            assert item["quote_quanta"] == value, "a tear-up is at mark: nobody's equity changes"

    def _judge_after(self, item: Mapping[str, Any], counterparties: Mapping[int, int]) -> None:
        payer, payee, reason = item["payer"], item["payee"], item["reason"]
        assert self.quote[self.fund] >= 0, "the fund never goes below zero"
        if reason == "FUND_DRAW":
            assert payer == self.fund
            assert self.equity(payee) <= 0, "the fund pays what is owed and not more"
        if reason == "SOCIALISED_LOSS" and not item["lots"]:
            assert item["quote_quanta"] >= 0
            if payer in self.wallet_of:
                assert self.equity(payer) >= 0, "no winner pays more than it has"
        if reason == "ADL":
            row = counterparties[item["seq"]]
            change = item["lots"] if row == payer else -item["lots"]
            after = self.lots[row, item["market"]]
            before = after - change
            assert 0 <= after * (1 if before > 0 else -1) < abs(before), "ADL reduces and never flips"
            assert self.equity(row) >= 0, "ADL takes no counterparty below zero"

    # -- what the rules say of a row -----------------------------------------------------------------------------------

    def unit(self, market: str) -> int:
        """Quanta that one lot is worth at mark."""
        return self.mark[market] * self.markets[market].tick_value

    def gain(self, row: int, market: str) -> int:
        """Unrealised profit at mark."""
        return self.lots[row, market] * self.unit(market) - self.cost[row, market]

    def equity(self, row: int) -> int:
        """Quote plus lots at mark."""
        return self.quote[row] + sum(self.lots[row, name] * self.unit(name) for name in self.markets)

    def maintenance(self, row: int, name: str) -> int:
        """CLR-MRG-001 and CLR-MRG-002: ceil(base x rate) - deduction, in the tier of the base."""
        market, lots = self.markets[name], self.lots[row, name]
        if lots == 0:
            return 0
        base = abs(self.cost[row, name]) if market.base == "entry" else abs(lots) * self.unit(name)
        _, rate, deduction = [tier for tier in market.tiers if tier[0] <= base][-1]
        if market.base == "mark_plus_fee":
            rate += market.close_fee_ppm
        return max(0, -(-base * rate // MILLION) - deduction)

    def is_distressed(self, row: int) -> bool:
        """CLR-MRG-003, CLR-MRG-013."""
        held = [name for name in self.markets if self.lots[row, name]]
        left = self.equity(row) - sum(self.maintenance(row, name) for name in held)
        return left < 0 or (left == 0 and any(self.markets[name].at_or_below for name in held))

    def distressed(self) -> set[int]:
        """Every trader's row that the rules call distressed at the present marks."""
        return {row for row in self.wallet_of if self.is_distressed(row)}

    # -- sums ----------------------------------------------------------------------------------------------------------

    def check_sums(self) -> None:
        """CLR-LDG-001."""
        assert sum(self.quote.values()) == 0
        for name in self.markets:
            assert sum(lots for (_, market), lots in self.lots.items() if market == name) == 0
