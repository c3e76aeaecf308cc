"""The study in the how-to is valid, and the commands it names exist."""

import re

from clearsim.studies.design.load_study import load_study, shipped_studies
from clearsim.studies.design.plan_checks import plan_study

from tests.docs.pages import DOCS

PAGE = (DOCS / "how-to" / "run-a-study.md").read_text(encoding="utf-8")


def test_the_study_on_the_page_has_a_plan_without_remarks(tmp_path):
    text = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[0]
    (tmp_path / "study.yaml").write_text(text)
    plan = plan_study(load_study(tmp_path / "study.yaml"))
    assert plan.notes == []
    assert (plan.n_points, plan.n_runs) == (64 * 4, 64 * 4 * 4)
    steps = {point.shown["u.step"] for point in plan.points() if point.shown["l.rule"] == "full"}
    assert steps == {None}


def test_the_studies_on_the_page_exist():
    named = set(re.findall(r"clearsim sweep ([a-z][a-z-]+) ", PAGE))
    assert named
    assert named <= set(shipped_studies())
