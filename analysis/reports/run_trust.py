"""How reliable is this run? The checks that every report prints, and the warnings shown at its top.

Thresholds: r = -ln(1-m) / (sigma sqrt(dt)) should be at least 3 on stressed volatility, and at most 5% of the shortfall
may vanish with steps a quarter as long; otherwise part of the shortfall is an artefact of the time step.
"""

import math

from clearsim.results import MIN_STEP_RATIO

from ..fund_and_adl import endless_text, required_text
from ..money import format_exact
from ..run_folder import RunFolder
from .page import Finding

MAX_VANISHING_SHARE = 0.05


def examine(run: RunFolder) -> list[Finding]:
    """All checks of a run, in the order of the report."""
    return [
        *_status(run),
        *_opening(run),
        *_inputs(run),
        _step_ratio(run),
        _step_check(run),
        _impact(run),
        _rounds(run),
        _residual(run),
        _bad_debt(run),
        _required_fund(run),
        _backlog(run),
        _scale(run),
    ]


def _status(run: RunFolder) -> list[Finding]:
    status = str(run.run["status"])
    if status == "done":
        return []
    return [
        Finding("End of the run", status, "The run did not end as planned; its numbers cover only part of it.", True)
    ]


def _opening(run: RunFolder) -> list[Finding]:
    """Accounts that were bankrupt before the first price move: what others pay for them is not the event's."""
    deficit = int(run.run.get("deficit_initial_quanta", 0))
    if not deficit:
        return []
    accounts = int(run.run["bankrupt_initial_accounts"])
    draw, required = (
        format_exact(int(run.run[name]), run.quantum) for name in ("fund_draw_quanta", "required_fund_quanta")
    )
    return [
        Finding(
            "Accounts below zero at the start",
            f"{accounts:,}, together by {format_exact(deficit, run.quantum)} {run.asset}",
            f"Missing before the first price move, so not caused by it; the fund paid {draw} and the required fund is"
            f" {required} {run.asset} with this part in them, as far as the fund paid it. Check the first price,"
            " entries and margins.",
            True,
        )
    ]


def _inputs(run: RunFolder) -> list[Finding]:
    """What reading the input files found before the run."""
    notes = [str(text).partition(": ") for text in run.manifest.get("input_notes") or []]
    return [Finding("Input files", text, "Noted before the run.", kind == "warning") for kind, _, text in notes]


def _step_ratio(run: RunFolder) -> Finding:
    ratio, step_ms = float(run.run["step_ratio_worst"]), int(run.run["step_ms_at_worst"])
    subject = "Time step: r = −ln(1−m) / (σ√dt), worst case"
    if not math.isfinite(ratio) or ratio <= 0:
        return Finding(subject, "not defined", "No step had both a position to clear and a volatility above zero.")
    warns = ratio < MIN_STEP_RATIO
    meaning = (
        f"Below {MIN_STEP_RATIO:g}: one step can cross the whole maintenance margin, so part of the shortfall may"
        " be an artefact of the step. Measure it with --check-step, or shorten the step."
        if warns
        else f"At least {MIN_STEP_RATIO:g}: one step rarely crosses the whole maintenance margin."
    )
    return Finding(subject, f"{ratio:.2f}, with steps of {step_ms:,} ms", meaning, warns)


