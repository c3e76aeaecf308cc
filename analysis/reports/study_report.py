"""The report of a study: `report.html` in its folder, one self-contained file.

The first page has the question, the answer with its interval, and every warning; if runs are missing, the warnings
come before the answer. Then the figures, the design, failures, reliability, and how to reproduce the numbers. The same
folder gives the same bytes.
"""

from collections.abc import Sequence
from pathlib import Path

from ..charts.chart_context import StudyContext
from ..figure_files import export_figures, parse_formats
from ..study.design import design_kind, design_rows
from ..study.folder import StudyFolder, open_study
from ..study.question import defined, event_of
from ..study.samples import arm_samples
from .arms_table import arms_table
from .page import (
    Cell,
    again_section,
    embed,
    escape,
    page,
    save_page,
    table,
    trust_section,
    versions_text,
    warnings_box,
)
from .stated_findings import stated_findings
from .study_answer import answer_box
from .study_panels import study_context, study_panels
from .study_trust import examine_study

REPORT_NAME = "report.html"
MAX_FAILURES = 30
_ANCHORS = (
    ("answer", "answer"),
    ("arms", "arms"),
    ("figures", "figures"),
    ("design", "design and assumptions"),
    ("failures", "failures"),
    ("trust", "reliability"),
    ("again", "reproduce"),
)


def write_study_report(folder: str | Path) -> Path:
    """Write `report.html` into a study folder, whole or not at all; return its path. AnalysisError if it cannot be."""
    study = open_study(folder)
    return save_page(study.path / REPORT_NAME, build_study_report(study))


def export_study(folder: str | Path, formats: Sequence[str]) -> list[Path]:
    """Write every figure of a study's report into `figures/` of its folder, in every format; return the paths."""
    study = open_study(folder)
    parse_formats(",".join(formats))
    samples = arm_samples(study, event_of(study))
    panels = study_panels(study, samples, study_context(study, samples))
    return export_figures({panel.name: panel.figure for panel in panels}, study.path / "figures", formats)


def build_study_report(study: StudyFolder) -> str:
    """The report as HTML."""
    samples = arm_samples(study, event_of(study))
    context = study_context(study, samples)
    findings = examine_study(study, samples)
    panels = study_panels(study, samples, context)
    figures = [embed(panel.name, panel.figure) for panel in panels]
    boxes = [answer_box(study, samples, context), warnings_box(findings)]
    body = [
        _header(study, context),
        *(boxes[::-1] if study.progress.missing else boxes),
        stated_findings(study),
        arms_table(study, samples, context),
        "<h2 id='figures'>Figures</h2>",
        *(figures or ["<p>No run completed: there is nothing to draw.</p>"]),
        _design(study),
        _failures(study),
        trust_section(findings),
        _again(study),
    ]
    return page(title=f"{study.study.get('title') or study.name} · clearsim", body="\n".join(body))


def _header(study: StudyFolder, context: StudyContext) -> str:
    title = str(study.study.get("title") or study.name)
    facts = (
        f"{study.name} · seed {study.seed} · {study.progress.text}"
        + (f" · {context.n_paths:,} paths" if context.n_paths else "")
        + f" · fidelity {study.fidelity or 'not stated'} · design {design_kind(study) or 'not stated'}"
        + f" · study {context.study_hash[:10] or '–'}"
    )
    links = "".join(f"<a href='#{anchor}'>{text}</a>" for anchor, text in _ANCHORS)
    question = str(study.study.get("question") or "").strip()
    asked = f"<p><b>Question.</b> {escape(question)}</p>" if question else ""
    return f"<h1>{escape(title)}</h1><p class='sub'>{escape(facts)}</p>{asked}<nav>{links}</nav>"


def _design(study: StudyFolder) -> str:
    rows = design_rows(study)
    kind = design_kind(study) or "not stated"
    size = f"{len(study.points):,} points × {study.replications:,} replications"
    base = str(study.study.get("base") or "–")
    note = f"<p class='note'>Design {escape(kind)}: {escape(size)}; base config {escape(base)}.</p>"
    factors = (
        table(("factor", "kind", "config path", "values", "unit"), rows)
        if rows
        else "<p>Nothing is varied: all runs share one config.</p>"
    )
    fixed = study.study.get("set") or {}
    assumed = [[Cell(f"<code>{escape(path)}</code>"), str(value)] for path, value in fixed.items()]
    changed = (
        "<p class='note'>Changes to the base config:</p>" + table(("config path", "value"), assumed) if assumed else ""
    )
    meant = defined(study)
    taken = [*(meant.sentences if meant is not None else []), *(study.study.get("assumes") or [])]
    assumptions = "".join(f"<li>{escape(line)}</li>" for line in taken)
    listed = f"<p class='note'>Assumptions:</p><ul>{assumptions}</ul>" if assumptions else ""
    return f"<h2 id='design'>Design and assumptions</h2>{note}{factors}{changed}{listed}"


def _failures(study: StudyFolder) -> str:
    heading = "<h2 id='failures'>Failures</h2>"
    lost = study.runs[study.runs["status"] != "done"]
    if lost.empty:
        return heading + f"<p>None: all {len(study.runs):,} runs completed.</p>"
    rows = [
        [
            Cell(f"<code>{escape(row['run_id'])}</code>"),
            Cell(f"{row['point']:,}", "n"),
            Cell(f"{row['arm']:,}", "n"),
            row["status"],
            str(row["error"]).strip().splitlines()[0][:300] if str(row["error"]).strip() else "–",
        ]
        for row in lost.head(MAX_FAILURES).to_dict("records")
    ]
    more = f" Shown: the first {len(rows)} of {len(lost):,}." if len(lost) > len(rows) else ""
    note = (
        f"<p class='note'>Failed runs are excluded from all numbers.{more} <code>clearsim replay . RUN_ID</code>"
        " reruns one of them.</p>"
    )
    return heading + note + table(("run", "point", "arm", "status", "error"), rows, numbers=(1, 2))


def _again(study: StudyFolder) -> str:
    manifest = study.manifest
    versions = manifest.get("versions") or manifest.get("environment") or {}
    configs = sorted(set(study.points["config_hash"])) if len(study.points) else []
    facts = [
        ("study hash", str(manifest.get("study_hash") or "–")),
        ("result hash", str(manifest.get("result_hash") or "–")),
        ("configs", f"{len(configs):,} different; the first is {configs[0]}" if configs else "–"),
        ("seed", str(study.seed)),
        ("git commit", str(manifest.get("git_commit") or "none (installed package)")),
        ("versions", versions_text(versions)),
        ("python", str(manifest.get("python") or versions.get("python") or "–")),
        (
            "total time of all runs",
            f"{float(study.runs['seconds'].sum()):,.1f} s of processor time" if len(study.runs) else "–",
        ),
    ]
    how = (
        "In the folder of this report: <code>clearsim verify .</code> reruns some rows and compares them;"
        " <code>clearsim replay . RUN_ID</code> reruns one run and writes its full event log."
    )
    return again_section(how, facts, file="study.yaml", text=study.study_text)
