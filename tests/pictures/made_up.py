"""Pages drawn without a simulator, from made-up result folders: one of each kind of chart, and the edges of what a run
can hold. Each function writes a page into a folder and returns its path.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import clearsim
import numpy as np
import pandas as pd
from clearsim.analysis.charts.chart_context import StudyContext
from clearsim.analysis.charts.study.engines import draw_engines
from clearsim.analysis.charts.validation_bands import figure as draw_bands
from clearsim.analysis.estimators.estimate import Estimate
from clearsim.analysis.reports.page import embed, page, save_page
from clearsim.analysis.reports.run_report import write_report
from clearsim.analysis.reports.study_report import write_study_report
from clearsim.analysis.validation.score import TargetScore, judge, reason_of
from clearsim.analysis.validation.spread import spread_of

from tests.worlds.accounts import FIRST, FUND, OUTSIDE, QUANTUM, make_blank_accounts
from tests.worlds.results import write_folder, write_quiet, write_rich
from tests.worlds.samples import make_runs, make_series
from tests.worlds.studies import cut_off, write_study

#: A page: the folder it may fill -> the path of its HTML.
Draw = Callable[[Path], Path]


def quiet_market(folder: Path, *, traders: int, equity: int, samples: int | None = None) -> Path:
    """A run in which nothing happens to traders with this equity each; it keeps the first `samples` samples."""
    accounts = make_blank_accounts([("traders", traders)])
    accounts["equity_initial_quanta"][FIRST:] = equity * QUANTUM
    accounts["equity_initial_quanta"][FUND] = equity * QUANTUM
    accounts["equity_initial_quanta"][OUTSIDE] = -(traders + 1) * equity * QUANTUM
    accounts["equity_final_quanta"] = accounts["equity_initial_quanta"].copy()
    for when in ("initial", "final"):
        accounts[f"notional_{when}_quanta"][FIRST:] = 3 * equity * QUANTUM
    accounts["role"][FIRST:] = ["flat or unchanged"] * traders
    series = make_series(("BTCUSDT",), crash=False, accounts=accounts)
    if not equity:
        for name in [name for name in series if name.endswith(("_quanta", "_lots"))]:
            series[name] = 0 * series[name]
    if samples is not None:
        series = {name: values[:samples] for name, values in series.items()}
    tables = {"runs": make_runs(accounts, series, {}, n_traders=traders), "accounts": accounts, "series": series}
    return write_report(write_folder(folder / "run", tables, detail="events", markets=("BTCUSDT",)))


def crowded_market(folder: Path, *, traders: int) -> Path:
    """A fall of 4.5% that this many traders, every other of them long, pay to each other; nobody is liquidated."""
    accounts = make_blank_accounts([("longs", traders // 2), ("shorts", traders - traders // 2)])
    n_longs = traders // 2
    equity = np.exp(np.random.default_rng(1).normal(7, 1.5, traders)).astype(np.int64) * QUANTUM
    accounts["equity_initial_quanta"][FIRST:] = equity
    accounts["equity_initial_quanta"][OUTSIDE] = -int(equity.sum())
    notional = 5 * QUANTUM * np.ones(traders, np.int64)
    accounts["notional_initial_quanta"][FIRST:] = accounts["notional_final_quanta"][FIRST:] = notional
    paid = notional[:n_longs] * 45 // 1000
    accounts["price_quanta"][FIRST : FIRST + n_longs] = -paid
    accounts["price_quanta"][FIRST + n_longs : FIRST + 2 * n_longs] = paid
    accounts["equity_final_quanta"] = accounts["equity_initial_quanta"] + accounts["price_quanta"]
    change = accounts["price_quanta"][FIRST:]
    roles = np.select([change > 0, change < 0], ["winners", "other losers"], "flat or unchanged")
    accounts["role"] = [*accounts["role"][:FIRST], *roles]
    series = make_series(("BTCUSDT",), crash=True, accounts=accounts)
    series["inventory_lots"] = 0 * series["inventory_lots"]
    series["fund_equity_quanta"] = series["fund_quanta"].copy()
    tables = {"runs": make_runs(accounts, series, {}, n_traders=traders), "accounts": accounts, "series": series}
    return write_report(write_folder(folder / "run", tables, detail="series", markets=("BTCUSDT",)))


#: Runs that hold little, much or nothing.
EDGE_RUNS: dict[str, Draw] = {
    "every layer, two markets": lambda folder: write_report(write_rich(folder / "run")),
    "nothing happened": lambda folder: write_report(write_quiet(folder / "run")),
    "one account, one sample": lambda folder: quiet_market(folder, traders=1, equity=1_000, samples=1),
    "all zero": lambda folder: quiet_market(folder, traders=3, equity=0),
    "summary only": lambda folder: write_report(write_rich(folder / "run", detail="summary")),
    "no events": lambda folder: write_report(write_rich(folder / "run", detail="series")),
}


def made_up_study(folder: Path, *, cut: bool = False, tables: bool = False, outcomes: str = "", **how: Any) -> Path:
    """The report of a made-up study; cut: required funds at the fund; tables: with those of other commands; outcomes:
    those that it names."""
    study = write_study(folder / "study", **how) / "study.yaml"
    study.write_text(study.read_text() + (f"outcomes: {outcomes}\n" if outcomes else ""))
    if cut:
        cut_off(folder / "study")
    if tables:
        _other_commands(folder / "study", arms=len(how.get("arms", "1")))
    return write_study_report(folder / "study")


def _other_commands(study: Path, *, arms: int) -> None:
    """The tables that reverse-stress, size-fund, unnecessary-liquidations and fund paths leave in a study's folder."""
    shares = [Estimate(s, s / 2, 2 * s, 0.95, "made up", 5, -1).row() for s in 0.1 * np.arange(1, arms + 1)]
    pd.DataFrame([{"arm": arm, **share} for arm, share in enumerate(shares)]).to_parquet(study / "unneeded.parquet")
    losses = np.array([0.0, 0.5, 0.9])
    jump = np.array([np.nan, 0.2, 0.1])
    frontier = {"depth_loss": losses, "concentration": 0.1, "jump": jump, "jump_low": jump - 0.02,
                "jump_high": jump + 0.02, "searched_to": 0.3, "n": 5}  # fmt: skip
    pd.DataFrame(frontier).to_parquet(study / "reverse_stress.parquet")
    pd.DataFrame({"fund": [0.0, 1e7], "probability": [0.5, 0.01]}).to_parquet(study / "baseline.parquet")
    _estimates().to_parquet(study / "estimators.parquet")
    days = np.repeat([0.0, 10.0, 30.0], 3)
    share = np.tile([0.05, 0.5, 0.95], 3)
    fan = {"time_days": days, "quantile": share, "fund": 5e6 - 1e5 * days * (1 - share), "n": 400}
    pd.DataFrame(fan).to_parquet(study / "fund_paths.parquet")


