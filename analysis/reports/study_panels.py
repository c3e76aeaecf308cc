"""The figures of a study's report, in order: those that its design supports. Leaves look and numbers to the charts."""

from collections.abc import Iterator, Sequence

import pandas as pd
import plotly.graph_objects as go

from ..charts.chart_context import StudyContext
from ..charts.compose import upper_first
from ..charts.study.arm_outcomes import draw_arm_outcomes
from ..charts.study.arms import draw_arms
from ..charts.study.comparison_text import differences_summary, extremes_sentence
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
from ..study.bypassed import OF_THE_FUND, bypassed_arms
from ..study.coverage import uneven_arms
from ..study.design import is_pooled
from ..study.differences import compare_arms, differences_frame, reference_of
from ..study.engines import has_both_engines
from ..study.estimates import arms_frame, chosen_curves, curve_of, emptied_by, targets_of
from ..study.events import EVENT_BY_ANSWER
from ..study.folder import StudyFolder, paths_of
from ..study.labels import arm_labels
from ..study.outcomes import MAX_SHOWN, event_outcome, means_of_arms, named_outcomes, runs_with_outcomes
from ..study.question import TARGETS, asks_fund, event_of, horizon_of, phrase, shows_fund, simulated_days
from ..study.samples import ArmSample
from ..study.tail import fit_arm_tail, groups_of, resampled_unit, tail_counts
from .engine_panels import engine_panels
from .factor_panels import factor_panels
from .run_panels import Panel


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
        n_planned=study.progress.planned if study.progress.missing else 0,
    )


def study_panels(study: StudyFolder, samples: Sequence[ArmSample], context: StudyContext) -> list[Panel]:
    """Every figure of a study, in the order of the report."""
    return [Panel(name, figure) for name, figure in _figures(study, samples, context)]


def _figures(study: StudyFolder, samples: Sequence[ArmSample], context: StudyContext) -> Iterator[Panel]:
    event = event_of(study)
    bypassed = bypassed_arms(study, samples) if event in OF_THE_FUND else {}
    paying = [sample for sample in samples if sample.arm not in bypassed]
    if len(paying) > 1 and is_pooled(study) and asks_fund(study):
        yield Panel("arms", _arms(study, paying, context, event))
    yield from engine_panels(study, context)
    if len(samples) > 1 and not has_both_engines(study):
        yield from _comparisons(study, context)
    if is_pooled(study) and shows_fund(study):
        chosen, left_out = chosen_curves(paying)
        for sample in chosen:
            yield from _fund_size(study, sample, context, alone=len(samples) == 1, left_out=left_out)
    yield from _frontier(study, samples, context, event)
    yield from factor_panels(study, context)
    if is_pooled(study) and shows_fund(study) and paying:
        yield Panel("fund-over-time", _over_time(study, paying[0], context, alone=len(samples) == 1))
    yield from _extras(study, context, event)


def _arms(study: StudyFolder, samples: Sequence[ArmSample], context: StudyContext, event: str) -> go.Figure:
    """P(event) of the arms whose fund can be exhausted, with the fund that each needs."""
    frame, target = arms_frame(samples, level=context.level)
    runs, arms = runs_with_outcomes(study), [sample.arm for sample in samples]
    without = [arm for arm in arm_labels(study) if arm not in arms]
    outcome = event_outcome(study, event)
    (compared,) = compare_arms(study, runs, [outcome], level=context.level, without=without)
    answer = f"{outcome.label}. {extremes_sentence(compared, arm_labels(study), context)}"
    return draw_arms(frame, context, event=phrase(study, event), target=target, answer=answer)


def _comparisons(study: StudyFolder, context: StudyContext) -> Iterator[Panel]:
    """Means of the outcomes that a study names, and their paired differences from the first arm."""
    if not study.study.get("outcomes") or study.done.empty:
        return
    every, labels = runs_with_outcomes(study), arm_labels(study)
    outcomes = named_outcomes(study, every)
    shown, left_out = outcomes[:MAX_SHOWN], [outcome.label for outcome in outcomes[MAX_SHOWN:]]
    means = means_of_arms(study, every, shown, level=context.level)
    compared = compare_arms(study, every, shown, level=context.level)
    if means.empty:
        return
    uneven = f" {uneven_arms(study)}." if uneven_arms(study) else ""
    answer = f"{upper_first(shown[0].label)}. {extremes_sentence(compared[0], labels, context)}{uneven}"
    yield Panel("outcomes", draw_arm_outcomes(means, context, answer=answer, left_out=left_out))
    differences = differences_frame(compared, labels)
    if len(differences):
        than, answer = reference_of(compared, labels), differences_summary(compared[0])
        figure = draw_arm_outcomes(differences, context, than=than, answer=answer, left_out=left_out)
        yield Panel("differences", figure)


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
    uneven = uneven_arms(study) if study.progress.missing else ""
    uneven = f"{uneven}: no arm is called efficient." if uneven else ""
    figure = draw_frontier(arms, context, event=shown.noun, event_axis=axis, incomplete=uneven)
    yield Panel("trade-off", figure)


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


def _fund_size(
    study: StudyFolder, sample: ArmSample, context: StudyContext, *, alone: bool, left_out: str
) -> Iterator[Panel]:
    """Curve, tail and stability of one arm.  left_out: which arms have no curve, as a sentence."""
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
        left_out=left_out,
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
