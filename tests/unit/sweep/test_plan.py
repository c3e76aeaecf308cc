"""From a study file to points and jobs: what each sets, shares and is called."""

import itertools

import numpy as np
import pytest
from clearsim.config import config_hash
from clearsim.studies.design.load_study import load_study

from tests.unit.sweep.small_studies import RULE, SHOCK, TAKER, plan_of

SEEDS = "  - {name: seed, path: seed, values: [1, 2, 3]}\n"


def settings_of(plan):
    return [dict(point.settings) for point in plan.points()]


def test_points_are_rows_times_arms_and_the_first_lever_moves_slowest(tmp_path):
    plan = plan_of(tmp_path, "replications: 3\ndesign: {kind: grid, n: 2}\nuncertainties:\n" + SHOCK
                   + "levers:\n" + TAKER + "  - {name: hour, path: duration_s, values: [60, 120]}\n")  # fmt: skip
    assert (plan.n_points, plan.n_runs) == (8, 24)
    shown = [tuple(point.shown.values()) for point in plan.points()]
    assert shown == [
        (-0.1, 400, 60), (-0.1, 400, 120), (-0.1, 500, 60), (-0.1, 500, 120),
        (-0.06, 400, 60), (-0.06, 400, 120), (-0.06, 500, 60), (-0.06, 500, 120),
    ]  # fmt: skip
    assert [point.arm for point in plan.points()] == [0, 1, 2, 3] * 2
    assert settings_of(plan)[6] == {
        "markets[0].fees.taker_ppm": 500, "duration_s": 60, "markets[0].price.shock_fraction": -0.06,
    }  # fmt: skip


def test_zipped_levers_move_together(tmp_path):
    plan = plan_of(tmp_path, "levers:\n" + TAKER + SEEDS + RULE + "zip: [[taker, rule]]\n")
    assert [(a["taker"], a["seed"], a["rule"]) for a in plan.arms] == [
        (0, 0, 0), (0, 1, 0), (0, 2, 0), (1, 0, 1), (1, 1, 1), (1, 2, 1),
    ]  # fmt: skip


def test_a_lever_may_set_several_paths_or_whole_mechanisms(tmp_path):
    plan = plan_of(
        tmp_path,
        "levers:\n" + RULE + "  - {name: fees, path: 'markets[0].fees.taker_ppm', "
        " paths: ['markets[0].fees.maker_ppm'], values: [300, 310]}\n"
        "  - {name: size, values: [{duration_s: 60, seed: 7}, {duration_s: 90}], labels: [s, l]}\n",
    )  # fmt: skip
    configs = [plan.job(point, 0).config for point in plan.points()]
    assert [c.liquidation.kind for c in configs] == ["full"] * 4 + ["tier_down"] * 4
    assert [(c.markets[0].fees.taker_ppm, c.markets[0].fees.maker_ppm) for c in configs[:3]] == [
        (300, 300), (300, 300), (310, 310),
    ]  # fmt: skip
    assert [(c.duration_s, c.seed) for c in configs[:2]] == [(60, 7), (90, 1)]
    shown = plan.point(5).shown
    assert (shown["l.rule"], shown["l.fees"], shown["l.size"]) == ("tier_down", 300, "l")


def test_an_uncertainty_applies_only_where_its_condition_holds(tmp_path):
    plan = plan_of(tmp_path, "uncertainties:\n  - {name: step, path: liquidation.reduce_to, when: {rule: tier_down},"
                   " distribution: {kind: choice, values: [compliant, tier_floor]}}\nlevers:\n" + RULE)  # fmt: skip
    full, down = plan.points()
    assert full.shown["u.step"] is None
    assert "liquidation.reduce_to" not in dict(full.settings)
    assert down.shown["u.step"] == dict(down.settings)["liquidation.reduce_to"] == "tier_floor"
    assert plan.table()["u.step"].to_pylist() == [None, "tier_floor"]


