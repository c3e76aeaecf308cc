"""The answer box: by the outcomes that the study names, by paired differences, never by a fund that cannot be used."""

import numpy as np
import pytest
import yaml
from clearsim.analysis.charts.chart_context import StudyContext
from clearsim.analysis.charts.study.arms import draw_arms
from clearsim.analysis.charts.study.chosen_arms import chosen_arms
from clearsim.analysis.charts.study.trade_off import draw_frontier
from clearsim.analysis.reports.study_answer import answer_box
from clearsim.analysis.reports.study_panels import study_context, study_panels
from clearsim.analysis.study.bypassed import bypassed_arms
from clearsim.analysis.study.estimates import chosen_curves
from clearsim.analysis.study.folder import open_study
from clearsim.analysis.study.question import event_of
from clearsim.analysis.study.samples import arm_samples

from tests.unit.test_study_charts import ARM_TABLE, ARMS
from tests.worlds.studies import FUND, QUANTA, add_to_study, set_runs, write_study

CONTEXT = StudyContext(name="s", seed=1, n_runs=8)


def answer(folder):
    """The lines of the answer box."""
    study = open_study(folder)
    samples = arm_samples(study, event_of(study))
    box = answer_box(study, samples, study_context(study, samples))
    return [line.split("</p>")[0] for line in box.split("<p>")[1:]]


def panels(folder):
    study = open_study(folder)
    samples = arm_samples(study, event_of(study))
    return dict(study_panels(study, samples, study_context(study, samples)))


def title_of(figure):
    return figure.layout.title.text.replace("<br>", " ")


def two_arms(folder, first, second, *, outcomes, answer_defined=False):
    """Full runs of arms a and b with these required funds (quote units) on the same randomness."""
    write_study(folder, fidelity="full", arms=("a", "b"), replications=len(first), answer=answer_defined)
    quanta = [int(value * QUANTA) for value in (*first, *second)]
    set_runs(folder, {"required_fund_quanta": quanta, "liquidated_accounts": [5] * len(quanta)})
    return add_to_study(folder, outcomes=outcomes) if outcomes else folder


def test_a_study_that_names_the_required_fund_is_answered_by_it_and_not_by_exhaustion(tmp_path):
    """a needs 10, 12, 14 USDT, b 1 more in each run; both liquidate five accounts in each."""
    outcomes = ["required_fund_quanta", "liquidated_accounts"]
    lines = answer(two_arms(tmp_path / "s", [10, 12, 14], [11, 13, 15], outcomes=outcomes))
    assert lines == [
        "Mean required fund (95% interval): ADL rule a 12 USDT [7.03, 17]; ADL rule b 13 USDT [8.03, 18].",
        "Difference from ADL rule a on the same randomness (paired, 95% interval, 3 independent draws)."
        " Higher: ADL rule b 1 USDT [1, 1].",
        "Mean liquidated accounts (95% interval): ADL rule a (equal in every run: ADL rule b) 5 accounts [5, 5].",
        "Both arms are equal in each of 3 pairs of runs.",
    ]


def test_a_stopped_study_says_so_first_and_concludes_nothing_from_one_run(tmp_path):
    folder = two_arms(tmp_path / "s", [10, 12], [11, 13], outcomes=["required_fund_quanta"])
    lines = answer(set_runs(folder, {}, keep=[0]))
    assert lines == [
        "Incomplete: 1 of 4 runs done, 3 missing.",
        "No arm has two completed runs or points, so it has no mean with an interval: mean required fund.",
    ]


def test_arms_of_unequal_coverage_are_compared_by_the_runs_they_share(tmp_path):
    """Without its last run (100) b's mean is far below a's; over the shared runs it is 1 above."""
    folder = two_arms(tmp_path / "s", [10, 12, 100], [11, 13, 101], outcomes=["required_fund_quanta"])
    lines = answer(set_runs(folder, {}, keep=range(5)))
    assert lines[1].startswith(
        "Arms have 2 to 3 completed runs, so they hold unequal parts of the design: compare them only by"
    )
    assert "Higher: ADL rule b 1 USDT [1, 1]." in lines[3]


def test_a_mean_over_chosen_points_is_called_one(tmp_path):
    folder = write_study(tmp_path / "s", kind="grid", fidelity="full", replications=2, answer=False)
    lines = answer(add_to_study(folder, outcomes=["liquidated_accounts"]))
    assert lines[0].startswith("Means are over the 20 points of the design (grid). The design chooses its points")
    assert lines[1] == "Liquidated accounts of a point: from 0 to 0, over 20 points."


def bypass(folder):
    """Six runs of two arms; a's fund of 5 million is exhausted in runs 0 to 2; b pays nothing and has ADL in all."""
    needs = [2 * FUND, 2 * FUND, 2 * FUND, FUND / 2, FUND / 2, FUND / 2]
    two_arms(folder, needs, [0] * 6, outcomes=None, answer_defined=True)
    empty = [1_000] * 3 + [-1] * 9
    return set_runs(
        folder,
        {
            "first_fund_empty_ms": empty,
            "fund_draw_quanta": [QUANTA] * 6 + [0] * 6,
            "adl_notional_quanta": [QUANTA] * 3 + [0] * 3 + [QUANTA] * 6,
        },
    )


