"""Carries a study out: missing runs are run and stored as they finish, until all are done or a stopping rule is met."""

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from ..errors import ClusterError, ConfigError
from .design.job import Job, Outcome
from .design.plan import Plan
from .execute.executors import ExecutorSettings, open_pool
from .levers_without_effect import idle_levers
from .store.environments import admit_environment
from .store.folder import note_result, open_store, refresh
from .store.part_files import PATHS_SCHEMA, RUNS_SCHEMA, read_part
from .store.store import StudyStore


class SweepProgress(Protocol):
    """Called for every run as it ends."""

    def __call__(self, *, done: int, failed: int, total: int | None, seconds: float) -> None:
        """Runs stored (with earlier ones), how many of them failed or crashed, runs planned (None: a rule decides)."""


class Rule(Protocol):
    """Decides when there are enough runs; receives every outcome once, those of earlier sweeps included."""

    def add(self, row: dict[str, Any], paths: Any) -> None:
        """Count an outcome."""

    def is_met(self) -> bool:
        """True if no more runs are needed."""

    def words(self) -> str:
        """What was reached and what was required, as text."""


@dataclass(frozen=True)
class SweepOptions:
    """How a sweep is carried out; no option changes a row."""

    out: Path
    executor: ExecutorSettings = field(default_factory=ExecutorSettings)
    shard: tuple[int, int] = (1, 1)
    rule: Rule | None = None
    max_runs: int | None = None
    max_seconds: float | None = None
    retry_failed: bool = False
    mix_versions: bool = False  # add runs to those that other versions made
    command: tuple[str, ...] = ()
    progress: SweepProgress | None = None
    say: Callable[[str], None] = lambda text: None


@dataclass
class SweepResult:
    """The result of a sweep."""

    folder: Path
    total: int  # runs stored
    planned: int  # runs of the whole study, of all shards
    fresh: int  # of them by this sweep
    failed: int
    crashed: int
    seconds: float
    result_hash: str
    stopped_by: str  # all runs, rule, max_runs, max_seconds
    first_error: str = ""
    notes: tuple[str, ...] = ()  # findings about the study: levers that changed nothing
    rule: str = ""  # what the stopping rule reached and required; empty without a rule
    rule_is_met: bool = False


def run_sweep(plan: Plan, options: SweepOptions) -> SweepResult:
    """Run what the study folder lacks; stored runs are always kept.

    ResultError if the folder holds another study, or runs of other versions that must not mix; ClusterError if no
    worker is available, and then no folder is left.
    """
    was_there = options.out.exists()
    try:
        return _swept(plan, options)
    except ClusterError:
        if not was_there and not any((options.out / "runs").iterdir()):
            shutil.rmtree(options.out)
        raise


def _swept(plan: Plan, options: SweepOptions) -> SweepResult:
    started = time.monotonic()
    with open_store(plan, options.out, command=options.command, shard=options.shard) as store:
        state = _State(plan, store, options, started)
        state.count_stored()
        if (options.retry_failed and state.failed + state.crashed) or state.wants_runs():
            admit_environment(store, mix_versions=options.mix_versions)
        refresh(store, plan, command=options.command)
        for problem in store.problems:
            options.say(problem)
        if options.retry_failed and store.forget(("failed", "crashed")):
            state = _State(plan, store, options, started)
            state.count_stored()
        if state.wants_runs():
            with open_pool(options.executor, say=options.say) as pool:
                for batch in state.batches():
                    pool.execute(batch, on_outcome=state.take, stop=state.is_enough)
                    if state.is_enough():
                        break
        store.flush()
        note_result(store)
        return state.result()