def test_a_condition_on_an_uncertainty_that_does_not_apply_does_not_hold(tmp_path):
    """c asks for b = 2, b asks for a = 1: with a = 2, neither applies."""
    law = "distribution: {kind: integers, low: 1, high: 2}}\n"
    plan = plan_of(tmp_path, "design: {kind: list, points: [{a: 1, b: 2, c: 1}, {a: 2, b: 2, c: 1}]}\nuncertainties:\n"
                   "  - {name: a, path: seed, " + law + "  - {name: b, path: duration_s, when: {a: 1}, " + law
                   + "  - {name: c, path: 'markets[0].fees.taker_ppm', when: {b: 2}, " + law)  # fmt: skip
    assert [tuple(point.shown.values()) for point in plan.points()] == [(1, 2, 1), (2, None, None)]


def test_two_may_set_one_path_if_they_never_do_together(tmp_path):
    one = "distribution: {kind: uniform, low: -0.1, high: -0.02}"
    plan = plan_of(tmp_path, "uncertainties:\n"
                   f"  - {{name: a, path: 'markets[0].price.shock_fraction', when: {{rule: full}}, {one}}}\n"
                   f"  - {{name: b, path: 'markets[0].price.shock_fraction', when: {{rule: tier_down}}, {one}}}\n"
                   "levers:\n" + RULE)  # fmt: skip
    assert [list(point.shown.values())[:2] for point in plan.points()] == [[-0.06, None], [None, -0.06]]


def test_a_list_takes_medians_for_what_it_does_not_name(tmp_path):
    plan = plan_of(tmp_path, "design: {kind: list, points: [{shock: -0.11}, {}]}\nuncertainties:\n" + SHOCK)
    assert [point.shown["u.shock"] for point in plan.points()] == [-0.11, -0.08]


def test_whole_numbers_are_rounded_and_others_keep_12_digits(tmp_path):
    plan = plan_of(tmp_path, "design: {kind: grid, n: 3}\nuncertainties:\n"
                   "  - {name: fee, path: 'markets[0].fees.taker_ppm', whole: true,"
                   " distribution: {kind: uniform, low: 1000, high: 2000}}\n" + SHOCK)  # fmt: skip
    assert [point.shown["u.fee"] for point in plan.points()][::3] == [1167, 1500, 1833]
    assert plan.point(0).shown["u.shock"] == round(-0.12 + 0.08 / 6, 12)


def test_the_table_of_points_has_a_row_a_point_and_numbers_as_numbers(tmp_path):
    plan = plan_of(tmp_path, "design: {kind: saltelli, n: 2}\nuncertainties:\n" + SHOCK + "levers:\n" + TAKER + RULE)
    table = plan.table()
    assert table.column_names == ["point", "scenario", "arm", "config_hash", "u.shock", "l.taker", "l.rule"]
    assert [str(kind) for kind in table.schema.types[4:]] == ["double", "int64", "string"]
    assert table.num_rows == 2 * 3 * 4
    assert table["scenario"].to_pylist() == [0] * 12 + [1] * 12
    assert len(set(table["config_hash"].to_pylist())) == 16  # of one column, A with the column of B is B


# Randomness -----------------------------------------------------------------------------------------------------------


def index_path(job):
    """The index prices of the run, by the engine's own path builder."""
    from clearsim.engine.build import build_world

    world = build_world(job.config, detail="summary", sink=None, scenario=job.scenario, replication=job.replication)
    return np.asarray(world.paths.price)


SHORT = "set: {duration_s: 30, 'markets[0].price.shock_ms': 10000}\n"


def test_arms_of_a_row_share_the_path_of_the_index_and_replications_do_not(tmp_path):
    plan = plan_of(tmp_path, SHORT + "levers:\n" + TAKER + RULE)
    paths = [index_path(plan.job(point, 0)) for point in plan.points()]
    assert all(np.array_equal(path, paths[0]) for path in paths)
    assert not np.array_equal(index_path(plan.job(plan.point(0), 1)), paths[0])


def test_rows_of_a_saltelli_block_share_their_luck_and_blocks_do_not(tmp_path):
    fee = "  - {name: fee, path: 'markets[0].fees.taker_ppm', distribution: {kind: integers, low: 100, high: 900}}\n"
    plan = plan_of(tmp_path, SHORT + "design: {kind: saltelli, n: 2}\nuncertainties:\n" + fee)
    paths = [index_path(plan.job(point, 0)) for point in plan.points()]
    assert len({point.shown["u.fee"] for point in plan.points()}) == 4
    for path in paths[1:3]:
        assert np.array_equal(path, paths[0])
    assert not np.array_equal(paths[3], paths[0])


