"""A thread that writes while the run computes: encoding, compressing and hashing of tables leave the interpreter free.

Decides nothing about content: tasks are carried out one at a time, in the order in which they came, so the bytes are
those of a run without a thread. An error ends the run at the next task or at `finish`, with its cause.
"""

import threading
from collections import deque
from collections.abc import Callable

#: Tasks that may wait. A run that is faster than its disk waits rather than fills the memory.
MAX_WAITING = 8


class BackgroundWriter:
    """Carries out tasks in another thread, one by one; begun by the first task, ended by `finish` or `drop`."""

    def __init__(self) -> None:
        self._tasks: deque[Callable[[], None]] = deque()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._is_ending = False
        self._error: BaseException | None = None

    def add(self, task: Callable[[], None]) -> None:
        """Queue a task; wait while MAX_WAITING are queued. Raises what an earlier task raised."""
        with self._changed:
            self._raise_error()
            if self._thread is None:
                self._is_ending = False
                self._thread = threading.Thread(target=self._work, name="clearsim writer", daemon=True)
                self._thread.start()
            while len(self._tasks) >= MAX_WAITING:
                self._changed.wait()
                self._raise_error()
            self._tasks.append(task)
            self._changed.notify_all()

    def finish(self) -> None:
        """Wait until every task is done; raise what one of them raised."""
        self._end()
        with self._changed:
            self._raise_error()

    def drop(self) -> None:
        """Forget the tasks that wait, and wait for the one that is being carried out; nothing is raised for them."""
        with self._changed:
            self._tasks.clear()
            self._error = None
        self._end()

    def _end(self) -> None:
        with self._changed:
            self._is_ending = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _raise_error(self) -> None:
        if self._error is not None:
            raise self._error

    def _work(self) -> None:
        while (task := self._next()) is not None:
            try:
                task()
            except BaseException as error:  # every error belongs to the run, and is raised there
                with self._changed:
                    self._error = error
                    self._tasks.clear()
                    self._changed.notify_all()
                return

    def _next(self) -> Callable[[], None] | None:
        """The next task, or None when there will be none."""
        with self._changed:
            while not self._tasks and not self._is_ending:
                self._changed.wait()
            if not self._tasks:
                return None
            task = self._tasks.popleft()
            self._changed.notify_all()
            return task
