"""How far can a study be trusted? Checks that every report prints, and the warnings that go to its first page."""

import json
import math
from collections.abc import Mapping, Sequence

import numpy as np

from ..charts.compose import upper_first
from ..estimators.clusters import MIN_CLUSTERS
from ..study.design import is_pooled
from ..study.folder import StudyFolder
from ..study.question import asks_fund, defined
from ..study.samples import ArmSample
from .page import Finding
from .run_trust import MIN_STEP_RATIO

#: Checks of the study by other commands (step, number of traders, order of clearing, validation).
CHECKS_NAME = "checks.json"


def examine_study(study: StudyFolder, samples: Sequence[ArmSample]) -> list[Finding]:
    """All checks of a study, in the order of the report."""
    return [
        _complete(study),
        _failures(study),
        *_notes(study),
        _defined(study),
        _pooling(study),
        _books(study, samples),
        *_weights(samples),
        *_dry(study, samples),
        _residual(study),
        _step_ratio(study),
        _rounds(study),
        _fidelity(study),
        *_others(study),
    ]


def planned_runs(study: StudyFolder) -> int:
    """Number of planned runs: that of the manifest, else points times replications; 0 if unknown."""
    known = study.manifest.get("n_runs")
    return known if isinstance(known, int) else len(study.points) * study.replications


def _complete(study: StudyFolder) -> Finding:
    planned, stored = planned_runs(study), len(study.runs)
    found = f"{stored:,} of {planned:,} runs" if planned else f"{stored:,} runs"
    if planned and stored < planned:
        return Finding(
            "Is the study complete", found, "Runs are missing: this is a report of a part. Sweep again to go on.", True
        )
    return Finding("Is the study complete", found, "Every planned run has ended.")


def _failures(study: StudyFolder) -> Finding:
    lost = study.runs[study.runs["status"] != "done"]
    if lost.empty:
        return Finding("Runs that failed or crashed", "none", "All runs ended well.")
    share = len(lost) / len(study.runs)
    arms = ", ".join(f"arm {arm}: {n:,}" for arm, n in lost.groupby("arm").size().items())
    meaning = (
        "They are left out of every number here. If what makes a run fail also drains the fund, the numbers are low."
    )
    return Finding("Runs that failed or crashed", f"{len(lost):,} ({share:.2%}; {arms})", meaning, True)


def _notes(study: StudyFolder) -> list[Finding]:
    """What the plan said: levers that change nothing, sizes that were rounded."""
    notes = [str(note) for note in study.manifest.get("notes") or []]
    if not notes:
        return []
    return [Finding("What the plan noticed", "; ".join(notes), "Read the design with it in mind.", True)]


def _defined(study: StudyFolder) -> Finding:
    meant = defined(study)
    if meant is None:
        return Finding(
            "Is “sufficient” defined",
            "no",
            "The study names no event, horizon, basis, open interest and replenishment: its probabilities are those of"
            " the runs as configured, and are no answer to how large a fund must be.",
            asks_fund(study),
        )
    return Finding("Is “sufficient” defined", "yes", upper_first("; ".join(meant.sentences)) + ".")


def _pooling(study: StudyFolder) -> Finding:
    if is_pooled(study):
        return Finding(
            "What a probability is over",
            "the study's own sampling",
            "Points are drawn from the uncertainties, or fixed.",
        )
    return Finding(
        "What a probability is over",
        "points of the design",
        "The design visits points on purpose, not by their chance: shares over points are no probabilities, and the"
        " curve of fund sizes is not drawn.",
    )


def _books(study: StudyFolder, samples: Sequence[ArmSample]) -> Finding:
    subject = "What intervals are over"
    if not samples:
        return Finding(subject, "no outcome", "No run ended well.", True)
    if not is_pooled(study):
        return Finding(subject, "replications at each point", "Their paths are averaged first.")
    if all(sample.n_clusters == sample.n for sample in samples):
        return Finding(subject, "independent runs", "Each outcome has its own randomness and opening book.")
    fewest = min(sample.n_clusters for sample in samples)
    if fewest >= MIN_CLUSTERS:
        return Finding(
            subject, f"runs, at least {fewest:,} an arm", "Paths of one run share an opening book; so runs are counted."
        )
    found = f"paths of {fewest:,} run{'s' if fewest > 1 else ''} an arm"
    meaning = (
        "Paths share the opening book of their run: intervals hold for these books, not over books. Take"
        f" {MIN_CLUSTERS} replications or more to have the books in them."
    )
    tests = [sample.spread_beyond_chance() for sample in samples if not sample.is_weighted]
    differ = [p for p in tests if p < 0.01]
    if differ:
        meaning = f"Runs differ by more than chance (p {_small(min(differ))}): the intervals are too narrow. {meaning}"
    elif fewest > 1 and tests and not any(math.isnan(p) for p in tests):
        return Finding(subject, found, f"{meaning} Here runs differ by no more than chance.")
    return Finding(subject, found, meaning, bool(differ))


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
    meaning = "Estimates whose weights are bad are refused one by one; this is over all paths."
    return [Finding("Largest weight of a path", f"{worst:.2%} of all", meaning, worst > 0.02)]  # fmt: skip


