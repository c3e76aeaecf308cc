"""Every shipped study can be planned, and says what it asks, assumes, takes and found."""

import pytest
from clearsim.studies.design.load_study import load_study, shipped_studies
from clearsim.studies.design.plan_checks import plan_study


@pytest.mark.parametrize("name", sorted(shipped_studies()))
def test_a_shipped_study_is_complete(name: str) -> None:
    loaded = load_study(name)
    plan = plan_study(loaded)
    study = loaded.study
    assert study.name == name
    assert study.question.endswith("?")
    assert study.assumes
    assert study.run_time
    assert study.findings
    assert study.findings_of is not None
    assert study.findings_of.study_hash in (None, plan.hash)  # else they are of another study
    assert plan.notes == []
    assert study.fidelity in ("full", "reduced")


def test_the_larger_size_is_larger() -> None:
    for name in shipped_studies():
        loaded = load_study(name)
        if loaded.study.full != type(loaded.study.full)():
            full = loaded.study.in_full()
            usual = plan_study(loaded)
            assert plan_study(loaded, full=True).n_runs * full.paths > usual.n_runs * loaded.study.paths
