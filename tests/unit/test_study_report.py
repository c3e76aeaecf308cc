"""The report of a study: the answer and every warning on the first page, figures by design, the same bytes again."""

import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest
from clearsim.analysis.errors import AnalysisError
from clearsim.analysis.estimators.estimate import Estimate, RefusedError
from clearsim.analysis.estimators.intervals import clopper_pearson
from clearsim.analysis.reports.study_panels import study_context, study_panels
from clearsim.analysis.reports.study_report import export_study, write_study_report
from clearsim.analysis.reports.study_trust import examine_study
from clearsim.analysis.study.estimates import chance_of, curve_of, emptied_by, fund_for
from clearsim.analysis.study.folder import is_study, open_study
from clearsim.analysis.study.samples import arm_samples
from scipy import stats

from tests.worlds.studies import FUND, arm_means, write_study

ARMS = ("profit x leverage", "pro rata")


def own_text(folder):
    """The report without plotly.js and without the data of figures."""
    text = (folder / "report.html").read_text(encoding="utf-8")
    return re.sub(r"<script[ >].*?</script>", "", text, flags=re.DOTALL)


def report(folder, **facts):
    write_study(folder, **facts)
    write_study_report(folder)
    return own_text(folder)


def names_of(folder, event="equity_zero"):
    study = open_study(folder)
    samples = arm_samples(study, event)
    return [panel.name for panel in study_panels(study, samples, study_context(study, samples))]


def findings(folder):
    study = open_study(folder)
    return examine_study(study, arm_samples(study, "equity_zero"))


def finding(folder, subject):
    return next(f for f in findings(folder) if f.subject.startswith(subject))


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    folder = write_study(tmp_path_factory.mktemp("plain") / "study")
    write_study_report(folder)
    return folder


def test_the_report_is_one_file_that_asks_for_nothing(plain):
    page = (plain / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"""<(script|link|img|iframe|source)[^>]*\s(src|href)\s*=""", page)
    assert page.count("plotly.js v") == 1
    assert "://" not in own_text(plain)
    assert page.count('<script type="application/json">') >= 4


def test_the_same_folder_gives_the_same_bytes(plain, tmp_path):
    again = shutil.copytree(plain, tmp_path / "elsewhere" / "study")
    write_study_report(again)
    assert (again / "report.html").read_bytes() == (plain / "report.html").read_bytes()


def test_question_and_answer_come_first_with_n_seed_and_interval(plain):
    text = own_text(plain)
    assert "Is the fund large enough &amp; &lt;who&gt; asks?" in text
    box = text[text.index("id='answer'") : text.index("id='arms'")]
    assert "of 800)" in box
    assert "95% interval" in box
    assert "0.0001: not known, at least 36,887 outcomes are needed" in box
    assert text.index("seed 7") < text.index("id='answer'") < text.index("id='figures'") < text.index("id='trust'")


def test_the_definition_of_sufficient_is_shown_or_its_absence(plain, tmp_path):
    assert "horizon: 30 days" in own_text(plain)
    text = report(tmp_path / "study", answer=False)
    box = text[text.index("Read this first") : text.index("id='arms'")]
    assert "Is “sufficient” defined: no." in box


def test_failures_are_warned_of_listed_and_left_out(tmp_path):
    text = report(tmp_path / "study", replications=3, failed=1)
    assert "Runs that failed or crashed: 1 (33.33%; arm 0: 1)." in text[: text.index("id='arms'")]
    assert "ValueError: price &lt;= 0" in text[text.index("id='failures'") :]
    assert "2 of 3 runs done, 1 failed · 800 paths" in text
    assert "Incomplete" not in text  # it failed, but it ended


def test_a_study_in_progress_says_what_is_missing(tmp_path):
    """Two runs are stored, whatever the manifest counted; the design has one point and ten replications."""
    text = report(tmp_path / "study", n_runs=2, n_stored=2, manifest_replications=10)
    missing = "2 of 10 runs done, 8 missing"
    assert f"seed 7 · {missing} · 800 paths" in text
    box = text[text.index("Read this first") :]
    assert box.index(f"<li><b>Incomplete study: {missing}.</b>") == box.index("<li>")  # the first of all warnings
    assert text.index("Read this first") < text.index("id='answer'") < text.index(f"<p>Incomplete: {missing}.</p>")


def test_a_complete_study_says_so_below_its_answer(plain):
    text = own_text(plain)
    assert "2 of 2 runs done" in text
    assert "Every run of the design has ended." in text
    assert "missing" not in text[: text.index("id='arms'")]


