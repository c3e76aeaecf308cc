"""The layouts of downloaded files by name: what each holds, how it is recognised, how it is read."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal, get_args

from ..config.nearest import nearest_hint
from ..errors import ConfigError, InputDataError
from . import csv_layouts as of_csv
from . import json_layouts as of_json
from .observations import Observation, Reader
from .source import Source

Kind = Literal["fund", "open_interest", "liquidations", "index"]
KINDS: tuple[str, ...] = get_args(Kind)
#: Column of the daily history that a kind fills; prices have a file of their own.
COLUMN_OF = {"fund": "balance", "open_interest": "open_interest", "liquidations": "liquidated"}


@dataclass(frozen=True)
class Layout:
    """A layout.  is_flow: values of a day are added up; else the last of a day counts.

    is_result: daily profit and loss instead of a balance.
    """

    name: str
    kind: str
    origin: str
    detect: Callable[[Source], bool]
    read: Callable[[Source, Reader], Iterator[Observation]]
    is_flow: bool = False
    is_result: bool = False


def _hyperliquid(name: str, kind: str, file: str, column: str, *, is_flow: bool) -> Layout:
    return Layout(
        name,
        kind,
        f"Hyperliquid statistics, {file}",
        partial(of_json.is_hyperliquid, column=column),
        partial(of_json.read_hyperliquid, column=column),
        is_flow=is_flow,
        is_result=column == "total_pnl",
    )


LAYOUTS = (
    Layout("bitmex", "fund", "BitMEX /api/v1/insurance, JSON", of_json.is_bitmex, of_json.read_bitmex),
    Layout(
        "bitmex-csv",
        "fund",
        "BitMEX /api/v1/insurance, CSV",
        lambda source: of_csv.has(source, of_csv.BITMEX),
        of_csv.read_bitmex,
    ),
    Layout("bybit", "fund", "Bybit /v5/market/insurance", of_json.is_bybit, of_json.read_bybit),
    Layout("okx", "fund", "OKX /api/v5/public/insurance-fund", of_json.is_okx, of_json.read_okx),
    Layout("htx", "fund", "HTX swap_insurance_fund", of_json.is_htx, of_json.read_htx),
    Layout("gate", "fund", "Gate /futures/{settle}/insurance", of_json.is_gate, of_json.read_gate),
    Layout("cryptocom", "fund", "Crypto.com public/get-insurance", of_json.is_cryptocom, of_json.read_cryptocom),
    _hyperliquid("hyperliquid-pnl", "fund", "hlp_liquidator_pnl", "total_pnl", is_flow=True),
    _hyperliquid("hyperliquid-open-interest", "open_interest", "open_interest", "open_interest", is_flow=False),
    _hyperliquid(
        "hyperliquid-liquidated",
        "liquidations",
        "daily_notional_liquidated_by_coin",
        "daily_notional_liquidated",
        is_flow=True,
    ),
    Layout(
        "binance-metrics",
        "open_interest",
        "Binance public files, futures metrics",
        lambda source: of_csv.has(source, of_csv.METRICS),
        of_csv.read_metrics,
    ),
    Layout(
        "binance-liquidations",
        "liquidations",
        "Binance public files, liquidationSnapshot",
        lambda source: of_csv.has(source, of_csv.LIQUIDATIONS),
        of_csv.read_liquidations,
        is_flow=True,
    ),
)
#: Prices: candles, which `candles.py` reads.
CANDLES = "binance-klines"


def layout_names(kind: str) -> list[str]:
    """Names of the layouts of a kind."""
    return [CANDLES] if kind == "index" else [layout.name for layout in LAYOUTS if layout.kind == kind]


def require_kind(kind: str) -> None:
    """ConfigError if there is no such kind."""
    if kind not in KINDS:
        raise ConfigError(f"kind must be one of {', '.join(KINDS)}, found {kind!r}{nearest_hint(kind, KINDS)}")


def require_layout(name: str, kind: str) -> None:
    """ConfigError if no layout of this kind has the name."""
    names = layout_names(kind)
    if name not in names:
        hint = nearest_hint(name, names)
        raise ConfigError(f"layout of kind {kind} must be one of {', '.join(names)}, found {name!r}{hint}")


def layout_of(source: Source, kind: str, name: str | None) -> Layout:
    """The named layout, or the one that the file has; InputDataError if the file has not got it."""
    of_kind = [layout for layout in LAYOUTS if layout.kind == kind and name in (None, layout.name)]
    for layout in of_kind:
        if layout.detect(source):
            return layout
    others = [layout for layout in LAYOUTS if layout.kind != kind and layout.detect(source)]
    if others:
        wrong = f": it is {others[0].origin}, kind {others[0].kind}"
    else:
        wrong = f"; expected {' or '.join(f'{layout.name} ({layout.origin})' for layout in of_kind)}"
    raise InputDataError(f"{source.path}: is not in {f'layout {name}' if name else f'a known layout of {kind}'}{wrong}")
