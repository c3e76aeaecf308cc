"""Step 15 of the cycle and the end of a run: samples, event rows of clearing, the summary row.

Decides when a sample is taken (posted by the sample clock) and the content of a row; conservation is checked in full at
every tenth, and at the end.
"""

import numpy as np

from ..errors import ConservationError
from ..kernels.ledger.totals import sum_accounts
from ..kernels.samples import write_samples
from ..layout import I64, MATCH_DTYPE, Reason, sums_of
from ..results import ADL_CAUSES, ADL_WAITED, COUNTED_FLOWS, Flow
from .build import spill
from .clearing import fund_cash, positions_of_funds
from .world import World

#: Samples from one full check of the sums to the next (CLR-LDG-001). Every cycle checks the rows that it touched, which
#: finds whatever a full sum would, except in rows that were changed without being touched; the last instant is always
#: checked in full.
FULL_SUMS_STRIDE = 10


def record(world: World) -> None:
    """Keep marks and extremes, pass on clearing's records, and sample if a sample is due."""
    _note_prices(world)
    if world.clearing.n_liquidations or world.clearing.n_matches:
        take_clearing_records(world)
    if world.due.sample:
        world.due.sample = False
        sample(world)
    if world.progress is not None:
        world.progress(world.time_ms, *_headline(world))


def _note_prices(world: World) -> None:
    extremes = world.extremes
    world.mark_path[world.step] = world.markets.mark
    first = world.market_states[0]
    index, mark = first.index, world.markets.mark.item(0) * first.tick_size
    dislocation = abs(mark / index - 1.0)
    if index < extremes.index_low:
        extremes.index_low = index
    if mark < extremes.mark_low:
        extremes.mark_low = mark
    if dislocation > extremes.dislocation_max:
        extremes.dislocation_max = dislocation


def _headline(world: World) -> tuple[float, int, int]:
    mark = float(world.markets.mark[0]) * float(world.instruments[0].tick_size)
    liquidated = int(world.clearing.records.counters["liquidated_accounts"].sum())
    return mark, fund_cash(world), liquidated


def take_clearing_records(world: World) -> None:
    """Store this cycle's ADL matches as the summary needs them, write event rows, and empty the records."""
    house, events = world.clearing, world.events
    matches = house.records.matches[: house.n_matches].copy()
    if len(matches):
        world.adl_matches.append(matches)
        np.add.at(world.adl_harm, matches["counterparty"], matches["harm"])
    if world.events_on:
        events.liquidations(house.records.liquidations[: house.n_liquidations].copy())
        events.adl_matches(matches, house.records.scores[: house.n_matches].copy())
    house.clear_records()


def check_sums(world: World) -> None:
    """Raise ConservationError unless all balances and all lots sum to zero, and the open interest that the cycles
    carried on is that of the positions."""
    lots, open_interest = np.zeros((2, len(world.instruments)), np.int64)
    accounts = world.accounts
    total = int(sum_accounts(accounts.quote, accounts.lots.reshape(-1), lots, open_interest))
    if total or any(lots.tolist()):
        raise ConservationError(
            f"cycle {world.cycle}: accounts sum to {total} quanta and {lots.tolist()} lots, not to 0"
        )
    if (open_interest != world.ledger.open_interest).any():
        raise ConservationError(
            f"cycle {world.cycle}: the positions have an open interest of {open_interest.tolist()} lots, the touched"
            f" accounts lead to {world.ledger.open_interest.tolist()}"
        )


def sample(world: World) -> None:
    """Add one row per market to the series; check the full sums at every FULL_SUMS_STRIDE-th sample."""
    if world.time_ms // world.config.record.sample_ms % FULL_SUMS_STRIDE == 0:
        check_sums(world)
    if world.series is not None:
        rows = world.series.next_rows(len(world.instruments))
        write_samples(world.exchange, world.sampled, len(world.clearing.backlog), rows)
        for flow in COUNTED_FLOWS:
            rows[flow.paid] = [_paid(world, market, flow) for market in range(len(rows))]


def _paid(world: World, market: int | slice, flow: Flow) -> int:
    """Payments so far of a flow that has a column of its own, in one market or in several."""
    return int(world.clearing.records.paid[market][..., [Reason[name] for name in flow.reasons]].sum())


def finish(world: World) -> None:
    """Repeat all checks at the end and pass on the rest of the logs."""
    check_sums(world)
    world.ledger.check_full()
    if world.log.header["n_transfers"][0] or world.log.header["n_fills"][0]:
        spill(world.log, world.events)
    world.events.flush()