def test_a_study_without_a_completed_run_is_reported_as_such(tmp_path):
    text = report(tmp_path / "study", failed=2)
    assert "No run completed: there is no answer." in text
    assert "No run completed: there is nothing to draw." in text


def test_never_seen_is_an_upper_bound_and_no_zero(tmp_path):
    text = report(tmp_path / "study", scale=0)
    high = clopper_pearson(0, 800)[1]
    assert f"0 of 800, at most {high:.3g} (95% interval" in text
    assert "none of 800 runs needed a fund" in (tmp_path / "study" / "report.html").read_text()


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("list", ["sufficiency", "tail", "stability", "fund-over-time"]),
        ("one_at_a_time", ["tornado"]),
        ("saltelli", ["sobol", "boxes", "heat-map"]),
        ("grid", ["heat-map"]),
        ("latin_hypercube", ["sufficiency", "tail", "stability", "importance", "boxes", "heat-map", "fund-over-time"]),
    ],
)
def test_figures_follow_the_design(tmp_path, kind, wanted):
    assert names_of(write_study(tmp_path / "study", kind=kind)) == wanted


@pytest.mark.parametrize(
    ("kind", "figure"),
    [
        ("one_at_a_time", "tornado"),
        ("saltelli", "sobol"),
        ("saltelli", "boxes"),
        ("grid", "heat-map"),
        ("latin_hypercube", "importance"),
    ],
)
def test_figures_of_factors_are_of_one_arm_and_say_which(tmp_path, kind, figure):
    study = open_study(write_study(tmp_path / "study", kind=kind, arms=ARMS))
    samples = arm_samples(study, "equity_zero")
    panels = {panel.name: panel.figure for panel in study_panels(study, samples, study_context(study, samples))}
    words = panels[figure].to_json().replace("\\u003cbr\\u003e", " ")
    assert "Not drawn" not in words
    assert "(ADL rule profit x leverage)" in words


def test_arms_are_compared_and_each_has_its_curve(tmp_path):
    folder = write_study(tmp_path / "study", arms=ARMS)
    names = names_of(folder)
    assert names[0] == "arms"
    assert {"sufficiency-arm-0", "sufficiency-arm-1", "tail-arm-0"} <= set(names)
    text = report(tmp_path / "again", arms=ARMS)
    assert "P(the fund is exhausted within 30 days) as configured: ADL rule profit x leverage: 0." in text
    assert "Difference from ADL rule profit x leverage on the same randomness (paired, 95% interval, 2 " in text


def test_designs_that_choose_their_points_have_no_single_probability(tmp_path):
    text = report(tmp_path / "study", kind="grid")
    assert "so there is no single probability" in text
    assert "fund for 0.001" not in text


def test_cells_that_never_show_the_event_are_bounded_by_their_outcomes(tmp_path):
    folder = write_study(tmp_path / "study", kind="grid", replications=4)
    study = open_study(folder)
    samples = arm_samples(study, "equity_zero")
    panels = dict(study_panels(study, samples, study_context(study, samples)))
    cell = panels["heat-map"].data[0].customdata[3][0]  # the smallest jump on the deepest market
    assert cell == f"0 of 1,600<br>≤ {clopper_pearson(0, 1600)[1]:.3g}"


def test_cells_of_one_run_have_the_interval_of_its_paths(tmp_path):
    """Mean required fund of 400 paths: 1.96 standard errors either way, and the paths as n."""
    folder = write_study(tmp_path / "study", kind="grid", replications=1)
    with (folder / "study.yaml").open("a") as text:
        text.write("outcomes: [required_fund_quanta]\n")
    study = open_study(folder)
    samples = arm_samples(study, "equity_zero")
    panels = dict(study_panels(study, samples, study_context(study, samples)))
    values = study.paths.loc[study.paths["run_id"] == "000004-0", "required_fund_quanta"].to_numpy(np.float64) * 1e-12
    half = 1.959964 * values.std(ddof=1) / np.sqrt(len(values))
    words = [f"{end:.3g}" for end in (values.mean(), values.mean() - half, values.mean() + half)]
    cell = panels["heat-map"].data[0].customdata[0][4]  # point 4: the largest jump on the thinnest market
    assert cell == f"{words[0]}<br>[{words[1]}, {words[2]}]"
    assert "n = 400 per cell" in panels["heat-map"].layout.annotations[-1].text


