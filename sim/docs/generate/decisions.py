"""The page of decision notes, from the notes' titles."""

from pathlib import Path

from .markdown import page, table

_FOLDER = Path(__file__).resolve().parents[2] / "decisions"
_INTRODUCTION = """Each note states the context, the choice, the rivals, and what would change the choice."""


def decisions_page() -> str:
    """The page, as text."""
    rows = [(note.name[:4], f"[{_title(note)}](../../decisions/{note.name})") for note in sorted(_FOLDER.glob("*.md"))]
    return page("Decisions", _INTRODUCTION, table(("number", "decision"), rows))


def _title(note: Path) -> str:
    return note.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ").strip()
