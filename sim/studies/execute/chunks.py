"""The number of jobs in a task: short jobs are sent together, so that sending them costs little; long ones alone.

A task aims at half a second. The stream of jobs is read only a little ahead, so millions of jobs need no memory. Near
its end tasks get smaller, so that all workers finish at about the same time.
"""

import math
from collections import deque
from collections.abc import Iterable, Iterator
from statistics import median
from typing import Generic, TypeVar

T = TypeVar("T")

TASK_SECONDS = 0.5
LARGEST = 500


class Chunks(Generic[T]):
    """Cuts a stream of jobs into lists for tasks."""

    def __init__(self, jobs: Iterable[T], *, n_workers: int) -> None:
        self.n_workers = n_workers
        self._jobs: Iterator[T] = iter(jobs)
        self._ahead: deque[T] = deque()
        self._ended = False
        self._seconds: deque[float] = deque(
            maxlen=7
        )  # per job, in the latest tasks; a median ignores the one that compiles

    def learn(self, *, seconds: float, n_jobs: int) -> None:
        """Record how long a task took."""
        self._seconds.append(seconds / n_jobs)

    def peek(self) -> T | None:
        """The next job, without taking it; None if there are no more."""
        self._read(1)
        return self._ahead[0] if self._ahead else None

    def take(self) -> list[T]:
        """The jobs of the next task; empty if there are no more."""
        size = self._size()
        self._read(2 * self.n_workers * size)
        if self._ended:
            size = min(size, math.ceil(len(self._ahead) / (2 * self.n_workers)))
        return [self._ahead.popleft() for _ in range(min(size, len(self._ahead)))]

    def _size(self) -> int:
        if not self._seconds:
            return 1
        return max(1, min(LARGEST, int(TASK_SECONDS / max(median(self._seconds), 1e-6))))

    def _read(self, n_jobs: int) -> None:
        while not self._ended and len(self._ahead) < n_jobs:
            for job in self._jobs:
                self._ahead.append(job)
                break
            else:
                self._ended = True
