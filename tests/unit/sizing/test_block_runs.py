"""Blocks are the same numbers whole and in parts, whoever computes them; workers start where they are worth it."""

from contextlib import contextmanager

import numpy as np
import pytest
from clearsim.errors import ConfigError
from clearsim.funds import block_runs
from clearsim.funds.block_jobs import PART, run_block
from clearsim.funds.block_runs import Asked, BlockRuns
from clearsim.funds.worlds import BLOCK, FullWorld, ReducedWorld
from clearsim.studies.execute.executors import ExecutorSettings

from tests.unit.sizing.test_worlds import storm, world

SERIAL = ExecutorSettings("serial", workers=1)
TWO = ExecutorSettings("local", workers=2)


class PoolHere:
    """A pool that runs jobs in this process, the last one first."""

    n_workers = 2

    def __init__(self):
        self.jobs = []

    def execute(self, jobs, *, on_outcome, run, stop=lambda: False):
        self.jobs += jobs
        for job in list(jobs)[::-1]:
            on_outcome(run(job))


@pytest.fixture
def pool(monkeypatch):
    opened = PoolHere()

    @contextmanager
    def open_pool(settings, *, say):
        assert settings == TWO
        yield opened

    monkeypatch.setattr(block_runs, "open_pool", open_pool)
    return opened


def test_parts_of_a_block_are_the_block():
    runs = ReducedWorld(world())
    for fund, aim in ((None, None), (20_000.0, None), (None, 1e-3), (20_000.0, 1e-3)):
        whole = runs.arrays(3, fund=fund, aim=aim)
        for first, paths in ((0, 100), (PART, PART), (40_001, 7)):
            part = runs.arrays(3, fund=fund, aim=aim, first=first, paths=paths)
            for name, column in whole.items():
                np.testing.assert_array_equal(part[name], column[first : first + paths], err_msg=name)


def test_blocks_come_in_the_order_of_the_requests_whatever_the_order_of_their_parts(pool):
    runs, other = ReducedWorld(world()), ReducedWorld(world(), 1)
    asked = [Asked(runs, 2), Asked(other, 0, 500.0), Asked(runs, 0, None, 1e-3)]
    seen = []
    with BlockRuns(TWO, on_runs=seen.append) as blocks:
        found = blocks.compute(asked)
    assert len(pool.jobs) == 3 * BLOCK // PART - 1  # the first part is computed here
    assert sum(seen) == 3 * BLOCK
    for (one, number, fund, aim), computed in zip(asked, found, strict=True):
        for name, column in one.arrays(number, fund=fund, aim=aim).items():
            np.testing.assert_array_equal(computed.columns[name], column, err_msg=name)


def test_the_required_fund_of_a_run_is_found_once(pool):
    """With a fund of 1,000 and with 2,000 the run needs what it needs with one that never runs dry."""
    runs, oracle = FullWorld(storm()), FullWorld(storm())
    with BlockRuns(TWO) as blocks:
        for fund in (1_000.0, None, 2_000.0):
            found = blocks.compute([Asked(runs, number, fund) for number in range(3)])
            for number, computed in enumerate(found):
                for name, column in oracle.arrays(number, fund=fund).items():
                    np.testing.assert_array_equal(computed.columns[name], column, err_msg=name)
    assert {job.number: job.required for job in pool.jobs if job.fund == 2_000} == {
        number: oracle.known(number) for number in range(3)
    }


def outcome_that_takes(seconds):
    """In place of `run_block`: a block that is said to have taken this long."""

    def run(job, world=None):
        outcome = run_block(job, world)
        outcome.row["seconds"] = seconds
        return outcome

    return run


@pytest.mark.parametrize(("seconds", "sent"), [(0.7, 0), (0.8, 7)])
def test_workers_start_once_eight_parts_take_longer_than_their_start(pool, monkeypatch, seconds, sent):
    """Two blocks are 8 parts: 5.6 s, and 6.4 s, against 6 s."""
    monkeypatch.setattr(block_runs, "run_block", outcome_that_takes(seconds))
    runs = ReducedWorld(world())
    with BlockRuns(TWO, starts_early=False) as blocks:
        blocks.compute([Asked(runs, 0), Asked(runs, 1)])
    assert len(pool.jobs) == sent


def test_time_that_was_spent_counts_too(pool, monkeypatch):
    """Requests of 3.2 s each: the second brings the sum above 6 s."""
    monkeypatch.setattr(block_runs, "run_block", outcome_that_takes(0.8))
    runs = ReducedWorld(world())
    with BlockRuns(TWO, starts_early=False) as blocks:
        blocks.compute([Asked(runs, 0)])
        assert not pool.jobs
        blocks.compute([Asked(runs, 1)])
    assert len(pool.jobs) == 4


def test_the_error_of_a_run_is_raised_as_it_is(pool, monkeypatch):
    def fails(self, number, **options):
        if number:
            raise ConfigError("markets[0]: no")
        return arrays(self, number, **options)

    arrays = ReducedWorld.arrays
    monkeypatch.setattr(ReducedWorld, "arrays", fails)
    for executor in (SERIAL, TWO):
        with BlockRuns(executor) as blocks, pytest.raises(ConfigError, match=r"^markets\[0\]: no$"):
            blocks.compute([Asked(ReducedWorld(world()), number) for number in (0, 1)])