# Ids and hashes -------------------------------------------------------------------------------------------------------

STUDY = "seed: 3\nreplications: 2\ndesign: {kind: random, n: 4}\nuncertainties:\n" + SHOCK + "levers:\n" + TAKER + SEEDS

SAME = {
    "words": "title=Other",
    "question": "question=Why?",
    "findings": "findings=None yet.",
    "whose findings": "findings_of={runs: 16, seed: 3}",
    "assumes": "assumes=[All is well.]",
    "stated time": "run_time=an hour",
    "outcomes": "outcomes=[adl]",
    "replications": "replications=50",
    "larger size": "full={replications: 100}",
}
OTHER = {
    "seed": "seed=4",
    "set": "set={duration_s: 300}",
    "design": "design={kind: random, n: 5}",
    "law": "uncertainties[shock].distribution.low=-0.2",
    "when": "uncertainties[shock].when={taker: 400}",
    "lever": "levers[taker].values=[400, 501]",
    "labels": "levers[taker].labels=[a, b]",
    "base": "base=own-book",
    "name": "name=other",
}


def base_hash_of(tmp_path, *overrides):
    return plan_of(tmp_path, STUDY.replace(SEEDS, ""), overrides=overrides).hash


@pytest.mark.parametrize("change", SAME.values(), ids=SAME)
def test_words_and_the_number_of_runs_do_not_change_a_study(tmp_path, change):
    assert base_hash_of(tmp_path, change) == base_hash_of(tmp_path)


@pytest.mark.parametrize("change", OTHER.values(), ids=OTHER)
def test_anything_else_changes_it(tmp_path, change):
    if change.startswith("base="):
        (tmp_path / "mine.yaml").write_text("extends: base\nname: mine\nduration_s: 599\n")
        change = "base=mine.yaml"
    assert base_hash_of(tmp_path, change) != base_hash_of(tmp_path)


def test_the_larger_size_is_another_study_only_if_its_runs_are_others(tmp_path):
    body = STUDY.replace(SEEDS, "")
    more = plan_of(tmp_path, body + "full: {replications: 9}\n", full=True)
    assert (more.study.replications, more.hash) == (9, plan_of(tmp_path, body).hash)
    longer = plan_of(tmp_path, body + "full: {n: 16}\n", full=True)
    assert longer.n_points == 32
    assert longer.hash != more.hash


def test_run_ids_differ_and_do_not_depend_on_replications(tmp_path):
    body = STUDY.replace(SEEDS, "")
    few, many = plan_of(tmp_path, body), plan_of(tmp_path, body, overrides=["replications=5"])
    ids = [job.run_id for job in few.jobs()]
    assert len(set(ids)) == few.n_runs == 16
    assert [job.run_id for job in many.jobs()][:16] == ids


def test_shards_share_the_jobs_out_without_rest(tmp_path):
    plan = plan_of(tmp_path, STUDY.replace(SEEDS, ""))
    shards = [[job.run_id for job in plan.jobs(shard=(index, 3))] for index in (1, 2, 3)]
    assert [len(shard) for shard in shards] == [6, 5, 5]
    assert sorted(itertools.chain(*shards)) == sorted(job.run_id for job in plan.jobs())


def test_stored_runs_are_left_out(tmp_path):
    plan = plan_of(tmp_path, STUDY.replace(SEEDS, ""))
    ids = [job.run_id for job in plan.jobs()]
    assert [job.run_id for job in plan.jobs(without=set(ids[:13]))] == ids[13:]


def test_a_study_is_read_back_from_its_folder_with_overrides_in_it(tmp_path):
    from clearsim.config import to_yaml
    from clearsim.studies.design.load_study import study_text
    from clearsim.studies.design.plan_checks import plan_study

    changed = plan_of(tmp_path, STUDY.replace(SEEDS, ""), overrides=["design.n=8", "replications=7"])
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "study.yaml").write_text(study_text(changed.loaded, changed.study))
    (tmp_path / "kept" / "base.yaml").write_text(to_yaml(changed.base))
    again = plan_study(load_study(tmp_path / "kept" / "study.yaml", base=tmp_path / "kept" / "base.yaml"))
    assert again.hash == changed.hash
    assert again.study == changed.study
    assert config_hash(again.base) == config_hash(changed.base)
