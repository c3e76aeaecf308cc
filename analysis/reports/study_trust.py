"""How reliable is a study? The checks that every report prints, and the warnings shown on its first page."""

import json
import math
from collections.abc import Mapping, Sequence

import numpy as np
from clearsim.results import ADL_CAUSES, ADL_WAITED, MIN_STEP_RATIO

from ..charts.compose import upper_first
from ..estimators.clusters import MIN_CLUSTERS
from ..money import format_short
from ..study.design import is_pooled
from ..study.folder import StudyFolder
from ..study.question import defined, shows_fund
from ..study.samples import ArmSample
from .page import Finding

#: Checks of the study written by other commands (step, number of traders, order of clearing, validation).
CHECKS_NAME = "checks.json"


def examine_study(study: StudyFolder, samples: Sequence[ArmSample]) -> list[Finding]:
    """All checks of a study, in the order of the report."""
    return [
        _complete(study),
        _failures(study),
        *_notes(study),
        *_opening(study),
        _defined(study),
        _pooling(study),
        _books(study, samples),
        *_weights(samples),
        *_bounds(study, samples),
        *_why_adl(study),
        _residual(study),
        _step_ratio(study),
        _rounds(study),
        _fidelity(study),
        *_others(study),
    ]


def _complete(study: StudyFolder) -> Finding:
    progress = study.progress
    if progress.missing:
        return Finding(
            "Incomplete study",
            progress.text,
            "This report covers only part of the design. Arms and cells with other points or fewer runs than the rest"
            " conclude nothing. Rerun the sweep to resume it.",
            True,
        )
    return Finding("Is the study complete", progress.text, "Every run of the design has ended.")


def _failures(study: StudyFolder) -> Finding:
    lost = study.runs[study.runs["status"] != "done"]
    if lost.empty:
        return Finding("Runs that failed or crashed", "none", "All runs completed.")
    share = len(lost) / len(study.runs)
    arms = ", ".join(f"arm {arm}: {n:,}" for arm, n in lost.groupby("arm").size().items())
    meaning = (
        "They are excluded from all numbers here. If the cause of failure also drains the fund, the numbers are too"
        " low."
    )
    return Finding("Runs that failed or crashed", f"{len(lost):,} ({share:.2%}; {arms})", meaning, True)


def _opening(study: StudyFolder) -> list[Finding]:
    """Runs in which accounts began below zero: their deficit is in every amount that others paid."""
    if "deficit_initial_quanta" not in study.runs:
        return []
    missing = study.runs.loc[study.runs["status"] == "done", "deficit_initial_quanta"]
    if not (missing > 0).any():
        return []
    low, high = (format_short(float(end) * study.quantum, study.asset) for end in (missing.min(), missing.max()))
    return [
        Finding(
            "Accounts below zero at the start",
            f"in {int((missing > 0).sum()):,} of {len(missing):,} runs, together by {low} to {high}",
            "Missing before the first price move, and contained in required funds and payments. Check the first price,"
            " entries and margins.",
            True,
        )
    ]


def _notes(study: StudyFolder) -> list[Finding]:
    """Notes of the plan: levers without effect, rounded sizes."""
    notes = [str(note) for note in study.manifest.get("notes") or []]
    if not notes:
        return []
    return [
        Finding("Notes on the plan", "; ".join(notes), "Take these notes into account when reading the design.", True)
    ]


def _defined(study: StudyFolder) -> Finding:
    meant = defined(study)
    if meant is None:
        return Finding(
            "Is “sufficient” defined",
            "no",
            "The study defines no event, horizon, basis, open interest or replenishment: its probabilities are those of"
            " the runs as configured. They do not answer how large a fund must be.",
            shows_fund(study),
        )
    return Finding("Is “sufficient” defined", "yes", upper_first("; ".join(meant.sentences)) + ".")


def _pooling(study: StudyFolder) -> Finding:
    if is_pooled(study):
        return Finding(
            "Basis of probabilities",
            "the study's own sampling",
            "Points are drawn from the uncertainties, or fixed.",
        )
    return Finding(
        "Basis of probabilities",
        "points of the design",
        "The design chooses its points, it does not sample them: shares of points are not probabilities, and the"
        " curve of fund sizes is not drawn.",
    )


def _books(study: StudyFolder, samples: Sequence[ArmSample]) -> Finding:
    subject = "Basis of intervals"
    if not samples:
        return Finding(subject, "no outcome", "No run completed.", True)
    if not is_pooled(study):
        return Finding(subject, "replications at each point", "The paths of a run are averaged first.")
    if all(sample.n_clusters == sample.n for sample in samples):
        return Finding(subject, "independent runs", "Each outcome has independent randomness and its own opening book.")
    min_runs = min(sample.n_clusters for sample in samples)
    if min_runs >= MIN_CLUSTERS:
        return Finding(
            subject,
            f"runs, at least {min_runs:,} per arm",
            "Paths of one run share an opening book, so runs are counted.",
        )
    result = f"paths of {min_runs:,} run{'s' if min_runs > 1 else ''} per arm"
    meaning = (
        "Paths share the opening book of their run: intervals hold for these books only, not for other books. Use at"
        f" least {MIN_CLUSTERS} replications to include the variation between books."
    )
    tests = [sample.spread_beyond_chance() for sample in samples if not sample.is_weighted]
    differ = [p for p in tests if p < 0.01]
    if differ:
        meaning = (
            f"Runs differ more than chance explains (p {_small(min(differ))}): the intervals are too narrow. {meaning}"
        )
    elif min_runs > 1 and tests and not any(math.isnan(p) for p in tests):
        return Finding(subject, result, f"{meaning} Here runs do not differ more than chance explains.")
    return Finding(subject, result, meaning, bool(differ))