def _estimates() -> pd.DataFrame:
    crude = Estimate(0.01, 0.005, 0.02, 0.95, "crude, Clopper-Pearson", 1000, 10, seconds=2.0, variance_reduction=1.0)
    weighted = Estimate(0.011, 0.01, 0.012, 0.95, "importance sampling", 1000, 300, seconds=3.0, variance_reduction=40)
    return pd.DataFrame([crude.row(), weighted.row()])


def validation(folder: Path) -> Path:
    """The chart of `validate`: a target met, one missed far beyond its band, one without a number."""
    values = {"index_fall": (0.1, 0.11, 0.12), "adl_runs": (3.0, 3.1, 2.9), "fund_loss": ()}
    scores = [_score(metric, of) for metric, of in values.items()]
    body = "".join(embed(name, draw_bands(of)) for name, of in (("bands", scores), ("bands-met", scores[:1])))
    return save_page(folder / "page.html", page(title="validation", body=body))


def _score(metric: str, values: tuple[float, ...]) -> TargetScore:
    spread = spread_of(values, is_yes_or_no=False) if values else None
    passed, firm = judge(spread, low=0.0, high=0.15)
    return TargetScore(
        scenario="made-up", kind="historical", metric=metric, meaning="m", unit="fraction", low=0.0, high=0.15,
        status="recorded", source="made up", date="2020", note="", is_input=False, used_for=(), values=values,
        spread=spread, passed=passed, is_firm=firm, reason=reason_of(spread, error=""),
    )  # fmt: skip


def engines(folder: Path) -> Path:
    """The comparison of two engines over three falls."""
    rows = [
        {"arm": arm, "x": fall, "value": 1e6 * fall * size, "low": 0.9e6 * fall * size, "high": 1.1e6 * fall * size,
         "ratio": size, "ratio_low": 0.9 * size, "ratio_high": 1.1 * size, "n": 20}
        for arm, size in (("full", 1.0), ("reduced", 1.4)) for fall in (0.05, 0.1, 0.2)
    ]  # fmt: skip
    context = StudyContext("made-up", 7, 120, study_hash="5" * 64)
    figure = draw_engines(
        pd.DataFrame(rows), context, outcome="required fund", unit="USDT", is_money=True, factor="fall", than="full"
    )
    return save_page(folder / "page.html", page(title="engines", body=embed("engines-required-fund", figure)))


def fund_history_page(folder: Path) -> Path:
    """A fund that grows by a thousand a day for 120 days, and pays 60,000 on the sixtieth."""
    days = pd.date_range("2025-01-01", periods=120).strftime("%Y-%m-%d")
    balance = 1_000_000 + 1_000 * np.arange(120) - np.where(np.arange(120) >= 60, 60_000, 0)
    rows = [f"{day},{amount}" for day, amount in zip(days, balance.tolist(), strict=True)]
    history = folder / "fund-days.csv"
    history.write_text("\n".join(["date_utc,balance (USDT)", *rows]) + "\n")
    return clearsim.fund_history(history).save(folder)[0]


_LONG = ("pro rata", "the queue by profit and leverage", "an equal share of every winner, smallest remainders first")
#: Studies of every design, and pages of other commands.
STUDY_PAGES: dict[str, Draw] = {
    "one point": lambda folder: made_up_study(folder, tables=True),
    "arms": lambda folder: made_up_study(folder, arms=_LONG, tables=True),
    "arms of full runs": lambda folder: made_up_study(
        folder, arms=_LONG, fidelity="full", replications=6, outcomes="[required_fund_quanta, step_ratio_worst]"
    ),
    "arms of full runs, bounds": lambda folder: made_up_study(
        folder, cut=True, arms=("a", "b"), fidelity="full", replications=12, answer=False, scale=3.0
    ),
    "Saltelli": lambda folder: made_up_study(folder, kind="saltelli"),
    "Latin hypercube": lambda folder: made_up_study(folder, kind="latin_hypercube"),
    "grid": lambda folder: made_up_study(folder, kind="grid"),
    "grid of full runs, bounds": lambda folder: made_up_study(folder, cut=True, kind="grid", fidelity="full"),
    "one at a time": lambda folder: made_up_study(folder, kind="one_at_a_time"),
    "no loss": lambda folder: made_up_study(folder, kind="grid", scale=1e-9),
    "every run failed": lambda folder: made_up_study(folder, failed=2),
    "weighted paths": lambda folder: made_up_study(folder, weighted=True),
    "validation": validation,
    "engines": engines,
    "history of a fund": fund_history_page,
}