def summary_row(world: World, identity: dict[str, object]) -> dict[str, object]:
    """Return the row of the `runs` table; `identity` holds run_id, hashes and the like."""
    header, extremes, limits = world.log.header, world.extremes, world.clearing.desk.limits
    total = sums_of(world.clearing.records.counters)
    worst = world.paths.worst_step([m.margin.smallest_maintenance_ppm() for m in world.config.markets])
    return {
        **identity,
        "status": "done",
        "n_traders": world.population.opening.n_traders,
        "n_cycles": world.cycle,
        "duration_ms": world.time_ms,
        "n_orders": int(header["order_count"][0]),
        "n_rejected": int(header["reject_count"][0]),
        "n_fills": int(header["fill_count"][0]),
        "volume_quanta": int(header["volume"][0]),
        "index_low": extremes.index_low,
        "mark_low": extremes.mark_low,
        "dislocation_max": extremes.dislocation_max,
        "liquidated_accounts": int(total["liquidated_accounts"]),
        "liquidated_notional_quanta": int(total["liquidated_long"] + total["liquidated_short"]),
        "book_liquidated_quanta": int(total["book_notional"]),
        "taken_over_quanta": int(total["taken_over_notional"]),
        "adl_notional_quanta": int(total["adl_notional"]),
        "adl_accounts": int(total["adl_accounts"]),
        "adl_matches": int(total["adl_matches"]),
        **_adl_causes(world),
        "adl_harm_quanta": int(total["adl_harm"]),
        **_harm_of_adl(world),
        "margin_initial_quanta": world.margin_initial,
        **_bankrupt_at_the_start(world),
        "fund_initial_quanta": world.fund_initial,
        "fund_final_quanta": fund_cash(world),
        "fund_min_quanta": extremes.fund_min,
        "fund_draw_quanta": int(total["fund_draw"]),
        "fund_gain_quanta": int(total["fund_gain"]),
        "required_fund_quanta": world.required_fund.together,
        **_bound(limits.fund_short.any(), limits.cap_reached.any()),
        "inventory_peak_quanta": extremes.inventory_peak,
        "socialised_loss_quanta": int(total["socialised"]),
        "bad_debt_quanta": _bad_debt(world),
        "first_adl_ms": extremes.first_adl_ms,
        "first_fund_empty_ms": extremes.first_fund_empty_ms,
        "step_ratio_worst": worst.ratio,
        "step_ms_at_worst": worst.step_ms,
        "rounds_max_reached": extremes.rounds_max_reached,
        "backlog_peak": extremes.backlog_peak,
        "residual_quanta": int(world.accounts.quote.sum()),
        **{flow.paid: _paid(world, slice(None), flow) for flow in COUNTED_FLOWS},
    }


def funds_table(world: World) -> dict[str, object]:
    """Return the `funds` table: one row per fund, in the order of the config."""
    limits, counters = world.clearing.desk.limits, world.clearing.records.counters
    scopes = range(len(world.rows.scopes))
    own = [world.markets.params["fund_row"] == world.rows.fund(scope) for scope in scopes]
    bounds = [_bound(limits.fund_short[scope], limits.cap_reached[scope]) for scope in scopes]
    return {
        "fund": list(world.rows.scopes),
        "initial_quanta": world.funds_initial,
        "final_quanta": [cash for cash, _, _ in positions_of_funds(world)],
        "draw_quanta": [int(counters["fund_draw"][markets].sum()) for markets in own],
        "gain_quanta": [int(counters["fund_gain"][markets].sum()) for markets in own],
        "required_fund_quanta": world.required_fund.of_fund,
        **{name: [bound[name] for bound in bounds] for name in bounds[0]},
    }


def _bound(by_fund: np.bool_, by_cap: np.bool_) -> dict[str, object]:
    """Whether the required fund is only a lower bound, and by what."""
    found = [name for name, is_it in (("fund", by_fund), ("cap", by_cap)) if is_it]
    return {"required_fund_is_bound": bool(found), "required_fund_bound_by": " and ".join(found) or "none"}


def _adl_causes(world: World) -> dict[str, object]:
    """Notional of ADL by its cause; ConservationError if the causes do not sum to all of it."""
    limits, total = world.clearing.desk.limits, int(world.clearing.records.counters["adl_notional"].sum())
    if int(limits.adl_notional.sum()) != total:
        raise ConservationError(f"causes of ADL sum to {int(limits.adl_notional.sum())} quanta, not to {total}")
    by_cause = {cause.column: int(amount) for cause, amount in zip(ADL_CAUSES, limits.adl_notional, strict=True)}
    return {**by_cause, ADL_WAITED.column: limits.adl_waited}


def _bankrupt_at_the_start(world: World) -> dict[str, object]:
    """Rows of traders that begin below zero at the initial mark, and their equities together as a positive amount."""
    assert world.start is not None
    equity = world.start.equity[world.rows.first_trader :]
    below = equity[equity < 0]
    return {"bankrupt_initial_accounts": len(below), "deficit_initial_quanta": -int(below.sum())}


def _bad_debt(world: World) -> int:
    """Negative equity of traders left standing at the end, quanta (>= 0)."""
    first = world.rows.first_trader
    value = world.accounts.lots[first:] @ np.array(world.unit_values(), np.int64)
    equity = world.accounts.quote[first:] + value
    return -int(equity[equity < 0].sum())


def _harm_of_adl(world: World) -> dict[str, object]:
    """Gains among the harm of ADL at execution, and profit forgone after 1, 10, 60 minutes and at the close: net, and
    the gains in it."""
    from .summary import forgone_profit

    horizons = {"1m": 60_000, "10m": 600_000, "60m": 3_600_000, "close": None}
    none = np.zeros(0, MATCH_DTYPE)
    matches = np.concatenate([none, *world.adl_matches])
    side = matches["side"]
    found = {"adl_harm_gained_quanta": _gained(matches["harm"])}
    for name, horizon in horizons.items():
        forgone = forgone_profit(
            time_ms=matches["time_ms"],
            signed_lots=side * matches["lots"],
            quote=side * matches["quote"],
            tick_values=world.markets.params["tick_value"],
            market=matches["market"],
            mark_times_ms=world.paths.times_ms,
            marks=world.mark_path,
            horizon_ms=horizon,
        )
        found[f"adl_forgone_{name}_quanta"] = int(forgone.sum())
        found[f"adl_forgone_{name}_gained_quanta"] = _gained(forgone)
    return dict(found)


def _gained(harm: I64) -> int:
    """Gains (harm below 0) of closes, quanta (>= 0)."""
    return -int(harm[harm < 0].sum())
