"""Every shipped study can be planned, and says what it asks, assumes, takes and found."""

import pytest

from sim.sweep.plan import Plan
from sim.sweep.study import load_study, shipped_studies


@pytest.mark.parametrize("name", sorted(shipped_studies()))
def test_a_shipped_study_is_complete(name: str) -> None:
    loaded = load_study(name)
    plan = Plan.of(loaded)
    study = loaded.study
    assert study.name == name
    assert study.question.endswith("?")
    assert study.assumes
    assert study.run_time
    assert study.findings
    assert plan.notes == []
    assert study.fidelity in ("full", "reduced")


def test_the_larger_size_is_larger() -> None:
    for name in shipped_studies():
        loaded = load_study(name)
        if loaded.study.full != type(loaded.study.full)():
            full = loaded.study.in_full()
            usual = Plan.of(loaded)
            assert Plan.of(loaded, full=True).n_runs * full.paths > usual.n_runs * loaded.study.paths
