"""The how-to page's study is one, its code runs as it is written, and the modules and commands it names exist."""

import re
from pathlib import Path

import clearsim.analysis.sensitivity
from clearsim.studies.design.load_study import load_study
from clearsim.studies.design.plan_checks import plan_study

from tests.docs.pages import DOCS

FOLDER = Path(clearsim.analysis.sensitivity.__file__).parent
PAGE = DOCS / "how-to" / "find-what-drives-a-result.md"
TEXT = PAGE.read_text(encoding="utf-8")


def test_the_study_on_the_page_is_one(tmp_path):
    (block,) = re.findall(r"```yaml\n(.*?)```", TEXT, flags=re.DOTALL)
    path = tmp_path / "study.yaml"
    path.write_text(block, encoding="utf-8")
    plan = plan_study(load_study(path))
    assert plan.n_points == 64 * 5 * 2
    assert plan.n_runs == 4 * plan.n_points
    assert {"u.shock", "u.bids", "u.largest", "l.rule"} == set(plan.point(0).shown)


def test_the_code_on_the_page_runs_and_finds_what_was_planted(capsys):
    (block,) = re.findall(r"```python\n(.*?)```", TEXT, flags=re.DOTALL)
    names = {}
    exec(compile(block, str(PAGE), "exec"), names)
    printed = capsys.readouterr().out
    assert "shock" in printed
    found = names["indices"].set_index(["input", "order"])[["low", "high"]]
    variance = 0.2 + 0.25 + 1 / 12 - (7 / 12) ** 2 + 1 / 48 + 1 / 144  # of x^2 + x y: of x, of y, of both together
    truth = {
        ("shock", "first"): 1 - (1 / 48 + 1 / 144) / variance,
        ("depth", "total"): (1 / 48 + 1 / 144) / variance,
        ("(noise)", "noise"): 0.04 / (0.04 + variance),
    }
    for key, value in truth.items():
        assert found.loc[key, "low"] <= value <= found.loc[key, "high"], key


def test_every_module_it_names_exists():
    named = set(re.findall(r"`(\w+)\.\w+`", TEXT)) - {"ema_workbench"}
    assert len(named) >= 7
    for name in named:
        assert (FOLDER / f"{name}.py").is_file(), name