def test_an_arm_whose_fund_pays_nothing_is_not_the_one_with_the_lowest_probability(tmp_path):
    folder = bypass(tmp_path / "s")
    lines = answer(folder)
    assert lines[0] == (
        "In ADL rule b the fund cannot be exhausted (the fund paid nothing in any of 6 runs, and ADL or others took"
        " losses in 6 of them): not compared by P(the fund is exhausted within 30 days)."
    )
    assert lines[1].startswith(
        "P(the fund is exhausted within 30 days) as configured: ADL rule a: 0.5 [0.118, 0.882] (95% interval, crude,"
    )
    assert not any("owest" in line for line in lines)
    drawn = panels(folder)
    assert "arms" not in drawn
    assert [name for name in drawn if name.startswith("sufficiency")] == ["sufficiency-arm-0"]


def test_a_fund_that_was_not_needed_is_compared(tmp_path):
    """No ADL and no loss of others in b: that its fund paid nothing is an answer."""
    folder = set_runs(bypass(tmp_path / "s"), {"adl_notional_quanta": [QUANTA] * 3 + [0] * 9})
    study = open_study(folder)
    assert bypassed_arms(study, arm_samples(study, "equity_zero")) == {}
    text = " ".join(answer(folder))
    # Only a shows it, in 3 of 6. Half a run in each of four cells: (0.5 - 3.5) / 8 +- 1.96 sqrt(4 - 9 / 8) / 8.
    assert "No difference found: ADL rule b -0.5 [-0.79, 0.0404]." in text
    assert "ADL rule b: 0 of 6, at most 0.459" in text


@pytest.mark.parametrize(("layers", "n"), [(["takeover", "insurance_fund", "adl"], 0), (["takeover", "adl"], 2)])
def test_a_waterfall_without_the_fund_is_recognised(tmp_path, layers, n):
    folder = two_arms(tmp_path / "s", [10, 12], [11, 13], outcomes=None, answer_defined=True)
    (folder / "base.yaml").write_text(yaml.safe_dump({"waterfall": [{"kind": kind} for kind in layers]}))
    text = (folder / "study.yaml").read_text().replace("waterfall[2].ranking", "liquidation")
    (folder / "study.yaml").write_text(text)
    study = open_study(folder)
    found = bypassed_arms(study, arm_samples(study, "equity_zero"))
    assert list(found.values()) == ["its waterfall has no insurance_fund layer"] * n


def test_outcomes_that_do_not_fit_a_figure_are_named_in_it(tmp_path):
    names = ["liquidated_accounts", "required_fund_quanta", "adl_notional_quanta", "socialised_loss_quanta"]
    folder = two_arms(tmp_path / "s", [10, 12], [11, 13], outcomes=names)
    notes = panels(folder)["outcomes"].layout.annotations[-1].text.replace("<br>", " ")
    assert "Named by the study, not drawn: socialised loss." in notes
    assert sum(line.startswith("Mean ") for line in answer(folder)) == 4


def test_of_many_arms_the_first_and_both_ends_are_drawn_and_the_rest_is_named():
    arms = [f"arm {i}" for i in range(27)]
    shown, note = chosen_arms(arms, {arm: abs(i - 13) + 0.0 for i, arm in enumerate(arms)}, "P(ADL)", most=5)
    assert shown == ["arm 0", "arm 12", "arm 13", "arm 25", "arm 26"]  # values 13; 1, 0; 12, 13
    assert note.startswith("Shown: 5 of 27 arms, the first and those with the lowest and the highest P(ADL). Left out:")
    assert note.endswith("16 more.")
    assert chosen_arms(arms, {}, "P(ADL)", most=27) == (arms, "")
    shown, _ = chosen_arms(arms, {"arm 9": 1.0, "arm 4": np.nan}, "P(ADL)", most=5)
    assert shown == ["arm 0", "arm 1", "arm 2", "arm 3", "arm 9"]


def test_curves_are_of_the_first_the_smallest_and_the_largest_fund(tmp_path):
    """Arm k needs 1 + k times what the first needs, so of five arms the first is also the smallest."""
    folder = write_study(tmp_path / "s", arms="abcde")
    chosen, note = chosen_curves(arm_samples(open_study(folder), "equity_zero"))
    assert [sample.label for sample in chosen] == ["ADL rule a", "ADL rule b", "ADL rule e"]
    assert note.startswith("Curves: 3 of 5 arms (2 lie between these; drawn are the first, and the arms with the small")
    assert note in panels(folder)["sufficiency-arm-0"].layout.annotations[-1].text.replace("<br>", " ")


def test_arms_of_equal_probability_have_no_lowest_and_no_highest():
    never = ARM_TABLE.assign(probability=0.0, low=0.0, high=0.2, events=0)
    title = title_of(draw_arms(never, CONTEXT, event="e", target=1e-3))
    assert "no highest and lowest arm is named" in title
    apart = title_of(draw_arms(ARM_TABLE, CONTEXT, event="e", target=1e-3))
    assert "Highest P(e): Pro rata: 0.2 [0.1, 0.3]; lowest: Ranked: 0 of 100" in apart


def test_the_frontier_of_an_incomplete_study_calls_no_arm_efficient():
    figure = draw_frontier(ARMS, CONTEXT, event="ADL", event_axis="ADL", incomplete="Arms have 0 to 1 completed runs.")
    assert "Arms have 0 to 1 completed runs." in title_of(figure)
    assert all(symbol.endswith("-open") for trace in figure.data for symbol in trace.marker.symbol)
    assert all(axis.range[1] <= 0 for axis in (figure.layout.yaxis, figure.layout.yaxis2))  # log10 of at most 1
