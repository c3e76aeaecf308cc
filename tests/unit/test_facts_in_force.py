"""A fact that was not in force at the start of the run is refused, with file, line and key."""

from datetime import UTC, datetime

import pytest
from clearsim.config import load_config
from clearsim.config.provenance import date_range
from clearsim.errors import ConfigError

#: A whole config under the venue's overlay of 18 September 2025; `start` and `entries` vary.
BASE = "extends: base\nname: dated\nstart_utc: {start}\nrequires_provenance: {strict}\nprovenance:\n{entries}"
COVERED = "".join(
    f"  - {{path: {path}, status: assumption, source: test}}\n"
    for path in ("asset", "scale", "'markets[0]'", "'funds[0]'", "liquidation", "waterfall", "population", "agents")
)
MARK = "  - {{path: 'markets[0].mark', status: {status}, source: test{keys}}}\n"


def refusal(tmp_path, keys, *, start="2025-10-10T20:40:00Z", strict=False, status="fact"):
    """The error of a config whose mark has a fact with these keys; empty if it is accepted."""
    entries = (COVERED if strict else "") + MARK.format(status=status, keys=f", {keys}" if keys else "")
    path = tmp_path / "dated.yaml"
    path.write_text(BASE.format(start=start, strict="true" if strict else "false", entries=entries))
    try:
        load_config(path)
    except ConfigError as error:
        return str(error)
    return ""


def test_a_rule_that_came_later_is_refused_at_its_line(tmp_path):
    text = refusal(tmp_path, "in_force_from: 2025-10-10T20:41Z")
    assert text.startswith(f"{tmp_path / 'dated.yaml'}:6: provenance[0].in_force_from must not be after start_utc")
    assert "2025-10-10T20:40:00Z for a fact, found 2025-10-10T20:41Z" in text
    assert "give markets[0].mark the value of that date" in text
    assert not refusal(tmp_path, "in_force_from: 2025-10-10T20:40Z")


def test_a_rule_that_had_been_replaced_is_refused(tmp_path):
    assert "in_force_until must be after start_utc" in refusal(tmp_path, "in_force_until: 2025-10-10T20:40Z")
    assert "in_force_until must be after start_utc" in refusal(tmp_path, "in_force_until: 2025-09")
    assert not refusal(tmp_path, "in_force_until: 2025-10-10T20:41Z")
    assert not refusal(tmp_path, "in_force_until: 2025-10")  # some day of October: not known to be over


@pytest.mark.parametrize("status", ["scaled", "assumption"])
def test_what_is_no_fact_has_no_date_to_hold(tmp_path, status):
    assert not refusal(tmp_path, "in_force_from: 2026-01-01", status=status)


def test_a_fact_about_a_rule_needs_its_date_where_provenance_is_required(tmp_path):
    text = refusal(tmp_path, "", strict=True)
    assert "in_force_from is missing: a fact about a rule of the venue needs the date from which it held" in text
    assert not refusal(tmp_path, "in_force_from: 2025-01", strict=True)
    assert not refusal(tmp_path, "")


@pytest.mark.parametrize(
    ("keys", "refused"),
    [
        # 366 days before 2025-10-10 20:40 is 2024-10-09 20:40: that day may be inside, the day before is not
        ("date: 2024-10-08", "date must be at most a year before start_utc"),
        ("date: 2024-10-09", ""),
        ("date: 2025-10-11", "date must not be after the end of the run, 2025-10-10T20:50:00Z"),
        ("date: 2025-10", ""),
        ("date: 2020-09 to 2025-09", ""),
        ("date: 2020-09 to 2023-09", "date must be at most a year before start_utc"),
        ("date: 2023-01, as_of: 2025-10-01", ""),
        ("date: 2025-10-01, as_of: 2023-01", "as_of must be at most a year before start_utc"),
        ("date: 2019, in_force_from: 2019-01", ""),
        ("read: 2026-11", ""),
    ],
)
def test_an_observation_of_another_time_is_refused_where_provenance_is_required(tmp_path, keys, refused):
    entries = COVERED + f"  - {{path: 'population.open_interest', status: fact, source: test, {keys}}}\n"
    entries = entries.replace("date: 2019,", "date: '2019',")
    path = tmp_path / "dated.yaml"
    for strict in ("true", "false"):
        path.write_text(BASE.format(start="2025-10-10T20:40:00Z", strict=strict, entries=entries))
        if refused and strict == "true":
            with pytest.raises(ConfigError) as error:
                load_config(path)
            assert refused in str(error.value)
        else:
            load_config(path)


def test_an_entry_of_its_own_takes_the_place_of_an_overlays_fact(tmp_path):
    path = tmp_path / "old.yaml"
    lines = "extends: two-markets\nname: old\nstart_utc: 2025-08-30T00:00:00Z\nprovenance:\n"
    path.write_text(lines + "  - {path: 'markets[*].margin.base', status: assumption, source: test}\n")
    with pytest.raises(ConfigError) as error:
        load_config(path)
    assert "found 2025-09-18T08:01Z: give markets[*].mark the value of that date" in str(error.value)
    own = "".join(
        f"  - {{path: 'markets[{market}].{rule}', status: assumption, source: test}}\n"
        for market in (0, 1)
        for rule in ("mark", "funding")
    )
    path.write_text(lines + own)
    assert load_config(path).config.provenance[-1].path == "markets[1].funding"


@pytest.mark.parametrize("text", ["soon", "2025-13", "2025-10-10 08:01", "10.10.2025"])
def test_a_date_that_is_none_is_refused(tmp_path, text):
    assert "must be a date like 2025-10, 2025-10-10 or 2025-10-10T08:01Z" in refusal(tmp_path, f"read: '{text}'")


def test_a_date_is_all_moments_that_it_may_mean():
    assert date_range("2025-12") == (datetime(2025, 12, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))
    assert date_range("2024-02-29") == (datetime(2024, 2, 29, tzinfo=UTC), datetime(2024, 3, 1, tzinfo=UTC))
    assert date_range("2025-09-18T08:01Z") == (datetime(2025, 9, 18, 8, 1, tzinfo=UTC),) * 2
    assert date_range("2020-09 to 2025-09") == (datetime(2020, 9, 1, tzinfo=UTC), datetime(2025, 10, 1, tzinfo=UTC))
    assert date_range("press of the day") is None
