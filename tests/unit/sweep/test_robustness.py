"""Checks of a study: what is changed, the differences by hand, what the folder holds afterwards."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
from clearsim.analysis.estimators.paired import paired_difference
from clearsim.errors import ConfigError, ResultError
from clearsim.studies.robustness import measure, middle_point, run_checks, run_outcomes, write_checks
from clearsim.studies.robustness_variants import variants_of

from tests.unit.sweep.small_studies import SHOCK, TAKER, plan_of

BODY = f"uncertainties:\n{SHOCK}design: {{kind: grid, n: 3}}\nlevers:\n{TAKER}set: {{duration_s: 5}}\n"


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    return plan_of(tmp_path_factory.mktemp("study"), BODY)


def ends(low, high):
    return lambda first, second: SimpleNamespace(value=(low + high) / 2, low=low, high=high)


def fake(job, refine):
    """100 and 102 as configured; half as much again with cut steps, double if interleaved."""
    base = 100.0 + 2 * job.replication
    times = 1.5 if refine == 4 else 2.0 if ("liquidation.mode", "interleaved") in job.settings else 1.0
    return {"required_fund_quanta": times * base, "liquidated_notional_quanta": base}


def test_the_middle_point_is_nearest_to_the_median_in_the_middle_arm(plan):
    assert plan.n_points == 6
    assert middle_point(plan) == 3  # row 1 of 3, arm 1 of 2


def test_variants_of_the_full_engine_are_all_that_the_config_is_not(plan):
    subjects = {variant.subject: variant for variant in variants_of(plan.base, "full")}
    assert list(subjects) == [
        "600 traders in place of 2,000",
        "600 traders in place of 2,000, multiplying only those who open with a position",
        "6,000 traders in place of 2,000",
        "6,000 traders in place of 2,000, multiplying only those who open with a position",
        "Every step cut into four",
        "Every step, and the time between makers' looks, cut into four",
        "Clearing by_account_id in place of riskiest_first",
        "Clearing random in place of riskiest_first",
        "Clearing interleaved in place of batch",
    ]
    assert subjects["Every step cut into four"].refine == 4
    quicker = subjects["Every step, and the time between makers' looks, cut into four"]
    assert quicker.refine == 4
    assert quicker.settings == (("population.cohorts[makers].behaviour.look_interval_ms", 250),)
    counts = [value for _, value in subjects["600 traders in place of 2,000"].settings]
    assert sum(counts) + len(plan.base.agents) == 600
    # 1,600 of the 2,000 open with a position: 400 others stay, 200 and 5,600 are left
    for total, left in ((600, 200), (6000, 5600)):
        openers = subjects[f"{total:,} traders in place of 2,000, multiplying only those who open with a position"]
        assert openers.settings == (("population.cohorts[6].traders", left),)


def test_openers_alone_cannot_make_fewer_traders_than_the_others_are(plan):
    alone = next(item for item in variants_of(plan.base, "full", [450, 390]) if "only those" in item.subject)
    assert alone.settings == (("population.cohorts[6].traders", 50),)
    none = [item for item in variants_of(plan.base, "full", [390]) if "only those" in item.subject]
    assert none[0].impossible.startswith("400 traders open without a position")


def test_limits_that_count_accounts_grow_with_the_traders(tmp_path):
    changes = "set: {duration_s: 5, liquidation.per_second: 5, 'waterfall[2].matches_per_cycle': 10}\n"
    base = plan_of(tmp_path, BODY.replace("set: {duration_s: 5}\n", changes)).base
    fewer, _, more, _ = variants_of(base, "full", [600, 6000])[:4]
    assert more.subject == "6,000 traders in place of 2,000, limits of accounts in proportion"
    assert dict(more.settings)["liquidation.per_second"] == 15
    assert dict(more.settings)["waterfall[2].matches_per_cycle"] == 30
    assert dict(fewer.settings)["liquidation.per_second"] == 2  # 1.5, rounded to even


def test_too_few_traders_are_refused_if_asked_for(plan):
    with pytest.raises(ConfigError, match="too few"):
        variants_of(plan.base, "full", [5])


def test_differences_are_those_of_the_same_replication_over_the_mean(plan):
    seen = []

    def runner(job, refine):
        seen.append((job.point, job.replication, refine))
        return fake(job, refine)

    rows = {row["subject"]: row for row in run_checks(plan, paired=paired_difference, replications=2, runner=runner)}
    assert set(seen) == {(3, replication, refine) for replication in (0, 1) for refine in (1, 4)}
    cut = rows["Every step cut into four"]
    # differences 50 and 51, mean 50.5 of 101; half-width 12.7062 * (sd 0.70711) / sqrt 2 = 6.3531
    fund = cut["differences"]["required_fund_quanta"]
    assert fund["difference"] == 50.5
    assert fund["relative"] == pytest.approx(0.5)
    assert fund["relative_low"] == pytest.approx((50.5 - 6.3531) / 101, abs=1e-6)
    assert cut["found"] == "required fund +50.0% [+43.7%, +56.3%]; liquidated notional +0.0% [+0.0%, +0.0%]"
    assert cut["warns"]
    assert rows["Clearing interleaved in place of batch"]["warns"]
    random = rows["Clearing random in place of riskiest_first"]
    assert not random["warns"]
    assert random["meaning"] == "Within 5% of the mean. Point 3, 2 paired replications. Equal in every run."


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (5.1, 9, "differs"),
        (-9, -5.1, "differs"),
        (4.9, 9, "open"),
        (-5, 5, "agrees"),
        (1, 4, "agrees"),
        (-6, 1, "open"),
    ],
)
def test_a_difference_matters_if_its_interval_lies_beyond_five_percent(low, high, verdict):
    assert measure([90, 110], [0, 0], ends(low, high))["verdict"] == verdict


def test_a_mean_of_nothing_has_no_share():
    assert measure([0, 0], [0, 0], ends(0, 0))["verdict"] == "agrees"
    assert measure([0, 0], [0, 4], ends(-1, 5))["verdict"] == "undefined"


def test_a_variant_that_cannot_run_is_told_and_the_others_stand(plan):
    def runner(job, refine):
        if refine == 4:
            raise ResultError("no such step")
        return fake(job, refine)

    rows = {row["subject"]: row for row in run_checks(plan, paired=paired_difference, replications=2, runner=runner)}
    assert rows["Every step cut into four"]["found"] == "not measured: a run failed"
    assert [subject for subject, row in rows.items() if row.get("failed")] == [
        "Every step cut into four",
        "Every step, and the time between makers' looks, cut into four",
    ]
    assert "no such step" in rows["Every step cut into four"]["meaning"]
    assert rows["Clearing interleaved in place of batch"]["found"].startswith("required fund +100.0%")


def test_a_required_fund_that_is_only_a_bound_settles_nothing(plan):
    bound = {"required_fund_is_bound": 1.0}
    rows = run_checks(plan, paired=paired_difference, replications=2, runner=lambda job, refine: fake(job, 1) | bound)
    cut = next(row for row in rows if row["subject"] == "Every step cut into four")
    assert cut["meaning"].startswith("Not settled")
    assert "The required fund is only a lower bound in 4 of 4 runs" in cut["meaning"]
    assert cut["found"].startswith("required fund not known; liquidated notional ")
    assert cut["differences"]["required_fund_quanta"]["difference"] is None


def test_a_point_that_is_not_there_is_refused(plan):
    with pytest.raises(ConfigError, match="point must be 0 to 5, found 6"):
        run_checks(plan, paired=paired_difference, point=6, runner=fake)


def test_rows_of_others_stay_and_earlier_ones_go(tmp_path):
    other = {"subject": "Validation", "found": "passed"}
    (tmp_path / "checks.json").write_text(
        json.dumps([other, {"subject": "old", "found": "x", "by": "clearsim robustness"}])
    )
    write_checks(tmp_path, [{"subject": "new", "found": "y", "by": "clearsim robustness"}])
    assert [row["subject"] for row in json.loads((tmp_path / "checks.json").read_text())] == ["Validation", "new"]
    (tmp_path / "checks.json").write_text("{")
    with pytest.raises(ResultError, match="is not a list of checks"):
        write_checks(tmp_path, [])


def test_a_real_run_is_the_same_twice_and_another_with_its_steps_cut(plan):
    job = plan.job(plan.point(3), 0)
    job = replace(job, settings=(*job.settings, ("markets[0].price.shock_ms", 2000)))
    once = run_outcomes(job, 1)
    assert once == run_outcomes(job, 1)
    assert once["liquidated_notional_quanta"] > 0
    assert once != run_outcomes(job, 4)
