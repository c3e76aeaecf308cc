"""What the pool does about results that get lost between worker and sweep; the cluster is made up."""

import pytest
from clearsim.errors import ClusterError
from clearsim.studies.execute.chunks import Chunks
from clearsim.studies.execute.dask_pool import DEATHS, _Batch
from clearsim.studies.execute.worker_tasks import run_parcel
from distributed import CancelledError, KilledWorker

from tests.sweep_survival.toy_sweep import run_toy, toy_jobs


class MadeUpFuture:
    """A task that has these statuses one after another each time it is said to be done, then its result."""

    def __init__(self, parcel, statuses, error=None):
        self.parcel, self.statuses, self.error = parcel, list(statuses), error
        self.released = 0

    @property
    def status(self):
        return self.statuses[0]

    def add_done_callback(self, callback):
        if len(self.statuses) > 1:
            self.statuses.pop(0)
        callback(self)

    def result(self):
        if self.error is not None:
            raise self.error
        return run_parcel(self.parcel, None)

    def release(self):
        self.released += 1


class MadeUpCluster:
    """Answers each submission with the next of these fates (statuses, error of fetching)."""

    name, expected = "the made-up cluster", None

    def __init__(self, fates):
        self.fates, self.futures, self.client = iter(fates), [], self

    def submit(self, function, parcel, expected, *, pure):
        statuses, error = next(self.fates, (["finished"], None))
        self.futures.append(MadeUpFuture(parcel, ["sent", *statuses], error))
        return self.futures[-1]

    def n_slots(self):
        return 1

    def heard(self):
        pass

    def cancel(self, futures, *, force):
        pass

    def gone(self, what):
        return ClusterError(f"{self.name} {what}")

    def why_ended(self, run_id):
        return ""


def outcomes_of(cluster, n):
    got = []
    batch = _Batch(cluster, Chunks(toy_jobs(n), n_workers=1), run_toy, got.append, lambda: False)
    while batch.step():
        pass
    return [(outcome.row["replication"], outcome.row["status"]) for outcome in got]


@pytest.mark.parametrize("lost", ["pending", "lost"])
def test_a_result_that_died_with_its_worker_is_waited_for_once_more(lost):
    cluster = MadeUpCluster([([lost, lost, "finished"], None)])
    assert sorted(outcomes_of(cluster, 3)) == [(0, "done"), (1, "done"), (2, "done")]
    assert len(cluster.futures) == 3
    assert [future.released for future in cluster.futures] == [1, 1, 1]


def test_a_worker_that_dies_while_its_result_is_fetched_counts_as_one_death():
    killed = KilledWorker("task", None, 0)
    assert outcomes_of(MadeUpCluster([(["finished"], killed)] * (DEATHS - 1)), 1) == [(0, "done")]
    assert outcomes_of(MadeUpCluster([(["finished"], killed)] * DEATHS), 1) == [(0, "crashed")]


def test_a_cancelled_task_means_that_the_scheduler_is_gone():
    with pytest.raises(ClusterError, match="the made-up cluster dropped the tasks"):
        outcomes_of(MadeUpCluster([(["cancelled"], CancelledError("task"))]), 2)