def _dry(study: StudyFolder, samples: Sequence[ArmSample]) -> list[Finding]:
    """Full runs measure the required fund with the fund they have."""
    dry = [sample for sample in samples if math.isfinite(sample.known_to)]
    if not dry:
        return []
    count = sum(int((sample.first_empty_ms >= 0).sum()) for sample in dry)
    return [
        Finding(
            "Full runs whose fund ran dry",
            f"{count:,} of {sum(sample.n for sample in samples):,}",
            "Their required fund is cut off at the fund at hand: means of it are too low, and curves end there. To size"
            " a fund run the study with one that never runs dry, or use clearsim size-fund.",
            asks_fund(study),
        )
    ]


def _residual(study: StudyFolder) -> Finding:
    broken = int((study.done["residual_quanta"] != 0).sum())
    meaning = "Money was made or lost: these runs are not valid." if broken else "Not a quantum was made or lost."
    return Finding("Runs whose balances do not sum to zero", f"{broken:,}", meaning, broken > 0)


def _step_ratio(study: StudyFolder) -> Finding:
    ratio = study.done["step_ratio_worst"].to_numpy(np.float64)
    ratio = ratio[np.isfinite(ratio) & (ratio > 0)]
    subject = "Time step: r = −ln(1−m) / (σ√dt) at its worst"
    if not ratio.size:
        return Finding(subject, "not defined", "No step had both a position to clear and volatility.")
    short = float((ratio < MIN_STEP_RATIO).mean())
    bridged = _nested(study.study, ("set", "reduced.marks")) != "discrete" and study.fidelity == "reduced"
    if short and not bridged:
        meaning = (
            f"In {short:.0%} of the runs a step can jump over the whole maintenance margin (r below"
            f" {MIN_STEP_RATIO:g}), so part of the shortfall may be made by the step."
        )
        return Finding(subject, f"{ratio.min():.2f}", meaning, True)
    if bridged:
        meaning = "Coarse steps do not matter here: between them thresholds are crossed by Brownian bridge."
        return Finding(subject, f"{ratio.min():.2f}", meaning)
    return Finding(subject, f"{ratio.min():.2f}", "A step rarely jumps over the maintenance margin.")


def _nested(study: Mapping[str, object], keys: tuple[str, str]) -> object:
    inner = study.get(keys[0])
    return inner.get(keys[1]) if isinstance(inner, Mapping) else None


def _rounds(study: StudyFolder) -> Finding:
    hit = int((study.done["rounds_max_reached"] > 0).sum())
    meaning = "Clearing stopped before the mark settled there." if hit else "Clearing settled in every cycle."
    return Finding("Runs that hit the limit of clearing rounds", f"{hit:,}", meaning, hit > 0)


def _fidelity(study: StudyFolder) -> Finding:
    words = {
        "full": "Order book, cohorts, the whole clearing cycle.",
        "reduced": "No order book: jumps, an impact curve, a threshold index of open interest, a fund. Flow traders,"
        " quotes and partial liquidation are not in it; check it against full runs of the same config.",
    }
    kinds = [kind for kind in words if kind in study.fidelity]
    return Finding("Fidelity", study.fidelity or "not stated", " ".join(words[kind] for kind in kinds))


def _others(study: StudyFolder) -> list[Finding]:
    """Checks that other commands wrote into the folder: subject, found, meaning, warns; or that there are none."""
    path = study.path / CHECKS_NAME
    if not path.is_file():
        return [
            Finding(
                "Other steps, numbers of traders, orders of clearing",
                "not measured",
                "The study did not vary them: how far its numbers depend on them is not known.",
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
