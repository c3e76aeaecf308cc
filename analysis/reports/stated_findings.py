"""The findings that a study file states: printed as such only over the data of the run that they are of.

A study file says of which run they are (`findings_of`: study hash, completed runs, seed, and optionally result hash).
Over any other data, or if that is not recorded, they are folded away: the answer box has what this data says.
"""

from collections.abc import Mapping
from typing import Any

from ..study.folder import StudyFolder
from .page import escape


def stated_findings(study: StudyFolder) -> str:
    """The section as HTML; empty if the study states no findings."""
    text = str(study.study.get("findings") or "").strip()
    if not text:
        return ""
    run = study.study.get("findings_of")
    run = run if isinstance(run, Mapping) else {}
    reason = why_of_another_run(study, run)
    if not reason:
        return f"<h2>Findings stated by the author, of this run</h2><p>{escape(text)}</p>"
    size = f" ({run['runs']:,} runs, seed {run.get('seed', 'not stated')})" if isinstance(run.get("runs"), int) else ""
    return (
        f"<details id='stated'><summary>Findings of the shipped run{escape(size)}, not of this data</summary>"
        f"<p class='note'>{escape(reason)}. The answer above is computed from this data.</p>"
        f"<p>{escape(text)}</p></details>"
    )


def why_of_another_run(study: StudyFolder, run: Mapping[str, Any]) -> str:
    """Why the findings of `run` (`findings_of`) are not known to be of this data; empty if they are of it."""
    if not run:
        return "The study file does not say of which run its findings are"
    if not run.get("study_hash"):
        return "They are of an older version, whose study hash was not recorded"
    here = {
        "study_hash": study.manifest.get("study_hash"),
        "runs": study.progress.done,
        "seed": study.seed,
        "result_hash": study.manifest.get("result_hash"),
    }
    names = {"study_hash": "study hash", "runs": "number of runs", "seed": "seed", "result_hash": "result hash"}
    differ = [name for name in here if run.get(name) is not None and run[name] != here[name]]
    if not differ:
        return ""
    parts = [f"{names[name]} {_short(run[name])}, here {_short(here[name])}" for name in differ]
    return f"They are of another run: {'; '.join(parts)}"


def _short(value: object) -> str:
    return value[:10] if isinstance(value, str) else f"{value:,}" if isinstance(value, int) else "not recorded"
