"""How much a study's results depend on the time step, the number of traders and the order of clearing."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..studies.robustness import run_checks, write_checks
from . import _analysis as analysis
from .progress import Note, noting
from .trust import code_of, parts_of_plan, plan_in


def robustness(
    folder: Path,
    *,
    replications: int = 8,
    traders: Sequence[int] = (),
    point: int | None = None,
    trust: bool = False,
    on_note: Note | None = None,
) -> tuple[Path, list[dict[str, Any]]]:
    """Rerun one point of a study folder with other time steps, numbers of traders and orders of clearing.

    traders: totals; default: 0.3 and 3 times the config's.  point: default: the middle one.  trust: True: code that the
    folder keeps may be executed.  Returns the path of
    checks.json, which the report reads, and its rows: subject, found, meaning, warns.
    """
    plan, note = plan_in(folder), noting(on_note)
    with code_of(folder, parts_of_plan(plan), trust=trust, note=note):
        rows = run_checks(
            plan,
            paired=analysis.paired_difference,
            point=point,
            replications=replications,
            traders=traders,
            say=note,
        )
    return write_checks(folder, rows), rows
