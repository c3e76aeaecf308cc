"""Numbers of a score in readable form: fractions as percentages, short spreads."""

from collections.abc import Sequence
from datetime import UTC, datetime

from .beside import NullValue, beside_nulls
from .calm import CalmScore
from .score import TargetScore, count_met
from .skill import SkillScore
from .spread import MeanSpread
from .timing import TimingScore

_PERCENT = ("fraction", "share of runs")


def number(value: float, unit: str) -> str:
    """One number in its unit."""
    return f"{value * 100:.3g}%" if unit in _PERCENT else f"{value:.3g} {unit}".rstrip()


def band(score: TargetScore) -> str:
    """The band of a target."""
    return f"{number(score.low, score.unit)} to {number(score.high, score.unit)}"


def spread_text(spread: MeanSpread, unit: str) -> str:
    """The mean with its interval in square brackets, or with the range of the runs in round ones."""
    low, high = number(spread.low, unit), number(spread.high, unit)
    bounds = f"[{low}, {high}]" if spread.is_interval else f"({low} to {high})"
    return f"{number(spread.value, unit)} {bounds}"


def measured(score: TargetScore) -> str:
    """The mean and its spread, or the reason why there is none."""
    return score.reason if score.spread is None else spread_text(score.spread, score.unit)


def null_text(null: NullValue, unit: str) -> str:
    """The mean of a null model, or a dash where it says nothing of the target."""
    return "-" if null.spread is None else number(null.spread.value, unit)


def beside_text(score: TargetScore) -> str:
    """Whether the model is nearer to the record than the best null model, in words."""
    found = beside_nulls(score.spread, score.values, score.nulls, low=score.low, high=score.high)
    if found.nearer is None:
        return "no value" if score.spread is None else "no null model has a value"
    if found.nearer:
        return f"nearer in {found.runs_nearer} of {found.n} runs"
    if found.met_by_null:
        return f"no: '{found.best}' meets it{' too' if score.passed else ''}"
    return f"no: '{found.best}' is {'as near' if found.as_near else 'nearer'}"


def chose(used_for: Sequence[str]) -> str:
    """The numbers that a record chose, by the last key of their paths."""
    return f"chose {', '.join(path.rsplit('.', 1)[-1] for path in used_for)}"


def verdict(score: TargetScore) -> str:
    """pass or MISS, and whether the spread leaves a doubt; what was chosen by the record is said to test nothing."""
    word = "pass" if score.passed else "MISS"
    words = word if score.is_firm else f"{word}, not firm"
    return f"{words}; tests nothing" if score.used_for else words


def skill_text(score: SkillScore) -> str:
    """Skill against the index alone, and the runs in which the model was nearer."""
    if score.skill is None:
        return "no value"
    return f"{spread_text(score.skill, '')}, nearer in {score.runs_nearer} of {score.n} runs"


def clock(minute_ms: int | None) -> str:
    """A minute of the day, UTC."""
    return "none" if minute_ms is None else f"{datetime.fromtimestamp(minute_ms / 1000, UTC):%H:%M}"


def clocks(minutes: Sequence[int | None]) -> str:
    """The minutes of the runs, each once, the most frequent first, with counts."""
    counts = {minute: minutes.count(minute) for minute in minutes}
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0] or 0))
    return ", ".join(clock(minute) + (f" ({times})" if times > 1 else "") for minute, times in ordered)


def late_text(score: TimingScore) -> str:
    """How late the runs are, minutes."""
    return "no value" if score.late is None else spread_text(score.late, "min")


def beside_cells(score: TargetScore) -> tuple[str, ...]:
    """A target beside its null models: name, band, model, each null model, and whether the model is nearer."""
    nulls = (null_text(null, score.unit) for null in score.nulls)
    name = f"{score.metric} ({chose(score.used_for)})" if score.used_for else score.metric
    return (name, band(score), measured(score), *nulls, beside_text(score))


def skill_cells(score: SkillScore, nulls: Sequence[str]) -> tuple[str, ...]:
    """A recorded series: name, window, points, RMSE in bp of the model and of each null model, skill."""
    found = (score.nulls.get(name) for name in nulls)
    rmse = ("-" if spread is None else spread_text(spread, "bp") for spread in (score.model, *found))
    name = f"{score.scenario}: {score.record}"
    skill = f"{skill_text(score)}; {chose(score.used_for)}" if score.used_for else skill_text(score)
    return (name, score.window, str(score.n_points), *rmse, skill)


def timing_cells(score: TimingScore, nulls: Sequence[str]) -> tuple[str, ...]:
    """A recorded minute: what, the record, the model's runs and those of each null model, and how late the runs are."""
    found = (clocks(score.nulls.get(name, ())) or "-" for name in nulls)
    what = f"{score.scenario}: {score.what}"
    return (what, clock(score.recorded_ms), clocks(score.minutes), *found, late_text(score))


def calm_text(score: CalmScore) -> str:
    """A fact of a calm market with its spread."""
    return "no value" if score.spread is None else spread_text(score.spread, score.fact.unit)


def summary(scores: list[TargetScore]) -> str:
    """Number of targets met; checks of inputs and records that chose a number test nothing and are counted apart."""
    judged = [score for score in scores if score.tests]
    recorded = [score for score in judged if score.status == "recorded"]
    inputs = [score for score in scores if score.is_input]
    chosen = [score for score in scores if score.used_for and not score.is_input]
    held = [score for score in judged if score.nulls]
    found = [beside_nulls(s.spread, s.values, s.nulls, low=s.low, high=s.high) for s in held]
    compared = [one for one in found if one.nearer is not None]
    missed = sum(not score.passed for score in judged)
    text = (
        f"{count_met(judged)} targets met, {missed} missed. Recorded facts among them:"
        f" {count_met(recorded)} met; checks of inputs: {count_met(inputs)} met"
    )
    if chosen:
        text += f"; not counted because they chose a number of the config: {count_met(chosen)} met"
    if compared:
        nearer = sum(bool(one.nearer) for one in compared)
        text += f". Nearer to the record than the best null model: {nearer} of {len(compared)}"
    return text
