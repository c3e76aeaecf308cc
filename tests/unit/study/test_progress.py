"""Runs counted against the design; cells and arms that hold unequal parts of it."""

import pandas as pd
import pytest
from clearsim.analysis.study.coverage import uneven_arms, uneven_cells
from clearsim.analysis.study.folder import open_study
from clearsim.analysis.study.progress import Progress

from tests.worlds.studies import set_runs, write_study


def runs(*rows):
    return pd.DataFrame(rows, columns=["point", "replication", "status"])


@pytest.mark.parametrize(
    ("rows", "text", "short"),
    [
        ([(0, 0, "done"), (1, 0, "done"), (0, 1, "done"), (1, 1, "done")], "4 of 4 runs done", "4 runs"),
        ([(0, 0, "done"), (1, 0, "failed")], "1 of 4 runs done, 1 failed, 2 missing", "2 of 4 runs"),
        ([], "0 of 4 runs done, 4 missing", "0 of 4 runs"),
        # A stopping rule added replication 2 of both points; replication 1 of point 1 is missing all the same.
        (
            [(0, 0, "done"), (1, 0, "done"), (0, 1, "done"), (0, 2, "done"), (1, 2, "done")],
            "5 runs done (4 planned, 2 added by a stopping rule), 1 missing",
            "3 of 4 runs",
        ),
    ],
)
def test_runs_are_counted_against_the_design(rows, text, short):
    progress = Progress.of(runs(*rows), n_points=2, replications=2)
    assert (progress.text, progress.short) == (text, short)


def test_the_number_in_the_manifest_is_not_the_design(tmp_path):
    """Folders of older versions have the number of stored runs there."""
    study = open_study(write_study(tmp_path / "s", kind="grid", n_runs=40, manifest_replications=8))
    assert (study.progress.planned, study.progress.done, study.progress.missing) == (160, 40, 120)


PAIR = ("u.jump size", "u.depth")


@pytest.mark.parametrize(
    ("keep", "sentence"),
    [
        (range(40), ""),
        (range(0, 40, 2), ""),  # one of two replications, in every cell
        (range(1), "1 of 20 cells have a completed run, so nothing follows"),
        (range(39), "cells hold 50% to 100% of their planned runs, so no cell is named"),
        ([*range(38)], "19 of 20 cells have a completed run"),
    ],
)
def test_cells_are_compared_only_if_they_hold_the_same_part_of_the_design(tmp_path, keep, sentence):
    folder = write_study(tmp_path / "s", kind="grid", fidelity="full", replications=2)
    found = uneven_cells(open_study(set_runs(folder, {}, keep=keep)), PAIR, arm=None)
    assert (sentence in found) if sentence else found == ""


def test_a_cell_of_which_every_run_failed_is_missing_and_one_failure_is_not(tmp_path):
    folder = write_study(tmp_path / "s", kind="grid", fidelity="full", replications=2, failed=1)
    assert uneven_cells(open_study(folder), PAIR, arm=None) == ""
    folder = write_study(tmp_path / "t", kind="grid", fidelity="full", replications=2, failed=2)
    assert "19 of 20 cells" in uneven_cells(open_study(folder), PAIR, arm=None)


def test_arms_without_runs_count(tmp_path):
    folder = write_study(tmp_path / "s", fidelity="full", arms=("a", "b"), replications=3)
    assert uneven_arms(open_study(folder)) == ""
    assert uneven_arms(open_study(set_runs(folder, {}, keep=range(3)))) == (
        "Arms have 0 to 3 completed runs, so they hold unequal parts of the design"
    )
