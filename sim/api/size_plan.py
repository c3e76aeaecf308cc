"""What a sizing would draw and how long that would take: the dry run of `size_fund`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from . import _analysis as analysis
from .inputs import once
from .progress import Note, noting
from .sizing import Arm, Sizing, Source, block_runs, code_in, compute_with, load_arms
from .sweep import executor_settings

if TYPE_CHECKING:
    from ..funds.block_runs import BlockRuns

#: Joint draws that are made, twice, to time one: the first time also compiles and draws the opening books.
TIMED_DRAWS = 16


@dataclass(frozen=True)
class SizePlan:
    """The steps of one arm.  seconds_a_run, seconds_a_draw: measured on a few, on one processor."""

    name: str
    unit: str  # paths or runs
    plan: "analysis.Plan"
    seconds_a_run: float
    joint_draws: int = 0  # of all that is not known, after the runs
    seconds_a_draw: float = 0.0

    @property
    def seconds(self) -> float:
        """Of all steps on one processor."""
        return self.plan.runs * self.seconds_a_run + self.joint_draws * self.seconds_a_draw

    def lines(self) -> list[str]:
        """The plan as the command line prints it."""
        plan, unit = self.plan, self.unit
        lines = [f"{self.name}: {plan.choice.method}, because {'; '.join(plan.choice.why)}"]
        for step in plan.steps:
            took = analysis.duration(step.runs * self.seconds_a_run)
            lines.append(f"  {step.batches:>7,} batches  {step.runs:>12,} {unit}  {took:>10}  {step.what}")
        if self.joint_draws:
            took = analysis.duration(self.joint_draws * self.seconds_a_draw)
            what = "over what is not known, at the most"
            lines.append(f"  {'':>7}          {self.joint_draws:>12,} {'draws':{len(unit)}}  {took:>10}  {what}")
        about = "" if plan.is_exact else "about "
        return [*lines, f"  {about}{plan.batches:,} batches, {about}{plan.runs:,} {unit}"]


def plan_size_fund(
    source: Source,
    sizing: Sizing,
    *,
    fidelity: Literal["reduced", "full"] | None = None,
    settings: Mapping[str, Any] | None = None,
    seed: int | None = None,
    arms: Sequence[str] = (),
    executor: str | Path = "local",
    workers: int | None = None,
    trust: bool = False,
    on_note: Note | None = None,
) -> tuple[list[SizePlan], int]:
    """(The plan of every arm, the workers that would compute). Runs two batches of each arm in this process.

    Raises what `size_fund` would raise before its first run.
    """
    note = once(noting(on_note), set())
    n_workers = executor_settings(executor, workers).n_local_workers
    with analysis.clearsim_errors(), block_runs("serial", None, note=note, on_runs=lambda runs: None) as blocks:
        chosen: dict[str, Any] = {"fidelity": fidelity, "settings": settings, "seed": seed, "arms": arms}
        found = load_arms(source, sizing, trust=trust, note=note, **chosen)
        plans = []
        for arm in found:
            with code_in(source, arm.question, trust=trust, note=note):
                planned = _planned(arm, sizing, analysis.Runner(arm.world, compute_with(blocks)), n_workers)
                plans.append(_with_joint(planned, arm, blocks))
    return plans, n_workers


def _planned(arm: Arm, sizing: Sizing, runner: "analysis.Runner", n_workers: int) -> SizePlan:
    fidelity = arm.question.fidelity
    pace = runner.pace()
    plan = arm.plan(sizing, sizing.runs_at(fidelity, lambda: pace, n_workers))
    facts = arm.world.facts
    return SizePlan(facts.arm or facts.name, "paths" if fidelity == "reduced" else "runs", plan, pace)


def _with_joint(planned: SizePlan, arm: Arm, blocks: "BlockRuns") -> SizePlan:
    """The plan with the joint draws of the arm, if its question has any."""
    from ..funds.joint import joint_jobs

    asked = arm.question.joint
    if asked is None or not arm.joint_draws:
        return planned
    rows = asked.rows[:TIMED_DRAWS]
    jobs = joint_jobs(asked.config, rows, np.array(analysis.JOINT_SIZES))
    blocks.compute_joint(jobs)
    _, seconds = blocks.compute_joint(jobs)
    return replace(planned, joint_draws=arm.joint_draws, seconds_a_draw=seconds / len(rows))