class _State:
    """Counts of a running sweep."""

    def __init__(self, plan: Plan, store: StudyStore, options: SweepOptions, started: float) -> None:
        self.plan, self.store, self.options, self.started = plan, store, options, started
        self.done_ids = set(store.done_ids())
        self.total, self.fresh = len(self.done_ids), 0
        self.failed = self.crashed = 0
        self.first_error = ""

    def count_stored(self) -> None:
        """Add the runs of earlier sweeps to the counts and the rule."""
        for row in self.store.rows(["run_id", "status", "error"]).to_pylist() if self.total else []:
            self._count(row)
        if self.options.rule is not None and self.total:
            for outcome in stored_outcomes(self.store):
                self.options.rule.add(outcome.row, outcome.paths)

    def _count(self, row: dict[str, Any]) -> None:
        self.failed += row["status"] == "failed"
        self.crashed += row["status"] == "crashed"
        if row["status"] != "done" and not self.first_error:
            self.first_error = (
                f"{row['run_id']}: {str(row['error']).splitlines()[0] if row['error'] else row['status']}"
            )

    def take(self, outcome: Outcome) -> None:
        """Store an outcome and report it."""
        self.store.add(outcome)
        self.total, self.fresh = self.total + 1, self.fresh + 1
        self._count(outcome.row)
        if self.options.rule is not None:
            self.options.rule.add(outcome.row, outcome.paths)
        if self.options.progress is not None:
            self.options.progress(
                done=self.total,
                failed=self.failed + self.crashed,
                total=None if self.options.rule is not None else self.wanted,
                seconds=time.monotonic() - self.started,
            )

    @property
    def wanted(self) -> int:
        """Runs of this shard."""
        index, count = self.options.shard
        return len(range(index - 1, self.plan.n_runs, count))

    def batches(self) -> Iterator[Iterator[Job]]:
        """Jobs that are not stored: one pass through the study, then, with a rule, one more replication at a time."""
        yield self._missing(range(self.plan.study.replications))
        if self.options.rule is None:
            return
        replication = self.plan.study.replications
        while True:
            yield self._missing(range(replication, replication + 1))
            replication += 1

    def wants_runs(self) -> bool:
        """True if a run is missing and no bound is reached."""
        if self.is_enough():
            return False
        wanted = range(self.plan.study.replications)
        return self.options.rule is not None or next(self._missing(wanted), None) is not None

    def _missing(self, replications: range) -> Iterator[Job]:
        return self.plan.jobs(replications, shard=self.options.shard, without=self.done_ids)

    def is_enough(self) -> bool:
        """True once the rule is met or a bound is reached; called often, so it also stores pending outcomes."""
        self.store.tick()
        return bool(self.why_stopped())

    def why_stopped(self) -> str:
        """rule, max_runs or max_seconds; empty while none applies."""
        options = self.options
        if options.max_runs is not None and self.fresh >= options.max_runs:
            return "max_runs"
        if options.max_seconds is not None and time.monotonic() - self.started >= options.max_seconds:
            return "max_seconds"
        return "rule" if options.rule is not None and options.rule.is_met() else ""

    def result(self) -> SweepResult:
        """The result of the finished sweep."""
        rule = self.options.rule
        return SweepResult(
            folder=self.options.out,
            total=self.total,
            planned=self.plan.n_points * int(self.store.manifest["replications"]),
            fresh=self.fresh,
            failed=self.failed,
            crashed=self.crashed,
            seconds=time.monotonic() - self.started,
            result_hash=str(self.store.manifest["result_hash"]),
            stopped_by=self.why_stopped() or "all runs",
            first_error=self.first_error,
            notes=tuple(idle_levers(self.plan, self.store)),
            rule="" if rule is None else rule.words(),
            rule_is_met=rule is not None and rule.is_met(),
        )


def stored_outcomes(store: StudyStore) -> Iterator[Outcome]:
    """The outcomes that earlier sweeps stored, part by part, with those columns of the paths that rules read."""
    columns = ["run_id", "first_adl_ms", "first_fund_empty_ms", "log_weight"]
    for part in store.run_parts():
        twin = store.folder / "paths" / part.name
        paths: dict[str, Any] = {}
        if twin.exists():
            for run, group in read_part(twin, PATHS_SCHEMA, columns).to_pandas().groupby("run_id", sort=False):
                paths[str(run)] = {name: group[name].to_numpy() for name in group.columns}
        for row in read_part(part, RUNS_SCHEMA).to_pylist():
            yield Outcome(row["run_id"], row, paths.get(row["run_id"]))


def parse_shard(text: str) -> tuple[int, int]:
    """`I/N` as numbers; ConfigError if it is not 1 <= I <= N."""
    index, slash, count = text.partition("/")
    if slash and index.isdigit() and count.isdigit() and 1 <= int(index) <= int(count):
        return int(index), int(count)
    raise ConfigError(f"--shard must be I/N with 1 <= I <= N, like 3/16, found {text!r}")
