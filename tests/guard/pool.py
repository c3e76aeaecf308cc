"""Worker processes, each with one tree loaded, that are given jobs: two sides at once, or one job at a time."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Self

from tests.guard.trees import GuardError, Tree

WORKER = Path(__file__).with_name("worker.py")
JOB_LIMIT_S, STOP_LIMIT_S = 900.0, 5.0
DIED = -1


@dataclass(frozen=True)
class Outcome:
    """How a command ended: exit code (DIED if its process died), error, seconds."""

    code: int
    error: str
    seconds: float


class Worker:
    """One process with one tree loaded. A process that dies is replaced at the next job."""

    def __init__(self, tree: Tree, folder: Path) -> None:
        self._tree, self._folder = tree, folder
        self._process: subprocess.Popen[str] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self._log = folder / f"{tree.side}.log"

    def __enter__(self) -> Self:
        """Nothing: the process starts with its first job."""
        return self

    def __exit__(self, *error: object) -> None:
        """End the process."""
        self.close()

    def close(self) -> None:
        """End the process if there is one."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()

    def run(self, args: Sequence[str]) -> Outcome:
        """Run one command; a command that lasts longer than JOB_LIMIT_S takes its process with it."""
        process = self._process or self._start()
        timer = threading.Timer(JOB_LIMIT_S, process.kill)
        timer.start()
        try:
            answer = self._ask(process, {"args": list(args)})
        finally:
            timer.cancel()
        if answer is None:
            self.close()
            return Outcome(DIED, f"the process died; see {self._log}", 0.0)
        return Outcome(**answer)

    def _start(self) -> subprocess.Popen[str]:
        with self._log.open("a") as log:
            self._process = process = subprocess.Popen(
                [sys.executable, "-P", str(WORKER), str(self._tree.installed)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
                cwd=self._folder, env=self._tree.environment(),
            )  # fmt: skip
        assert process.stdout is not None
        if not process.stdout.readline():
            self.close()
            raise GuardError(f"{self._tree.side}: its command line cannot be loaded:\n{self._log.read_text()[-2000:]}")
        return process

    @staticmethod
    def _ask(process: subprocess.Popen[str], job: dict[str, Any]) -> dict[str, Any] | None:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps(job) + "\n")
            process.stdin.flush()
        except BrokenPipeError:
            return None
        line = process.stdout.readline()
        return json.loads(line) if line else None


def run_side(
    tree: Tree,
    jobs: Sequence[tuple[int, Sequence[str]]],
    folder: Path,
    queue: "SimpleQueue[Any]",
    stop: threading.Event,
) -> None:
    """Run numbered commands on one worker; queue (side, number, Outcome), or the exception that ends it."""
    try:
        with Worker(tree, folder) as worker:
            for number, args in jobs:
                if stop.is_set():
                    return
                queue.put((tree.side, number, worker.run(args)))
    except BaseException as error:
        queue.put(error)


def run_both(
    trees: Sequence[Tree],
    commands: Sequence[Sequence[Sequence[str]]],
    folder: Path,
    workers: int,
    done: Callable[[int, list[Outcome]], None],
) -> None:
    """Run `commands[job][side]` on both sides at once, each on `workers` processes; call `done(job, outcomes)` for each
    job that both sides have ended."""
    queue: SimpleQueue[Any] = SimpleQueue()
    stop = threading.Event()
    threads = []
    for side, tree in enumerate(trees):
        for share in range(workers):
            jobs = [(number, both[side]) for number, both in enumerate(commands) if number % workers == share]
            where = folder / f"{tree.side}-{share}"
            threads.append(threading.Thread(target=run_side, args=(tree, jobs, where, queue, stop), daemon=True))
    for thread in threads:
        thread.start()
    ended: dict[int, dict[str, Outcome]] = {}
    try:
        for _ in range(2 * len(commands)):
            message = queue.get()
            if isinstance(message, BaseException):
                raise message
            side_name, number, outcome = message
            pair = ended.setdefault(number, {})
            pair[side_name] = outcome
            if len(pair) == 2:
                del ended[number]
                done(number, [pair[tree.side] for tree in trees])
    finally:
        stop.set()
        for thread in threads:
            thread.join(timeout=STOP_LIMIT_S)  # a process that is still busy ends with this one, its input closed
