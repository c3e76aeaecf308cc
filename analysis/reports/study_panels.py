"""The figures of a study's report, in order: those that its design supports. Leaves look and numbers to the charts."""

from collections.abc import Iterator, Sequence

import pandas as pd
import plotly.graph_objects as go

from ..charts.chart_context import StudyContext
from ..charts.study.arm_outcomes import draw_arm_outcomes
from ..charts.study.arms import draw_arms
from ..charts.study.estimators import draw_estimators
from ..charts.study.exceedance import draw_exceedance, tail_frame
from ..charts.study.fund_fan import draw_fund_fan
from ..charts.study.reverse_stress import draw_reverse_stress
from ..charts.study.sufficiency import draw_sufficiency
from ..charts.study.threshold_stability import draw_threshold_stability
from ..charts.study.trade_off import draw_frontier
from ..errors import AnalysisError
from ..estimators.estimate import RefusedError
from ..estimators.tails import stability_table
from ..sensitivity.trade_off import capital_of_arms, trade_off
from ..sensitivity.unneeded import estimates_by_arm
from ..study.design import is_pooled
from ..study.differences import arm_differences
from ..study.engines import has_both_engines
from ..study.estimates import arms_frame, curve_of, different, emptied_by, targets_of
from ..study.events import EVENT_BY_ANSWER
from ..study.folder import StudyFolder, paths_of
from ..study.labels import arm_labels
from ..study.outcomes import arm_means
from ..study.question import TARGETS, asks_fund, event_of, horizon_of, phrase, simulated_days
from ..study.samples import ArmSample
from ..study.tail import fit_arm_tail, groups_of, resampled_unit, tail_counts
from .engine_panels import engine_panels
from .factor_panels import factor_panels
from .run_panels import Panel

MAX_CURVES = 3


def study_context(study: StudyFolder, samples: Sequence[ArmSample]) -> StudyContext:
    """Units and identity of a study for its charts."""
    n_full = int((study.done["fidelity"] == "full").sum())  # each such run is one outcome and has no paths
    return StudyContext(
        name=study.name,
        seed=study.seed,
        n_runs=len(study.done),
        n_paths=sum(sample.n for sample in samples) - n_full if "reduced" in study.fidelity else 0,
        asset=study.asset,
        fidelity=study.fidelity,
        study_hash=str(study.manifest.get("study_hash") or ""),
        open_interest=study.open_interest,
    )


def study_panels(study: StudyFolder, samples: Sequence[ArmSample], context: StudyContext) -> list[Panel]:
    """Every figure of a study, in the order of the report."""
    return [Panel(name, figure) for name, figure in _figures(study, samples, context)]


def _figures(study: StudyFolder, samples: Sequence[ArmSample], context: StudyContext) -> Iterator[Panel]:
    event = event_of(study)
    if len(samples) > 1 and is_pooled(study) and asks_fund(study):
        frame, target = arms_frame(samples, level=context.level)
        yield Panel("arms", draw_arms(frame, context, event=phrase(study, event), target=target))
    yield from engine_panels(study, context)
    means = arm_means(study, level=context.level)
    if len(samples) > 1 and len(means) and not has_both_engines(study):
        yield Panel("outcomes", draw_arm_outcomes(means, context))
        first, differences = arm_differences(study, level=context.level)
        if len(differences):
            yield Panel("differences", draw_arm_outcomes(differences, context, than=first))
    if is_pooled(study) and asks_fund(study):
        for sample in different(samples)[:MAX_CURVES]:
            yield from _fund_size(study, sample, context, alone=len(samples) == 1)
    yield from _frontier(study, samples, context, event)
    yield from factor_panels(study, context)
    if is_pooled(study) and asks_fund(study) and samples:
        yield Panel("fund-over-time", _over_time(study, samples[0], context, alone=len(samples) == 1))
    yield from _extras(study, context, event)