def test_the_curve_is_that_of_the_paths(plain):
    (sample,) = arm_samples(open_study(plain), "equity_zero")
    curve = curve_of(sample)
    assert sample.n == 800
    for row in curve.iloc[:: max(1, len(curve) // 7)].to_dict("records"):
        assert row["probability"] == np.mean(sample.required > row["fund"])
    assert chance_of(sample).value == np.mean(sample.required > FUND)


def test_over_ten_points_the_interval_is_taken_over_points_and_is_wider(tmp_path):
    (sample,) = arm_samples(open_study(write_study(tmp_path / "study", kind="latin_hypercube")), "equity_zero")
    assert sample.n_clusters == 120
    found, plain = chance_of(sample), clopper_pearson(int(sample.event.sum()), sample.n)
    assert found.value == sample.event.mean()
    assert found.high - found.low > 3 * (plain[1] - plain[0])
    shares = pd.Series(sample.event).groupby(sample.cluster).mean()
    half = 1.9801 * shares.std() / np.sqrt(120)  # t with 119 degrees of freedom
    assert found.high == pytest.approx(found.value + half, rel=1e-4)
    fund = fund_for(sample, 0.01)
    assert np.mean(sample.required > fund.value) <= 0.01
    assert fund.low < fund.value < fund.high


def test_blocks_of_a_saltelli_design_are_its_draws(tmp_path):
    """32 blocks of five points each, which share inputs and randomness."""
    folder = write_study(tmp_path / "study", kind="saltelli", arms=ARMS)
    with (folder / "study.yaml").open("a") as text:
        text.write("outcomes: [required_fund_quanta]\n")
    study = open_study(folder)
    assert {sample.n_clusters for sample in arm_samples(study, "equity_zero")} == {32}
    means = arm_means(study, level=0.95)
    assert means["n"].tolist() == [32, 32]
    runs = study.done[study.done["arm"] == 0]
    blocks = runs.groupby("scenario")["required_fund_quanta"].mean()
    half = stats.t.isf(0.025, 31) * blocks.std() / 32**0.5
    wide = (means["high"] - means["low"]).iloc[0] / means["value"].iloc[0]
    assert wide == pytest.approx(2 * half / blocks.mean())


def test_paths_of_few_runs_state_the_basis_of_their_interval(plain, tmp_path):
    assert finding(plain, "Basis of intervals").result == "paths of 2 runs per arm"
    folder = write_study(tmp_path / "study", replications=12)
    assert finding(folder, "Basis of intervals").result == "runs, at least 12 per arm"


def test_runs_that_differ_more_than_chance_explains_give_a_warning(tmp_path):
    folder = write_study(tmp_path / "study", replications=2)
    paths = pd.read_parquet(folder / "paths" / "part-a.parquet")
    first = paths["run_id"] == paths["run_id"].iloc[0]
    paths.loc[first, "required_fund_quanta"] *= 4
    paths.to_parquet(folder / "paths" / "part-a.parquet")
    found = finding(folder, "Basis of intervals")
    assert found.warns
    assert "Runs differ more than chance explains" in found.meaning


def test_full_runs_count_one_each(tmp_path):
    folder = write_study(tmp_path / "study", fidelity="full", replications=40)
    (sample,) = arm_samples(open_study(folder), "equity_zero")
    assert (sample.n, sample.n_clusters) == (40, 40)
    assert finding(folder, "Basis of intervals").result == "independent runs"


def test_weighted_paths_are_estimated_with_their_weights(tmp_path):
    (sample,) = arm_samples(open_study(write_study(tmp_path / "study", weighted=True, paths=4_000)), "equity_zero")
    found = chance_of(sample)
    assert found.method == "importance sampling"
    assert found.value == pytest.approx(np.mean(np.exp(sample.log_weight) * sample.event))
    curve = curve_of(sample)
    assert (curve["events"] > 0).all()  # without a count there is no bound from weights
    share = emptied_by(sample, horizon_days=30)
    assert share["probability"].iloc[-1] == pytest.approx(
        np.mean(np.exp(sample.log_weight) * (sample.first_empty_ms >= 0))
    )


def test_weighted_paths_of_many_points_are_as_sure_as_their_points(tmp_path):
    """By hand: the mean and t interval of each point's weighted share."""
    folder = write_study(tmp_path / "study", kind="latin_hypercube", weighted=True, paths=400)
    (sample,) = arm_samples(open_study(folder), "equity_zero")
    parts = pd.DataFrame({"point": sample.cluster, "part": np.exp(sample.log_weight) * sample.event})
    shares = parts.groupby("point")["part"].mean()
    half = stats.t.isf(0.025, len(shares) - 1) * shares.std() / len(shares) ** 0.5
    found = chance_of(sample)
    assert found.method == "importance sampling, over runs"
    assert (found.low, found.high) == pytest.approx((shares.mean() - half, shares.mean() + half))
    curve = curve_of(sample)
    at = int(np.abs(curve["fund"] - sample.fund).argmin())
    assert curve["high"][at] - curve["low"][at] > 0.5 * 2 * half
    fund = fund_for(sample, 0.02)
    assert fund.method == "importance sampling, curve over runs inverted"
    inside = curve[(curve["low"] <= 0.02) & (curve["high"] >= 0.02)]["fund"]
    assert fund.low <= inside.min() * 1.01
    assert fund.high >= inside.max() * 0.99
    by_then = emptied_by(sample, horizon_days=30).iloc[-1]
    empty = parts.assign(part=np.exp(sample.log_weight) * (sample.first_empty_ms >= 0)).groupby("point")["part"].mean()
    half = stats.t.isf(0.025, len(empty) - 1) * empty.std() / len(empty) ** 0.5
    assert (by_then["low"], by_then["high"]) == pytest.approx((empty.mean() - half, empty.mean() + half))


def test_the_share_that_ran_empty_ends_at_the_share_of_paths(plain):
    (sample,) = arm_samples(open_study(plain), "cash_zero")
    share = emptied_by(sample, horizon_days=30)
    assert share["probability"].is_monotonic_increasing
    assert share["probability"].iloc[-1] == sample.event.mean()
    assert (share["low"] <= share["probability"]).all()
    assert (share["probability"] <= share["high"]).all()


def test_answers_of_size_fund_and_checks_of_others_are_shown_first(tmp_path):
    folder = write_study(tmp_path / "study")
    fund = {"value": 2e7, "low": 1.8e7, "high": None, "level": 0.95, "method": "importance sampling", "n": 2000}
    answer = {"target": {"text": "P(ADL within 30d) < 1e-06"}, "fund": fund, "confirmed": False}
    (folder / "answer.json").write_text(json.dumps(answer))
    checks = [{"subject": "Shortfall at dt/4", "found": "12% vanishes", "meaning": "too coarse", "warns": True}]
    (folder / "checks.json").write_text(json.dumps(checks))
    write_study_report(folder)
    text = own_text(folder)
    first = text[: text.index("id='arms'")]
    assert "required fund 20 million USDT [18, no bound], 2% of open interest" in first
    assert "not confirmed by a second method" in first
    assert "Shortfall at dt/4: 12% vanishes." in first


def test_tables_of_other_commands_become_figures(tmp_path):
    folder = write_study(tmp_path / "study")
    shocks = {"depth_loss": [0.5], "concentration": [0.1], "jump": [0.2], "jump_low": [0.1], "jump_high": [0.3],
              "searched_to": [0.5], "n": [5]}  # fmt: skip
    pd.DataFrame(shocks).to_parquet(folder / "reverse_stress.parquet")
    pd.DataFrame({"fund": [0.0, 1e7], "probability": [0.5, 0.01]}).to_parquet(folder / "baseline.parquet")
    assert "reverse-stress" in names_of(folder)
    study = open_study(folder)
    samples = arm_samples(study, "equity_zero")
    curve = dict(study_panels(study, samples, study_context(study, samples)))["sufficiency"]
    assert "gap risk only (closed form)" in [trace.name for trace in curve.data]


def test_a_folder_that_is_no_study_is_refused_by_name(plain, tmp_path):
    assert is_study(plain)
    assert not is_study(tmp_path)
    with pytest.raises(AnalysisError, match=r"is not a study folder \(manifest.json"):
        open_study(tmp_path)
    with pytest.raises(AnalysisError, match="is not a folder"):
        open_study(tmp_path / "absent")
    other = write_study(tmp_path / "other", schema_version=99)
    with pytest.raises(AnalysisError, match="schema version 99"):
        open_study(other)


def test_a_damaged_part_is_named(tmp_path):
    folder = write_study(tmp_path / "study")
    part = folder / "runs" / "part-a.parquet"
    part.write_bytes(part.read_bytes()[:200])
    with pytest.raises(AnalysisError, match=r"part-a\.parquet: the part is corrupt or cut short"):
        write_study_report(folder)
    assert not (folder / "report.html").exists()


def test_figures_without_a_browser_say_what_to_install(plain, monkeypatch):
    pytest.importorskip("kaleido")
    monkeypatch.setenv("BROWSER_PATH", "/no/such/browser")
    with pytest.raises(AnalysisError, match="apt-get install chromium"):
        export_study(plain, ("png",))
    assert not (plain / "figures").exists()


def test_full_runs_whose_fund_ran_dry_do_not_say_what_lies_beyond(tmp_path):
    folder = write_study(tmp_path / "study", fidelity="full", replications=60)
    runs = pd.read_parquet(folder / "runs" / "part-a.parquet")
    dry = runs.index < 6  # cut off at the fund at hand, as the engine reports it
    runs.loc[dry, "required_fund_quanta"] = FUND * 1_000_000
    runs.loc[dry, "first_fund_empty_ms"] = 1_000
    runs.loc[dry, ["required_fund_is_bound", "required_fund_bound_by"]] = [True, "fund"]
    runs.loc[~dry, "required_fund_quanta"] = runs.loc[~dry, "required_fund_quanta"].clip(upper=FUND * 500_000)
    runs.loc[~dry, "first_fund_empty_ms"] = -1
    runs.to_parquet(folder / "runs" / "part-a.parquet")
    (sample,) = arm_samples(open_study(folder), "equity_zero")
    assert chance_of(sample).events == 6
    assert curve_of(sample)["fund"].max() < FUND
    with pytest.raises(RefusedError, match="in 6 of 60 full runs the fund fell short"):
        fund_for(sample, 0.08)
    found = finding(folder, "Full runs whose required fund is only a lower bound")
    assert found.warns
    assert found.result == "6 of 60"


def test_accounts_that_began_below_zero_are_a_warning(tmp_path):
    folder = write_study(tmp_path / "study", fidelity="full", replications=4)
    assert not any(f.subject.startswith("Accounts below zero") for f in findings(folder))
    part = folder / "runs" / "part-a.parquet"
    runs = pd.read_parquet(part)
    runs["deficit_initial_quanta"] = [0, 10**9, 0, 3 * 10**9]  # quanta of 1e-6: up to 3,000
    runs.to_parquet(part)
    found = finding(folder, "Accounts below zero at the start")
    assert found.warns
    assert found.result.startswith("in 2 of 4 runs, together by ")
    assert "3.00 thousand" in found.result or "3,000" in found.result


def test_a_study_that_names_outcomes_is_shown_by_them(tmp_path):
    folder = write_study(tmp_path / "study", kind="grid", replications=3, answer=False)
    with (folder / "study.yaml").open("a") as text:
        text.write("outcomes: [adl, required_fund_quanta]\n")
    assert names_of(folder) == ["heat-map", "heat-map-required_fund_quote"]
    write_study_report(folder)
    assert "P(ADL begins within 30 days)" in own_text(folder)


def test_without_paths_the_required_fund_of_the_runs_is_shown(tmp_path):
    folder = write_study(tmp_path / "study", kind="one_at_a_time", replications=4)
    shutil.rmtree(folder / "paths")
    study = open_study(folder)
    panels = dict(study_panels(study, [], study_context(study, [])))
    runs = study.runs
    base = runs.loc[runs["point"] == 0, "required_fund_quanta"].mean() / 1e6
    assert "mean required fund" in panels["tornado"].layout.title.text
    assert panels["tornado"].layout.shapes[-1].x0 == pytest.approx(base / 1e6)  # drawn in millions


def test_unnecessary_liquidations_are_drawn_with_the_event(tmp_path):
    folder = write_study(tmp_path / "study", arms=ARMS)
    rows = [
        {"arm": arm, **Estimate(share, share / 2, 2 * share, 0.95, "made up", 5, -1).row()}
        for arm, share in enumerate((0.1, 0.2))
    ]
    pd.DataFrame(rows).to_parquet(folder / "unneeded.parquet")
    study = open_study(folder)
    samples = arm_samples(study, "first_adl")
    figure = dict(study_panels(study, samples, study_context(study, samples)))["trade-off"]
    assert "unnecessary liquidations" in figure.layout.xaxis2.title.text
    assert sorted(trace.x[0] for trace in figure.data if trace.xaxis == "x2") == [0.1, 0.2]


def test_a_study_that_is_not_about_the_fund_compares_its_outcomes(tmp_path):
    folder = write_study(tmp_path / "study", arms=ARMS, replications=6, answer=False)
    with (folder / "study.yaml").open("a") as text:
        text.write("outcomes: [adl, liquidated_notional_quanta]\n")
    names = names_of(folder)
    assert names[0] == "outcomes"
    assert not any(name.startswith("sufficiency") for name in names)
    write_study_report(folder)
    text = own_text(folder)
    assert "P(ADL begins within 30 days) (95% interval): ADL rule profit x leverage 0." in text
    assert "exhausted" not in text[text.index("id='answer'") : text.index("id='arms'")]
