"""A thread that writes while the run computes: encoding, compressing and hashing of tables leave the interpreter free.

Decides nothing about content: tasks are carried out one at a time, in the order in which they came, so the bytes are
those of a run without a thread. An error ends the run at the next task or at `finish`, with its cause.

A signal may raise in the main thread between any two steps. So the two share queues written in C and single
assignments, no lock that an exception could leave taken; and nobody calls `Thread.join` while a task is carried out:
interrupted, it takes the thread for ended (Python 3.11), and whoever then closes the files closes them under the
thread that writes.
"""

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue

#: Tasks that may wait. A run that is faster than its disk waits rather than fills the memory.
MAX_WAITING = 8
#: How often each side looks whether the other is still there.
LOOK_SECONDS = 0.5


class BackgroundWriter:
    """Carries out tasks in another thread, one by one; begun by the first task, ended by `finish` or `drop`."""

    def __init__(self) -> None:
        self._work: _Work | None = None

    def add(self, task: Callable[[], None]) -> None:
        """Queue a task; wait while MAX_WAITING are queued. Raises what an earlier task raised."""
        if self._work is None:
            self._work = _Work()
        work = self._work
        work.start()
        while not work.has_room():
            pass
        if work.error is not None:
            raise work.error
        work.tasks.put(task)

    def finish(self) -> None:
        """Wait until every task is done; raise what one of them raised."""
        work = self._work
        if work is None:
            return
        work.tasks.put(None)
        while not work.is_over():
            pass
        if work.error is not None:
            raise work.error
        self._work = None

    def drop(self) -> None:
        """Forget the tasks that wait, and wait for the one that is being carried out; nothing is raised for them.

        Another signal does not end the wait: what follows closes the files that the task writes to.
        """
        while True:
            try:
                self._stop()
                return
            except (KeyboardInterrupt, SystemExit):
                continue

    def _stop(self) -> None:
        """Let the thread end after the task at hand, and wait for that; may be called again if it was interrupted."""
        work = self._work
        if work is None:
            return
        work.is_dropped = True
        work.tasks.put(None)
        while not work.is_over():
            pass
        self._work = None


class _Work:
    """The thread, and what it shares with the one that adds tasks."""

    def __init__(self) -> None:
        self.tasks: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self.error: BaseException | None = None
        self.is_dropped = False
        self._room: SimpleQueue[None] = SimpleQueue()
        for _ in range(MAX_WAITING):
            self._room.put(None)
        self._ended: SimpleQueue[None] = SimpleQueue()
        self._has_begun = self._has_ended = False
        self._thread = threading.Thread(target=self._carry_out, name="clearsim writer", daemon=False)

    def start(self) -> None:
        """Begin, once."""
        if not self._has_begun:
            self._has_begun = True
            self._thread.start()

    def has_room(self) -> bool:
        """True once a task may be added, for the caller alone; False if none may be after LOOK_SECONDS."""
        return _took_one(self._room)

    def is_over(self) -> bool:
        """True once the thread has done its last task, or never began; False if it has not after LOOK_SECONDS."""
        if self._thread.ident is None:
            return True
        if not (self._has_ended or _took_one(self._ended) or self._has_ended):
            return False
        self._thread.join()  # a few steps, none of them in compiled code
        return True

    def _carry_out(self) -> None:
        """Do tasks until None comes, or the main thread ends without saying so."""
        while True:
            try:
                task = self.tasks.get(timeout=LOOK_SECONDS)
            except Empty:
                if threading.main_thread().is_alive():
                    continue
                break
            if task is None:
                break
            self._room.put(None)
            if self.error is None and not self.is_dropped:
                try:
                    task()
                except BaseException as error:  # every error belongs to the run, and is raised there
                    self.error = error
        self._has_ended = True
        self._ended.put(None)


def _took_one(queue: "SimpleQueue[None]") -> bool:
    try:
        queue.get(timeout=LOOK_SECONDS)
    except Empty:
        return False
    return True
