"""The tables of flows and events: every reason in one flow, columns in the schema, one event a name."""

from collections import Counter

from clearsim.analysis.charts.theme import PALETTE
from clearsim.analysis.sizing import target
from clearsim.analysis.who_paid import GROUPS
from clearsim.engine.summary import COMPONENT_REASONS
from clearsim.layout import Reason
from clearsim.results import ATTRIBUTION, EVENTS, FLOWS, RESERVED_ROLES, ROLES, RUNS, SHORTFALL
from clearsim.runs.shortfall import shortfall_quanta
from clearsim.studies import stopping as rules


def test_every_reason_of_a_transfer_belongs_to_exactly_one_flow():
    counted = Counter(reason for flow in FLOWS for reason in flow.reasons)
    assert counted == dict.fromkeys(Reason.__members__, 1)


def test_only_the_price_has_no_reason():
    assert [flow.name for flow in FLOWS if not flow.reasons] == ["price"] == [ATTRIBUTION[0]]


def test_flows_of_a_group_share_its_colour():
    for group, names in GROUPS.items():
        assert len({flow.colour for flow in FLOWS if flow.name in names}) == 1, group
    assert {flow.colour for flow in FLOWS} == set(PALETTE)


def test_a_flow_is_a_cause_of_a_loss_or_covers_it_unless_it_is_the_owners_money():
    for flow in FLOWS:
        assert [bool(flow.cause), bool(flow.payer), flow.moved_by == "owner"].count(True) == 1, flow.name
        assert bool(flow.payer) == bool(flow.payer_rank), flow.name


def test_components_of_the_engine_are_the_flows():
    assert list(COMPONENT_REASONS) == list(ATTRIBUTION[1:])
    assert COMPONENT_REASONS["fund"] == (Reason.FUND_DRAW, Reason.FUND_GAIN)


def test_the_shortfall_is_what_the_flows_say_was_paid_and_what_nobody_paid():
    """300 by the fund, 100 socialised, 50 of bad debt; the deleveraged gained 7, which covers nothing."""
    assert SHORTFALL == ("fund_draw_quanta", "adl_harm_quanta", "socialised_loss_quanta", "bad_debt_quanta")
    assert set(SHORTFALL) <= {column.name for column in RUNS}
    row = {"fund_draw_quanta": 300, "adl_harm_quanta": -7, "socialised_loss_quanta": 100, "bad_debt_quanta": 50}
    assert shortfall_quanta(row) == 450


def test_events_read_columns_of_runs():
    columns = {column.name for column in RUNS}
    assert [event.name for event in EVENTS if event.column not in columns] == ["exhausted"]


def test_names_of_events_are_unique():
    for names in ([event.name for event in EVENTS], [event.answer for event in EVENTS if event.answer]):
        assert len(names) == len(set(names))


def test_stopping_rules_count_events_that_paths_show():
    assert list(rules.EVENTS) == ["adl", "fund_empty"]


def test_reserved_accounts_have_roles_of_their_own():
    assert RESERVED_ROLES == ("insurance fund", "engine", "fees", "rounding", "outside") == ROLES[-5:]


def test_targets_name_the_events_that_a_fund_may_be_sized_for():
    assert set(target.EVENT_WORDS.values()) == {event.answer for event in EVENTS if event.answer}
    for event in EVENTS:
        assert not event.answer or target.EVENT_WORDS[event.answer] == event.answer