def _step_check(run: RunFolder) -> Finding:
    subject = "Shortfall that vanishes with steps a quarter as long (dt/4)"
    check = run.manifest.get("step_check")
    if not check:
        return Finding(subject, "not measured", "Run with --check-step to measure it.")
    share = float(check["vanishing_share"])
    quanta = [int(check[key]) for key in ("shortfall_quanta", "shortfall_refined_quanta")]
    coarse, fine = (format_exact(amount, run.quantum) for amount in quanta)
    low, high = check.get("vanishing_share_low"), check.get("vanishing_share_high")
    interval = "no interval" if low is None else f"95% interval {low * 100:.1f}% to {high * 100:.1f}%"
    pairs = int(check.get("pairs", 1))
    result = (
        f"{share * 100:.1f}%, {interval}, from {pairs} pair{'s' if pairs > 1 else ''} of runs"
        f" (shortfall {coarse} {run.asset}, {fine} at dt/4, summed)"
    )
    if share > MAX_VANISHING_SHARE:
        meaning = f"Above {MAX_VANISHING_SHARE:.0%}: part of the shortfall is an artefact of the time step. Shorten it."
        if low is None or low <= MAX_VANISHING_SHARE:
            meaning += f" The interval does not exclude {MAX_VANISHING_SHARE:.0%}: run more pairs to decide."
        return Finding(subject, result, meaning, True)
    return Finding(
        subject, result, f"At most {MAX_VANISHING_SHARE:.0%}: the time step has little effect on the shortfall."
    )


def _impact(run: RunFolder) -> Finding:
    rules = [(market.get("name"), market.get("impact") or {}) for market in run.config.get("markets") or []]
    texts = []
    for name, rule in rules:
        kind = rule.get("kind", "unknown")
        values = ", ".join(f"{key} {value}" for key, value in rule.items() if key != "kind" and value is not None)
        texts.append(f"{name}: {'exogenous (0)' if kind == 'exogenous' else f'{kind}, {values}'}")
    exogenous = all(rule.get("kind") == "exogenous" for _, rule in rules)
    meaning = (
        "The index does not react to the venue's liquidations. If it does in reality, the cascade is understated."
        if exogenous
        else "The venue's net taker flow moves the index. Report results for zero, calibrated and doubled impact."
    )
    return Finding("Impact of the venue's flow on the index", "; ".join(texts) or "not stated", meaning)


def _rounds(run: RunFolder) -> Finding:
    cycles = int(run.run["rounds_max_reached"])
    meaning = "In these cycles clearing stopped before the mark settled; the rest waited until the next cycle."
    ok = "Clearing settled in every cycle."
    return Finding("Limit of clearing rounds reached", f"{cycles:,} cycles", meaning if cycles else ok)


def _residual(run: RunFolder) -> Finding:
    residual = int(run.run["residual_quanta"])
    result = f"{format_exact(residual, run.quantum)} {run.asset}"
    meaning = "No quantum was created or lost." if residual == 0 else "Money was created or lost: the run is not valid."
    return Finding("Sum of all balances", result, meaning, residual != 0)


def _bad_debt(run: RunFolder) -> Finding:
    debt = int(run.run["bad_debt_quanta"])
    meaning = "No account ended below zero." if debt == 0 else "Negative equity that no layer of the waterfall paid."
    return Finding("Bad debt left at the end", f"{format_exact(debt, run.quantum)} {run.asset}", meaning, debt != 0)


def _required_fund(run: RunFolder) -> Finding:
    text = required_text(run.run, lambda quanta: format_exact(quanta, run.quantum))
    if not run.run["required_fund_is_bound"]:
        return Finding("Required fund", f"{text} {run.asset}", "The fund had money throughout, and no cap was reached.")
    second = endless_text(run.manifest, lambda quanta: f"{format_exact(quanta, run.quantum)} {run.asset}")
    meaning = f"The run on the same randomness {second}." if second else "Run it with a larger fund, without a cap."
    return Finding("Required fund", f"{text} {run.asset}", f"Only a lower bound. {meaning}", True)


def _backlog(run: RunFolder) -> Finding:
    peak = int(run.run["backlog_peak"])
    meaning = "Liquidations had to wait (limit per second, latency or cooldown)." if peak else "No liquidation waited."
    return Finding("Longest queue of liquidations", f"{peak:,} accounts", meaning)


def _scale(run: RunFolder) -> Finding:
    share = float(run.text("simulated_share", "1"))
    meaning = (
        "Amounts in this report are for the simulated part, not for the whole venue."
        if share != 1
        else "Amounts in this report are for the whole venue as configured."
    )
    return Finding("Simulated share of the venue", f"{share * 100:g}%", meaning)