def _small(p: float) -> str:
    return f"= {p:.1g}" if p >= 1e-6 else "< 1e-06"


def _weights(samples: Sequence[ArmSample]) -> list[Finding]:
    weighted = [sample for sample in samples if sample.is_weighted]
    if not weighted:
        return []
    shares = [
        float(
            np.exp(sample.log_weight - sample.log_weight.max()).max()
            / np.exp(sample.log_weight - sample.log_weight.max()).sum()
        )
        for sample in weighted
    ]
    worst = max(shares)
    meaning = "Estimates with bad weights are refused individually; this is over all paths."
    return [Finding("Largest weight of a path", f"{worst:.2%} of all", meaning, worst > 0.02)]  # fmt: skip


def _bounds(study: StudyFolder, samples: Sequence[ArmSample]) -> list[Finding]:
    """Full runs whose required fund is only a lower bound: their fund fell short, or the inventory cap was reached."""
    count = sum(sample.n_bounds for sample in samples)
    if not count:
        return []
    by = study.done["required_fund_bound_by"].astype(str)
    short, capped = (int(by.str.contains(name, regex=False).sum()) for name in ("fund", "cap"))
    return [
        Finding(
            "Full runs whose required fund is only a lower bound",
            f"{count:,} of {sum(sample.n for sample in samples):,}",
            f"The fund fell short in {short:,}, the inventory cap was reached in {capped:,}. Their required fund is in"
            " no mean with an interval, and curves end at the smallest of them. To size a fund, run the study with one"
            " that never runs dry and without a cap, or use clearsim size-fund.",
            shows_fund(study),
        )
    ]


def _why_adl(study: StudyFolder) -> list[Finding]:
    """The causes of ADL in the runs, by notional."""
    rows = study.done[(study.done["adl_notional_quanta"] > 0).to_numpy()]
    total = float(rows["adl_notional_quanta"].sum())
    if not total:
        return []
    shares = {cause.sentence: float(rows[cause.column].sum()) / total for cause in (*ADL_CAUSES, ADL_WAITED)}
    found = [f"{share:.0%}: {sentence}" for sentence, share in shares.items() if share]
    meaning = "Shares of the notional that ADL closed; the part that a limit held back is in the other causes too."
    return [Finding(f"Why ADL came, in {len(rows):,} of {len(study.done):,} runs", "; ".join(found), meaning)]


def _residual(study: StudyFolder) -> Finding:
    broken = int((study.done["residual_quanta"] != 0).sum())
    meaning = "Money was created or lost: these runs are not valid." if broken else "No quantum was created or lost."
    return Finding("Runs whose balances do not sum to zero", f"{broken:,}", meaning, broken > 0)


def _step_ratio(study: StudyFolder) -> Finding:
    ratio = study.done["step_ratio_worst"].to_numpy(np.float64)
    ratio = ratio[np.isfinite(ratio) & (ratio > 0)]
    subject = "Time step: r = −ln(1−m) / (σ√dt), worst case"
    if not ratio.size:
        return Finding(subject, "not defined", "No step had both a position to clear and a volatility above zero.")
    short = float((ratio < MIN_STEP_RATIO).mean())
    bridged = _nested(study.study, ("set", "reduced.marks")) != "discrete" and study.fidelity == "reduced"
    if short and not bridged:
        meaning = (
            f"In {short:.0%} of the runs one step can cross the whole maintenance margin (r below"
            f" {MIN_STEP_RATIO:g}), so part of the shortfall may be an artefact of the step."
        )
        return Finding(subject, f"{ratio.min():.2f}", meaning, True)
    if bridged:
        meaning = "Coarse steps do no harm here: crossings between steps are sampled by a Brownian bridge."
        return Finding(subject, f"{ratio.min():.2f}", meaning)
    return Finding(subject, f"{ratio.min():.2f}", "One step rarely crosses the whole maintenance margin.")


def _nested(study: Mapping[str, object], keys: tuple[str, str]) -> object:
    inner = study.get(keys[0])
    return inner.get(keys[1]) if isinstance(inner, Mapping) else None


def _rounds(study: StudyFolder) -> Finding:
    hit = int((study.done["rounds_max_reached"] > 0).sum())
    meaning = "In these runs clearing stopped before the mark settled." if hit else "Clearing settled in every cycle."
    return Finding("Runs that hit the limit of clearing rounds", f"{hit:,}", meaning, hit > 0)


def _fidelity(study: StudyFolder) -> Finding:
    descriptions = {
        "full": "Order book, cohorts, the whole clearing cycle.",
        "reduced": "No order book: jumps, an impact curve, a threshold index of open interest, a fund. Flow traders,"
        " quotes and partial liquidation are not modelled; check it against full runs of the same config.",
    }
    kinds = [kind for kind in descriptions if kind in study.fidelity]
    return Finding("Fidelity", study.fidelity or "not stated", " ".join(descriptions[kind] for kind in kinds))


def _others(study: StudyFolder) -> list[Finding]:
    """Checks that other commands wrote into the folder (subject, found, meaning, warns); one row if there are none."""
    path = study.path / CHECKS_NAME
    if not path.is_file():
        return [
            Finding(
                "Sensitivity to time step, number of traders, clearing order",
                "not measured",
                "The study did not vary these, so its sensitivity to them is unknown.",
            )
        ]
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return [
            Finding(str(row["subject"]), str(row["found"]), str(row.get("meaning", "")), bool(row.get("warns")))
            for row in rows
        ]
    except (ValueError, KeyError, TypeError, OSError) as error:
        return [Finding(CHECKS_NAME, "cannot be read", str(error), True)]
