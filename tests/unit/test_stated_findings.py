"""Findings in a study file are shown as findings only over the data of the run that they are of."""

import pytest
from clearsim.analysis.reports.stated_findings import stated_findings
from clearsim.analysis.study.folder import open_study

from tests.worlds.studies import add_to_study, write_study

HASH, OTHER = "5" * 64, "6" * 64  # of the folders that `write_study` writes: seed 7, two runs
SAID = "ADL halves with <b>depth</b>."


def section(folder, **findings_of):
    keys = {"findings": SAID} | ({"findings_of": findings_of} if findings_of else {})
    return stated_findings(open_study(add_to_study(folder, **keys)))


def folder_of(tmp_path, **more):
    return write_study(tmp_path / "s", result_hash="a" * 64, **more)


@pytest.mark.parametrize("more", [{}, {"result_hash": "a" * 64}])
def test_over_the_data_of_their_run_they_are_findings(tmp_path, more):
    found = section(folder_of(tmp_path), study_hash=HASH, runs=2, seed=7, **more)
    assert found.startswith("<h2>Findings stated by the author, of this run</h2>")
    assert "ADL halves with &lt;b&gt;depth&lt;/b&gt;." in found
    assert "<details" not in found


@pytest.mark.parametrize(
    ("run", "reason"),
    [
        ({"study_hash": OTHER, "runs": 2, "seed": 7}, "another run: study hash 6666666666, here 5555555555."),
        ({"study_hash": HASH, "runs": 1200, "seed": 7}, "another run: number of runs 1,200, here 2."),
        ({"study_hash": HASH, "runs": 2, "seed": 8}, "another run: seed 8, here 7."),
        (
            {"study_hash": HASH, "runs": 2, "seed": 7, "result_hash": "b" * 64},
            "another run: result hash bbbbbbbbbb, here aaaaaaaaaa.",
        ),
        ({"study_hash": None, "runs": 1200, "seed": 7}, "of an older version, whose study hash was not recorded."),
        ({}, "does not say of which run its findings are."),
    ],
)
def test_over_any_other_data_they_are_folded_away_and_say_why(tmp_path, run, reason):
    found = section(folder_of(tmp_path), **run)
    assert found.startswith("<details id='stated'>")
    assert " open" not in found
    assert reason in found
    size = f" ({run['runs']:,} runs, seed {run['seed']})" if run else ""
    assert f"<summary>Findings of the shipped run{size}, not of this data</summary>" in found


def test_a_study_without_all_its_runs_is_another_run(tmp_path):
    folder = folder_of(tmp_path, failed=1)
    assert "number of runs 2, here 1" in section(folder, study_hash=HASH, runs=2, seed=7)


def test_a_study_without_findings_has_no_section(tmp_path):
    assert stated_findings(open_study(folder_of(tmp_path))) == ""
