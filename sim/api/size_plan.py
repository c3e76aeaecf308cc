"""What a sizing would draw and how long that would take: the dry run of `size_fund`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from . import _analysis as analysis
from .inputs import once
from .progress import Note, noting
from .sizing import Arm, Sizing, Source, block_runs, code_in, compute_with, load_arms
from .sweep import executor_settings


@dataclass(frozen=True)
class SizePlan:
    """The steps of one arm.  seconds_a_run: measured on two batches, on one processor."""

    name: str
    unit: str  # paths or runs
    plan: "analysis.Plan"
    seconds_a_run: float

    @property
    def seconds(self) -> float:
        """Of all steps on one processor."""
        return self.plan.runs * self.seconds_a_run

    def lines(self) -> list[str]:
        """The plan as the command line prints it."""
        plan, unit = self.plan, self.unit
        lines = [f"{self.name}: {plan.choice.method}, because {'; '.join(plan.choice.why)}"]
        for step in plan.steps:
            took = analysis.duration(step.runs * self.seconds_a_run)
            lines.append(f"  {step.batches:>7,} batches  {step.runs:>12,} {unit}  {took:>10}  {step.what}")
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
                plans.append(_planned(arm, sizing, analysis.Runner(arm.world, compute_with(blocks)), n_workers))
    return plans, n_workers


def _planned(arm: Arm, sizing: Sizing, runner: "analysis.Runner", n_workers: int) -> SizePlan:
    fidelity = arm.question.fidelity
    pace = runner.pace()
    plan = arm.plan(sizing, sizing.runs_at(fidelity, lambda: pace, n_workers))
    facts = arm.world.facts
    return SizePlan(facts.arm or facts.name, "paths" if fidelity == "reduced" else "runs", plan, pace)
