"""What is refused in a study file, in which words and at which line; what is accepted but said."""

import pytest
from clearsim.config import config_hash
from clearsim.config.yamlfile import find_config, read_nodes
from clearsim.errors import ConfigError
from clearsim.studies.design.load_study import load_study, shipped_studies
from clearsim.studies.design.study import Study

from tests.unit.sweep.small_studies import HEAD, RULE, SHOCK, TAKER, plan_of, write

LAW = "distribution: {kind: integers, low: 1, high: 3}"

REFUSED = {
    "an unknown key": ("uncertanties: []\n", "{}:4: uncertanties is not a known key (did you mean uncertainties?)"),
    "an unknown path": (
        "uncertainties:\n  - name: shock\n    path: markets[0].price.shock_fracton\n    " + LAW + "\n",
        "{}:5: uncertainties[0].path: there is no markets[0].price.shock_fracton"
        " (did you mean markets[0].price.shock_fraction?)",
    ),
    "an unknown path of a lever without a path of its own": (
        "levers:\n  - {name: a, values: [{'markets[0].fees.taker': 5}, {'markets[0].fees.taker': 6}]}\n",
        "{}:5: levers[0].path: there is no markets[0].fees.taker (did you mean markets[0].fees.taker_ppm?)",
    ),
    "an item that is not there": (
        "levers:\n  - {name: a, path: 'markets[ETHUSDT].fees.taker_ppm', values: [400, 500]}\n",
        "{}:5: levers[0].path: markets has 1 items, but none is ETHUSDT (did you mean BTCUSDT?)",
    ),
    "an unknown path in set": ("set: {duration: 5}\n", "{}:4: set: there is no duration (did you mean duration_s?)"),
    "a value in set that cannot be": (
        "set: {duration_s: -5}\n",
        "{}:4: set: duration_s must be greater than 0, found -5",
    ),
    "low above high": (
        "uncertainties:\n  - name: s\n    path: seed\n    distribution: {kind: uniform, low: 3, high: 1}\n",
        "{}:7: uncertainties[0].distribution.low must be below high, found 3 and 1",
    ),
    "an unknown law": (
        "uncertainties:\n  - name: s\n    path: seed\n    distribution: {kind: unifrm, low: 1, high: 3}\n",
        "{}:7: uncertainties[0].distribution.kind must be one of choice, integers, log_uniform, lognormal, normal,"
        " triangular, uniform, found 'unifrm' (did you mean uniform?)",
    ),
    "an uncertainty without a path": (
        "uncertainties:\n  - {name: s, " + LAW + "}\n",
        "{}:5: uncertainties[0]: path is missing: an uncertainty needs a path (or paths) into the config",
    ),
    "a lever without a path": (
        "levers:\n  - {name: a, values: [10, 20]}\n",
        "{}:5: levers[0]: path is missing: without one, every value must be a mapping of config paths to values",
    ),
    "labels that are too few": (
        "levers:\n  - {name: a, path: seed, values: [1, 2], labels: [one]}\n",
        "{}:5: levers[0].labels must be as many as values: 2, found 1",
    ),
    "two of one name": (
        "levers:\n" + TAKER + "  - {name: taker, path: seed, values: [1, 2]}\n",
        "{}:6: levers[1].name must be unique, taker is taken",
    ),
    "a path set twice": (
        "uncertainties:\n  - {name: s, path: 'markets[0].fees.taker_ppm', " + LAW + "}\nlevers:\n"
        "  - {name: a, path: 'markets[BTCUSDT].fees.taker_ppm', values: [400, 500]}\n",
        "{}:5: markets[0].fees.taker_ppm is set by a and by s; let only one of them set it",
    ),
    "a part that a later lever overwrites": (
        "levers:\n  - {name: a, path: liquidation.surplus, values: [fund, trader]}\n" + RULE,
        "{}:6: rule sets the whole of liquidation and overwrites liquidation.surplus, which a sets"
        " (levers are applied in order, then uncertainties)",
    ),
    "zipped levers of different sizes": (
        "levers:\n" + TAKER + "  - {name: b, path: seed, values: [1, 2, 3]}\nzip: [[taker, b]]\n",
        "{}:7: zip[0] must contain levers with equal numbers of values, found taker 2, b 3",
    ),
    "an unknown zipped lever": (
        "levers:\n" + TAKER + "zip: [[taker, tker]]\n",
        "{}:6: zip[0] names tker, which is not a lever (did you mean taker?)",
    ),
    "a condition on nobody": (
        "uncertainties:\n" + SHOCK + "  - {name: s, path: seed, when: {shok: 1}, " + LAW + "}\n",
        "{}:6: uncertainties[1].when names shok, but no other uncertainty or lever has that name (did you mean shock?)",
    ),
    "a condition that is never met": (
        "uncertainties:\n  - {name: s, path: seed, when: {rule: ful}, " + LAW + "}\nlevers:\n" + RULE,
        "{}:5: uncertainties[0].when.rule must be one of full, tier_down, found ful (did you mean full?)",
    ),
    "a condition on a continuous law": (
        "uncertainties:\n" + SHOCK + "  - {name: s, path: seed, when: {shock: -0.1}, " + LAW + "}\n",
        "{}:6: uncertainties[1].when.shock must be on a choice or integers;"
        " shock is uniform, which has no single values",
    ),
    "conditions in a circle": (
        "uncertainties:\n  - {name: s, path: seed, when: {t: 2}, " + LAW + "}\n"
        "  - {name: t, path: duration_s, when: {s: 2}, " + LAW + "}\n",
        "{}:4: uncertainties depend on each other in a circle: s -> t -> s",
    ),
    "a listed point with an unknown name": (
        "design: {kind: list, points: [{shock: -0.1}, {shok: 1}]}\nuncertainties:\n" + SHOCK,
        "{}:4: design.points[1].shok is not an uncertainty (did you mean shock?)",
    ),
    "a value of the wrong type": (
        "levers:\n  - name: a\n    path: duration_s\n    values:\n      - 300\n      - long\n",
        "{}:9: levers[0].values[1]: duration_s must be a number, found 'long'",
    ),
    "a mechanism that does not exist": (
        "levers:\n  - {name: a, path: liquidation, values: [{kind: full}, {kind: fulll}]}\n",
        "{}:5: levers[0].values[1]: liquidation.kind must be one of fraction, full, tier_down, found 'fulll'"
        " (did you mean full?)",
    ),
    "a reduced study of a config without the section": (
        "fidelity: reduced\n",
        "{}: point 0: {base}:3: reduced must be given for fidelity reduced, found nothing",
    ),
    "true for a number": ("replications: true\n", "{}:4: replications must be a whole number, found true"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_study_file_is_refused_at_its_line_in_plain_words(tmp_path, case):
    body, message = REFUSED[case]
    with pytest.raises(ConfigError) as caught:
        plan_of(tmp_path, body)
    assert str(caught.value) == message.format(tmp_path / "study.yaml", base=read_nodes(find_config("base")).source)


def test_a_value_that_breaks_the_config_is_named_with_the_rule_it_breaks(tmp_path):
    """125x leverage needs an initial margin of 0.8%, so a maintenance margin of 9% cannot be."""
    body = "levers:\n  - {name: a, path: 'markets[0].margin.tiers[0].maintenance_ppm', values: [4000, 90000]}\n"
    with pytest.raises(ConfigError) as caught:
        plan_of(tmp_path, body)
    assert str(caught.value).startswith(f"{tmp_path / 'study.yaml'}:5: levers[0].values[1]: ")
    assert str(caught.value).endswith("tiers[0].maintenance_ppm must be below the initial rate of 125x (90000 >= 8000)")


def test_an_unknown_base_is_named_at_its_line(tmp_path):
    with pytest.raises(ConfigError) as caught:
        load_study(write(tmp_path, "", HEAD.replace("base: base", "base: bse")))
    expected = f"{tmp_path / 'study.yaml'}:3: base: bse: no such config file or shipped config (did you mean base?)"
    assert str(caught.value) == expected


def test_an_unknown_study_names_the_nearest():
    with pytest.raises(ConfigError, match=r"or shipped study \(did you mean depth-leverage-small\?\)"):
        load_study("depth-leverage-smal")


@pytest.mark.parametrize(
    ("body", "note"),
    [
        ("design: {kind: sobol, n: 5}\nuncertainties:\n" + SHOCK, "design sobol: n rounded up from 5 to 8"),
        ("design: {kind: saltelli, n: 3}\nuncertainties:\n" + SHOCK, "design saltelli: n rounded up from 3 to 4"),
        (
            "levers:\n  - {name: a, path: duration_s, values: [300]}\n",
            "lever a has one value: it changes nothing",
        ),
        (
            "levers:\n  - {name: a, path: duration_s, values: [300, 300.0], labels: [x, y]}\n",
            "lever a has values that are all equal: it changes nothing",
        ),
        (
            "levers:\n  - {name: a, path: duration_s, values: [300, 300.0, 200], labels: [x, y, z]}\n",
            "lever a: x and y give the same config",
        ),
        (
            "uncertainties:\n  - {name: s, path: seed, whole: true,"
            " distribution: {kind: uniform, low: 1.6, high: 2.4}}\n",
            "uncertainty s is 2 everywhere: it changes nothing",
        ),
    ],
)  # fmt: skip
def test_what_changes_nothing_or_was_rounded_is_said(tmp_path, body, note):
    assert note in plan_of(tmp_path, body).notes


def test_a_study_that_needs_no_remark_gets_none(tmp_path):
    assert plan_of(tmp_path, "design: {kind: sobol, n: 4}\nuncertainties:\n" + SHOCK + "levers:\n" + TAKER).notes == []


def test_overrides_change_the_study_file(tmp_path):
    path = write(tmp_path, "uncertainties:\n" + SHOCK)
    study = load_study(path, ["replications=8", "uncertainties[shock].distribution.low=-0.2"]).study
    assert study.replications == 8
    assert study.uncertainties[0].value(0.5) == pytest.approx(-0.12)
    with pytest.raises(ConfigError, match=r"replication=8: there is no replication \(did you mean replications\?\)"):
        load_study(path, ["replication=8"])


def test_set_and_seed_hold_in_the_base_config(tmp_path):
    plan = plan_of(tmp_path, "seed: 99\nset: {duration_s: 120, 'markets[BTCUSDT].fees.taker_ppm': 321}\n")
    assert (plan.base.seed, plan.base.duration_s, plan.base.markets[0].fees.taker_ppm) == (99, 120, 321)


def test_a_base_config_lies_against_the_folder_of_the_study_file(tmp_path):
    (tmp_path / "mine.yaml").write_text("extends: base\nname: mine\nseed: 77\n")
    (tmp_path / "studies").mkdir()
    plan = plan_of(tmp_path / "studies", "", head=HEAD.replace("base: base", "base: ../mine.yaml"))
    assert plan.base.seed == 77


@pytest.mark.parametrize("name", sorted(shipped_studies()))
def test_every_shipped_study_has_a_plan_without_remarks_and_says_what_it_asks(name):
    from clearsim.studies.design.plan_checks import plan_study

    for full in (False, True):
        assert plan_study(load_study(name), full=full).notes == []
    assert load_study(name).study.question.endswith("?")


def test_the_schema_of_study_files_knows_laws_and_designs():
    schema = Study.model_json_schema()
    assert {"LogUniform", "Saltelli", "Lever", "Uncertainty"} <= set(schema["$defs"])
    for definition in (schema, *schema["$defs"].values()):
        assert all(field.get("description") for field in definition["properties"].values()), definition["title"]


def test_the_base_config_is_left_as_it_was(tmp_path):
    body = "levers:\n" + TAKER
    plan = plan_of(tmp_path, body)
    before = config_hash(plan.base)
    assert len({config_hash(plan.job(plan.point(n), 0).config) for n in range(2)}) == 2
    assert config_hash(plan.base) == before
