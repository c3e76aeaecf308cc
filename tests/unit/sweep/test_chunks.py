"""How jobs are cut into tasks."""

from clearsim.studies.execute.chunks import LARGEST, TASK_SECONDS, Chunks


class Stream:
    """Counts how far it was read."""

    def __init__(self, n):
        self.n = n
        self.read = 0

    def __iter__(self):
        for number in range(self.n):
            self.read += 1
            yield number


def take_all(chunks, *, seconds):
    """Lengths of all tasks, whose jobs take `seconds` each."""
    lengths, jobs = [], []
    while task := chunks.take():
        lengths.append(len(task))
        jobs += task
        chunks.learn(seconds=seconds * len(task), n_jobs=len(task))
    return lengths, jobs


def test_every_job_is_taken_once_in_order():
    lengths, jobs = take_all(Chunks(range(2345), n_workers=2), seconds=0.001)
    assert jobs == list(range(2345))
    assert max(lengths) == LARGEST


def test_long_jobs_travel_alone():
    assert take_all(Chunks(range(10), n_workers=2), seconds=TASK_SECONDS)[0] == [1] * 10


def test_tasks_of_short_jobs_take_the_wished_time_and_get_smaller_at_the_end():
    lengths, _ = take_all(Chunks(range(1000), n_workers=2), seconds=TASK_SECONDS / 50)
    assert lengths[0] == 1
    assert lengths[1:10] == [50] * 9
    assert lengths[-3:] == [1, 1, 1]


def test_one_slow_first_job_is_forgiven():
    chunks = Chunks(range(1000), n_workers=1)
    chunks.take()
    chunks.learn(seconds=30.0, n_jobs=1)
    for _ in range(3):
        n_jobs = len(chunks.take())
        chunks.learn(seconds=n_jobs * TASK_SECONDS / 10, n_jobs=n_jobs)
    assert len(chunks.take()) == 10


def test_the_stream_is_read_only_a_little_ahead():
    stream = Stream(10**9)
    chunks = Chunks(stream, n_workers=4)
    chunks.take()
    assert stream.read <= 8
    chunks.learn(seconds=1e-6, n_jobs=1)
    chunks.take()
    assert stream.read <= 1 + 2 * 4 * LARGEST
