"""Every name of `clearsim.analysis` that the API uses, imported on first use; its errors become clearsim errors.

The one place to change when a module of the analysis moves.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

from clearsim.analysis.errors import AnalysisError as AnalysisError

from ..errors import ClearsimError

if TYPE_CHECKING:
    from clearsim.analysis.backtest.model import Model as Model
    from clearsim.analysis.backtest.own_history import own_liquidations as own_liquidations
    from clearsim.analysis.backtest.panel import hold as hold
    from clearsim.analysis.backtest.records import LargestFall as LargestFall
    from clearsim.analysis.backtest.records import Record as Record
    from clearsim.analysis.backtest.records import RecordedFalls as RecordedFalls
    from clearsim.analysis.backtest.records import RecordedLiquidations as RecordedLiquidations
    from clearsim.analysis.backtest.windows import Report as Report
    from clearsim.analysis.backtest.windows import Windows as Windows
    from clearsim.analysis.backtest.windows import gap_notes as gap_notes
    from clearsim.analysis.backtest.windows import of_balances as of_balances
    from clearsim.analysis.backtest.windows import of_reports as of_reports
    from clearsim.analysis.bounds import bounds_text as bounds_text
    from clearsim.analysis.calibration.common_falls import CoinFalls as CoinFalls
    from clearsim.analysis.calibration.common_falls import CommonFalls as CommonFalls
    from clearsim.analysis.calibration.common_falls import common_falls as common_falls
    from clearsim.analysis.calibration.fall_shares import DELAYS_S as DELAYS_S
    from clearsim.analysis.calibration.fall_shares import MIN_FALLS as MIN_FALLS
    from clearsim.analysis.calibration.fall_shares import FallShares as FallShares
    from clearsim.analysis.calibration.fall_shares import shares_within as shares_within
    from clearsim.analysis.calibration.fit import BookFit as BookFit
    from clearsim.analysis.calibration.fit import LeverageFit as LeverageFit
    from clearsim.analysis.calibration.fit import MarketFit as MarketFit
    from clearsim.analysis.calibration.fit import SizeFit as SizeFit
    from clearsim.analysis.calibration.fit import fit_book as fit_book
    from clearsim.analysis.calibration.price_windows import F64 as F64
    from clearsim.analysis.calibration.price_windows import I64 as I64
    from clearsim.analysis.calibration.price_windows import PriceRows as PriceRows
    from clearsim.analysis.calibration.price_windows import largest_falls as largest_falls
    from clearsim.analysis.calibration.price_windows import one_per_run as one_per_run
    from clearsim.analysis.calibration.threshold_table import BLOCK_DAYS as BLOCK_DAYS
    from clearsim.analysis.calibration.threshold_table import MAX_PER_YEAR as MAX_PER_YEAR
    from clearsim.analysis.calibration.threshold_table import MIN_BLOCKS as MIN_BLOCKS
    from clearsim.analysis.calibration.threshold_table import Resampled as Resampled
    from clearsim.analysis.calibration.threshold_table import TailFit as TailFit
    from clearsim.analysis.calibration.threshold_table import fit_tail as fit_tail
    from clearsim.analysis.calibration.threshold_table import resample as resample
    from clearsim.analysis.charts.chart_context import StudyContext as StudyContext
    from clearsim.analysis.charts.fund_history import HistoryContext as HistoryContext
    from clearsim.analysis.charts.fund_history import draw_fund_history as draw_fund_history
    from clearsim.analysis.charts.study.estimators import draw_estimators as draw_estimators
    from clearsim.analysis.charts.study.fund_fan import fan_frame as fan_frame
    from clearsim.analysis.charts.study.reverse_stress import draw_reverse_stress as draw_reverse_stress
    from clearsim.analysis.csv_text import csv_text as csv_text
    from clearsim.analysis.csv_text import defused as defused
    from clearsim.analysis.estimators.estimate import Estimate as Estimate
    from clearsim.analysis.estimators.estimate import RefusedError as RefusedError
    from clearsim.analysis.estimators.intervals import clopper_pearson as clopper_pearson
    from clearsim.analysis.estimators.paired import paired_difference as paired_difference
    from clearsim.analysis.figure_files import export_figures as export_figures
    from clearsim.analysis.figure_files import parse_formats as parse_formats
    from clearsim.analysis.folder import arrays_of as arrays_of
    from clearsim.analysis.fund_account import fund_account as fund_account
    from clearsim.analysis.fund_and_adl import adl_cause_texts as adl_cause_texts
    from clearsim.analysis.fund_and_adl import endless_text as endless_text
    from clearsim.analysis.fund_and_adl import required_text as required_text
    from clearsim.analysis.hedged import hedged_parties as hedged_parties
    from clearsim.analysis.history.months import months_of as months_of
    from clearsim.analysis.history.months import months_with_draw as months_with_draw
    from clearsim.analysis.history.months import summary_of as summary_of
    from clearsim.analysis.history.months import worst_days as worst_days
    from clearsim.analysis.instants import instant_text as instant_text
    from clearsim.analysis.money import format_short as format_short
    from clearsim.analysis.named_accounts import named_accounts as named_accounts
    from clearsim.analysis.open_interest import CAUSES as CAUSES
    from clearsim.analysis.open_interest import declines as declines
    from clearsim.analysis.reports.fund_history_page import build_fund_history_page as build_fund_history_page
    from clearsim.analysis.reports.fund_history_page import month_header as month_header
    from clearsim.analysis.reports.fund_history_page import month_rows as month_rows
    from clearsim.analysis.reports.fund_history_page import summary_header as summary_header
    from clearsim.analysis.reports.fund_history_page import summary_rows as summary_rows
    from clearsim.analysis.reports.page import embed as embed
    from clearsim.analysis.reports.page import page as page
    from clearsim.analysis.reports.run_panels import run_panels as run_panels
    from clearsim.analysis.reports.run_report import write_report as write_report
    from clearsim.analysis.reports.size_report import build_size_report as build_size_report
    from clearsim.analysis.reports.size_report import curve_figure as curve_figure
    from clearsim.analysis.reports.study_panels import study_context as study_context
    from clearsim.analysis.reports.study_panels import study_panels as study_panels
    from clearsim.analysis.reports.study_report import write_study_report as write_study_report
    from clearsim.analysis.reports.validation_page import ScenarioFacts as ScenarioFacts
    from clearsim.analysis.reports.validation_page import write_page as write_page
    from clearsim.analysis.role_results import own_order_note as own_order_note
    from clearsim.analysis.run_folder import RunFolder as RunFolder
    from clearsim.analysis.run_folder import open_run as open_run
    from clearsim.analysis.sensitivity.reverse_stress import frontier as frontier
    from clearsim.analysis.sensitivity.unneeded import judge_liquidations as judge_liquidations
    from clearsim.analysis.sensitivity.unneeded import unneeded_share as unneeded_share
    from clearsim.analysis.sizing.answer_text import answer_data as answer_data
    from clearsim.analysis.sizing.answer_text import answer_json as answer_json
    from clearsim.analysis.sizing.answer_text import answer_lines as answer_lines
    from clearsim.analysis.sizing.answer_text import answer_markdown as answer_markdown
    from clearsim.analysis.sizing.answer_text import assumptions as assumptions
    from clearsim.analysis.sizing.choose_method import choose_method as choose_method
    from clearsim.analysis.sizing.compare import compare_estimators as compare_estimators
    from clearsim.analysis.sizing.definition import Sufficient as Sufficient
    from clearsim.analysis.sizing.definition import span as span
    from clearsim.analysis.sizing.draws import Block as Block
    from clearsim.analysis.sizing.draws import Compute as Compute
    from clearsim.analysis.sizing.draws import Facts as Facts
    from clearsim.analysis.sizing.draws import Request as Request
    from clearsim.analysis.sizing.joint import JOINT_SIZES as JOINT_SIZES
    from clearsim.analysis.sizing.joint import Joint as Joint
    from clearsim.analysis.sizing.joint import joint_answer as joint_answer
    from clearsim.analysis.sizing.one_event import OneEvent as OneEvent
    from clearsim.analysis.sizing.one_event import answer_one_event as answer_one_event
    from clearsim.analysis.sizing.one_event import one_event_lines as one_event_lines
    from clearsim.analysis.sizing.one_event import probability_beyond as probability_beyond
    from clearsim.analysis.sizing.plan import Plan as Plan
    from clearsim.analysis.sizing.plan import duration as duration
    from clearsim.analysis.sizing.plan import plan_sizing as plan_sizing
    from clearsim.analysis.sizing.plan import require_enough as require_enough
    from clearsim.analysis.sizing.solve import Answer as Answer
    from clearsim.analysis.sizing.solve import size_fund as size_fund
    from clearsim.analysis.sizing.solve import with_panel as with_panel
    from clearsim.analysis.sizing.spread import Spread as Spread
    from clearsim.analysis.sizing.spread import spread_over as spread_over
    from clearsim.analysis.sizing.target import Target as Target
    from clearsim.analysis.sizing.target import parse_target as parse_target
    from clearsim.analysis.sizing.world_runs import Runner as Runner
    from clearsim.analysis.study.export import ema_results as ema_results
    from clearsim.analysis.study.export import left_out_lines as left_out_lines
    from clearsim.analysis.study.export import salib_export as salib_export
    from clearsim.analysis.study.export import study_frame as study_frame
    from clearsim.analysis.study.export import write_ema as write_ema
    from clearsim.analysis.study.export import write_salib as write_salib
    from clearsim.analysis.study.folder import StudyFolder as StudyFolder
    from clearsim.analysis.study.folder import is_study as is_study
    from clearsim.analysis.study.folder import open_study as open_study
    from clearsim.analysis.study.progress import Progress as Progress
    from clearsim.analysis.study.question import event_of as event_of
    from clearsim.analysis.study.samples import arm_samples as arm_samples
    from clearsim.analysis.validation.beside import NullValue as NullValue
    from clearsim.analysis.validation.beside import beside_nulls as beside_nulls
    from clearsim.analysis.validation.calm import CalmScore as CalmScore
    from clearsim.analysis.validation.calm import calm_scores as calm_scores
    from clearsim.analysis.validation.calm import measure_calm as measure_calm
    from clearsim.analysis.validation.score import TargetScore as TargetScore
    from clearsim.analysis.validation.score import judge as judge
    from clearsim.analysis.validation.score import reason_of as reason_of
    from clearsim.analysis.validation.skill import RecordedPath as RecordedPath
    from clearsim.analysis.validation.skill import SkillScore as SkillScore
    from clearsim.analysis.validation.skill import rmse_bp as rmse_bp
    from clearsim.analysis.validation.skill import skill_of as skill_of
    from clearsim.analysis.validation.spread import MeanSpread as MeanSpread
    from clearsim.analysis.validation.spread import spread_of as spread_of
    from clearsim.analysis.validation.table import band as band
    from clearsim.analysis.validation.table import beside_cells as beside_cells
    from clearsim.analysis.validation.table import beside_text as beside_text
    from clearsim.analysis.validation.table import calm_text as calm_text
    from clearsim.analysis.validation.table import clock as clock
    from clearsim.analysis.validation.table import measured as measured
    from clearsim.analysis.validation.table import skill_cells as skill_cells
    from clearsim.analysis.validation.table import summary as summary
    from clearsim.analysis.validation.table import timing_cells as timing_cells
    from clearsim.analysis.validation.table import verdict as verdict
    from clearsim.analysis.validation.timing import MINUTE_MS as MINUTE_MS
    from clearsim.analysis.validation.timing import TimingScore as TimingScore
    from clearsim.analysis.validation.timing import busiest_minute_ms as busiest_minute_ms
    from clearsim.analysis.validation.timing import is_minutely as is_minutely
    from clearsim.analysis.validation.timing import largest_fall_ms as largest_fall_ms
    from clearsim.analysis.validation.timing import steepest_step as steepest_step
    from clearsim.analysis.who_paid import adl_harm_lines as adl_harm_lines
    from clearsim.analysis.who_paid import who_paid as who_paid

_HOMES = {
    "backtest.model": "Model",
    "backtest.own_history": "own_liquidations",
    "backtest.panel": "hold",
    "backtest.records": "LargestFall Record RecordedFalls RecordedLiquidations",
    "backtest.windows": "Report Windows gap_notes of_balances of_reports",
    "bounds": "bounds_text",
    "calibration.common_falls": "CoinFalls CommonFalls common_falls",
    "calibration.fall_shares": "DELAYS_S MIN_FALLS FallShares shares_within",
    "calibration.fit": "BookFit LeverageFit MarketFit SizeFit fit_book",
    "calibration.price_windows": "F64 I64 PriceRows largest_falls one_per_run",
    "calibration.threshold_table": "BLOCK_DAYS MAX_PER_YEAR MIN_BLOCKS Resampled TailFit fit_tail resample",
    "charts.chart_context": "StudyContext",
    "charts.fund_history": "HistoryContext draw_fund_history",
    "charts.study.estimators": "draw_estimators",
    "charts.study.fund_fan": "fan_frame",
    "charts.study.reverse_stress": "draw_reverse_stress",
    "csv_text": "csv_text defused",
    "run_folder": "RunFolder open_run",
    "estimators.estimate": "Estimate RefusedError",
    "estimators.intervals": "clopper_pearson",
    "estimators.paired": "paired_difference",
    "fund_and_adl": "adl_cause_texts endless_text required_text",
    "figure_files": "export_figures parse_formats",
    "study.export": "ema_results left_out_lines salib_export study_frame write_ema write_salib",
    "money": "format_short",
    "history.months": "months_of months_with_draw summary_of worst_days",
    "reports.fund_history_page": "build_fund_history_page month_header month_rows summary_header summary_rows",
    "reports.page": "embed page",
    "reports.run_panels": "run_panels",
    "reports.run_report": "write_report",
    "reports.size_report": "build_size_report curve_figure",
    "study.folder": "StudyFolder is_study open_study",
    "study.progress": "Progress",
    "reports.study_panels": "study_context study_panels",
    "reports.study_report": "write_study_report",
    "study.samples": "arm_samples",
    "study.question": "event_of",
    "reports.validation_page": "ScenarioFacts write_page",
    "sensitivity.reverse_stress": "frontier",
    "sensitivity.unneeded": "judge_liquidations unneeded_share",
    "sizing.answer_text": "answer_data answer_json answer_lines answer_markdown assumptions",
    "sizing.choose_method": "choose_method",
    "sizing.compare": "compare_estimators",
    "sizing.definition": "Sufficient span",
    "sizing.draws": "Block Compute Facts Request",
    "sizing.plan": "Plan duration plan_sizing require_enough",
    "sizing.world_runs": "Runner",
    "sizing.joint": "JOINT_SIZES Joint joint_answer",
    "sizing.one_event": "OneEvent answer_one_event one_event_lines probability_beyond",
    "sizing.solve": "Answer size_fund with_panel",
    "sizing.spread": "Spread spread_over",
    "sizing.target": "Target parse_target",
    "validation.calm": "CalmScore calm_scores measure_calm",
    "validation.beside": "NullValue beside_nulls",
    "validation.score": "TargetScore judge reason_of",
    "validation.skill": "RecordedPath SkillScore rmse_bp skill_of",
    "validation.spread": "MeanSpread spread_of",
    "validation.table": (
        "band beside_cells beside_text calm_text clock measured skill_cells summary timing_cells verdict"
    ),
    "validation.timing": "MINUTE_MS TimingScore busiest_minute_ms is_minutely largest_fall_ms steepest_step",
    "role_results": "own_order_note",
    "who_paid": "adl_harm_lines who_paid",
    "folder": "arrays_of",
    "fund_account": "fund_account",
    "hedged": "hedged_parties",
    "instants": "instant_text",
    "named_accounts": "named_accounts",
    "open_interest": "CAUSES declines",
}
#: Name -> module of the analysis where it is.
PLACES = {name: home for home, names in _HOMES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    """Import a name of the analysis when it is first used."""
    if name not in PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"clearsim.analysis.{PLACES[name]}"), name)
    globals()[name] = value
    return value


@contextmanager
def clearsim_errors(kind: type[ClearsimError] = ClearsimError) -> Iterator[None]:
    """Turn an error of the analysis into an error of this kind, or into a ClearsimError where it refuses a claim."""
    try:
        yield
    except AnalysisError as error:
        from clearsim.analysis.estimators.estimate import RefusedError

        if isinstance(error, RefusedError):
            raise ClearsimError(f"refused: {error}") from error
        raise kind(str(error)) from error
