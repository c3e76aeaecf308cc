"""Markdown of the reference: the note at the head of a page, tables, docstrings."""

import inspect
import re
from collections.abc import Iterable, Sequence

NOTE = "<!-- Generated from the code by `python -m clearsim.docs.generate`. Edit the code, not this page. -->"
_ARGUMENT = re.compile(r"([A-Za-z_][\w, ]*): (.*)")
#: How far an example is indented in a docstring, and what begins a line of prose at that depth.
_DEPTH = "    "


def page(title: str, introduction: str, *sections: str) -> str:
    """A page: title, note, introduction, sections."""
    return "\n\n".join([f"# {title}", NOTE, introduction, *sections]) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; bars inside cells are escaped, line breaks become spaces."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def code(value: object) -> str:
    """A value as code, empty if there is none."""
    text = str(value)
    return f"`{text}`" if text else ""


def anchor(heading: str) -> str:
    """The anchor that a heading has on a page."""
    kept = re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower())
    return kept.replace(" ", "-")


def summary_of(thing: object) -> str:
    """The first paragraph of a docstring, on one line."""
    return " ".join((inspect.getdoc(thing) or "").split("\n\n")[0].split())


def prose(docstring: str) -> str:
    """A docstring as Markdown: arguments as a list, indented examples as code."""
    out: list[str] = []
    for block in re.split(r"\n\s*\n", inspect.cleandoc(docstring)):
        lines = block.split("\n")
        if lines[0].strip() == "Args:":
            out.append("\n".join(_arguments(lines[1:])))
        elif all(line.startswith(_DEPTH) for line in lines):
            out.append("\n".join(["```python", *(line.removeprefix(_DEPTH) for line in lines), "```"]))
        else:
            out.append(block)
    return _joined(out)


def _arguments(lines: Sequence[str]) -> list[str]:
    """Items `name: text` of an argument section; deeper lines continue the item before."""
    items: list[str] = []
    for line in lines:
        match = _ARGUMENT.fullmatch(line.strip())
        is_item = match is not None and not line.removeprefix(_DEPTH).startswith(" ")
        if is_item and match is not None:
            items.append(f"- {', '.join(code(name.strip()) for name in match[1].split(','))}: {match[2]}")
        elif items:
            items[-1] += f" {line.strip()}"
    return items


def _joined(blocks: Sequence[str]) -> str:
    """Blocks with blank lines between; neighbouring examples become one."""
    return "\n\n".join(blocks).replace("\n```\n\n```python\n", "\n\n")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|")