def _frontier(study: StudyFolder, samples: Sequence[ArmSample], context: StudyContext, event: str) -> Iterator[Panel]:
    """Trade-off between arms whose capital (by over 1%) or unnecessary liquidations differ; nothing if paths are
    weighted."""
    needless = estimates_by_arm(study.extra("unneeded", ("arm", "value", "low", "high")))
    capital = capital_of_arms(study.runs, quantum=study.quantum)
    alike = max(capital.values(), default=0.0) <= 1.01 * min(capital.values(), default=0.0) and not needless
    if len(samples) < 2 or alike or any(sample.is_weighted for sample in samples):
        return
    shown = EVENT_BY_ANSWER[event if EVENT_BY_ANSWER[event].column else "first_adl"]
    paths = study.paths if len(study.paths) else None
    try:
        arms = trade_off(
            study.points,
            study.runs,
            capital=capital,
            event=shown.name,
            paths=paths,
            unneeded=needless,
            level=context.level,
        )
    except AnalysisError:
        return
    order = sorted(sample.arm for sample in samples)
    if len(order) == len(arms):
        whole, rest = arm_labels(study), arm_labels(study, without=_fund_lever(study))
        arms = arms.assign(arm=[whole[arm] for arm in order], group=[rest[arm] for arm in order])
    axis = f"{shown.sentence} within {horizon_of(study)}"
    yield Panel("trade-off", draw_frontier(arms, context, event=shown.noun, event_axis=axis))


def _fund_lever(study: StudyFolder) -> str:
    """The lever that sets the fund's size; empty if none does."""
    names = [lever["name"] for lever in study.factors("levers") if any("seed_quote" in p for p in paths_of(lever))]
    return str(names[0]) if names else ""


def _extras(study: StudyFolder, context: StudyContext, event: str) -> Iterator[Panel]:
    """Figures of tables that other commands wrote into the folder: reverse stress test, comparison of estimators."""
    frontier = study.extra("reverse_stress", ("depth_loss", "concentration", "jump"))
    if len(frontier):
        yield Panel("reverse-stress", draw_reverse_stress(frontier, context))
    rows = study.extra("estimators", ("method", "value", "low", "high"))
    if len(rows):
        what = str(rows["what"].iloc[0]) if "what" in rows else f"P({phrase(study, event)})"
        yield Panel("estimators", draw_estimators(rows, context, what=what))


def _fund_size(study: StudyFolder, sample: ArmSample, context: StudyContext, *, alone: bool) -> Iterator[Panel]:
    """Curve, tail and stability of one arm."""
    suffix = "" if alone else f"-arm-{sample.arm}"
    arm = "" if alone else sample.label
    event = f"fund exhausted within {horizon_of(study)}"
    curve = curve_of(sample, level=context.level)
    targets = targets_of(sample, TARGETS, level=context.level)
    figure = draw_sufficiency(
        curve,
        context,
        event=event,
        targets=targets,
        at_hand=sample.fund,
        arm=arm,
        baseline=study.baseline(sample.arm),
    )
    yield Panel(f"sufficiency{suffix}", figure)
    fit, why = fit_arm_tail(sample)
    event = f"required fund > F within {horizon_of(study)}"
    if fit is None:
        yield Panel(f"tail{suffix}", draw_exceedance(curve, context, event=event, tail_note=why, arm=arm))
        return
    shape = fit.shape(level=context.level)
    figure = draw_exceedance(
        curve, context, event=event, tail=tail_frame(fit, level=context.level), threshold=fit.threshold,
        xi=(shape.value, shape.low, shape.high), drawn_over=resampled_unit(sample), arm=arm,
    )  # fmt: skip
    yield Panel(f"tail{suffix}", figure)
    p = min(1e-4, 1 / sample.n)
    try:
        counts, group = tail_counts(sample.n, fit.k), groups_of(sample)
        table = stability_table(sample.required, p, counts=counts, group=group, level=context.level, resamples=100)
    except RefusedError as error:
        table, why = pd.DataFrame(), str(error)
    over = resampled_unit(sample)
    figure = draw_threshold_stability(
        table, context, p=p, chosen_k=fit.k, why_none=why, arm=arm, n=sample.n, drawn_over=over
    )
    yield Panel(f"stability{suffix}", figure)


def _over_time(study: StudyFolder, sample: ArmSample, context: StudyContext, *, alone: bool) -> go.Figure:
    emptied = emptied_by(sample, horizon_days=simulated_days(study), level=context.level)
    fan = study.extra("fund_paths", ("time_days", "quantile", "fund"))
    fan = fan[fan["arm"] == sample.arm] if "arm" in fan else fan
    n_fan = int(fan["n"].max()) if "n" in fan and len(fan) else 0
    return draw_fund_fan(fan, context, emptied=emptied, n_fan=n_fan, arm="" if alone else sample.label)
