"""The page of result tables, from the schema in `results.py`."""

from collections.abc import Iterable

from ...results import ADL_CAUSES, ADL_WAITED, EVENT_TABLES, STUDY_TABLES, TABLES, Column
from .markdown import code, page, table

_PLACES = {
    "runs": "One row a run.",
    "funds": "One row a fund.",
    "series": "One row a sample and market; from detail `series` on.",
    "accounts": "One row a margin row: a trader's wallet, an isolated position, a reserved account.",
    "transfers": "Every movement of money and contracts.",
    "fills": "Every trade.",
    "orders": "Every order that reached the exchange; detail `orders` only. Fills name an order by its `order` >> 24.",
    "liquidations": "Every liquidation of a position.",
    "adl_matches": "Every position that was closed for a bankrupt one.",
    "fund_moves": "Every payment into a fund or out of it.",
    "points": "One row a point of the design.",
    "paths": "One row a path of the reduced engine.",
}
_INTRODUCTION = """A run writes a result folder; a study writes a study folder with the same `runs` columns. Tables
are Parquet files. Money is stored exactly, as whole quanta; `manifest.json` holds the size of a quantum (`quantum`)
and the simulated share of the venue (`simulated_share`). In Python, `result.table(name)` and the methods named after
tables return the same columns as pandas frames, with money in quote units (`..._quote`).

A result folder holds `config.yaml` (resolved), `manifest.json` (hashes, seed, versions), `report.html`, and the
tables `runs/`, `funds/`, `series/`, `accounts/`, `events/<table>/`. Detail `summary` writes `runs`, `funds` and
`accounts`, `series` adds `series`, `events` (the default of `run`) adds all events but the orders, `orders` adds
every order: most of the bytes, which neither a report nor the balances of an audit need. A study folder holds
`study.yaml`, `base.yaml`, `manifest.json`, `points.parquet`, `runs/`, `paths/` (reduced engine), `report.html`.

The required fund is only a lower bound where `required_fund_is_bound`; so is the time of a first event that is -1: it
did not come within the run. If the required fund is a bound, `clearsim run` stores in `manifest.json`, under
`endless_fund`, what a second run on the same randomness with a fund that never runs dry needed:
`required_fund_quanta` with the inventory caps of the config, `without_cap_quanta` without
them (null if no cap was reached), and `seconds`. It is not part of the result hash."""


def results_page() -> str:
    """The page, as text."""
    return page(
        "Result tables",
        _INTRODUCTION,
        "## Tables of a run",
        *(_section(name, columns) for name, columns in TABLES.items() if name not in EVENT_TABLES),
        "## Events of a run (`events/`)",
        *(_section(name, columns) for name, columns in EVENT_TABLES.items()),
        "## Why ADL came",
        "`why` of `adl_matches` and the columns of `runs` with their notional, which sum to `adl_notional`.",
        table(("`why`", "column", "meaning"), ([code(c.name), code(c.column), c.sentence] for c in ADL_CAUSES)),
        f"{code(ADL_WAITED.column)}: {ADL_WAITED.sentence}; such closes have one of the causes above too.",
        "## Tables of a study",
        "`points` has one further column for each uncertainty (`u.NAME`) and each lever (`l.NAME`).",
        *(_study_section(name, columns) for name, columns in STUDY_TABLES.items()),
    )


def _section(name: str, columns: Iterable[Column]) -> str:
    rows = ([code(column.name), column.kind, column.unit, column.meaning] for column in columns)
    return f"### `{name}`\n\n{_PLACES[name]}\n\n" + table(("column", "type", "unit", "meaning"), rows)


def _study_section(name: str, columns: tuple[Column, ...]) -> str:
    if name != "runs":
        return _section(name, columns)
    own = [column for column in columns if column not in TABLES["runs"]]
    rows = ([code(column.name), column.kind, column.unit, column.meaning] for column in own)
    text = "One row a run: the columns of `runs` above, and these."
    return f"### `runs` of a study\n\n{text}\n\n" + table(("column", "type", "unit", "meaning"), rows)
