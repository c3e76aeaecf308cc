"""Markdown of the reference: the note at the head of a page, tables, docstrings."""

import ast
import inspect
import re
import textwrap
from collections.abc import Iterable, Sequence

NOTE = "<!-- Generated from the code by `python -m clearsim.docs.generate`. Edit the code, not this page. -->"
_ARGUMENT = re.compile(r"([A-Za-z_][\w, ]*): (.*)")
#: How far arguments are indented in a docstring.
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


def sentence(text: str) -> str:
    """A text that begins with a capital letter and ends with a full stop."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", ":", "?")) or not text else ".")


def prose(docstring: str) -> str:
    """A docstring as Markdown: arguments as a list, examples as code."""
    out: list[str] = []
    for block in re.split(r"\n\s*\n", inspect.cleandoc(docstring)):
        lines = block.split("\n")
        if lines[0].strip() == "Args:":
            out.append("\n".join(_arguments(lines[1:])))
        elif out and _is_example(textwrap.dedent(block)):
            out.append(f"```python\n{textwrap.dedent(block)}\n```")
        else:
            out.append(block)
    return _joined(out)


def _is_example(block: str) -> bool:
    """True for Python code that calls something."""
    try:
        ast.parse(block)
    except SyntaxError:
        return False
    return "(" in block


def _arguments(lines: Sequence[str]) -> list[str]:
    """Items `name: text` of an argument section; deeper lines continue the item before, or are items of an item that
    ends with a colon."""
    items: list[str] = []
    holds_items = False
    for line in lines:
        match = _ARGUMENT.fullmatch(line.strip())
        is_deeper = line.removeprefix(_DEPTH).startswith(" ")
        if match is not None and (not is_deeper or holds_items):
            names = ", ".join(code(name.strip()) for name in match[1].split(","))
            items.append(f"{'  ' if is_deeper else ''}- {names}: {match[2]}")
        elif is_deeper and holds_items and line.endswith(":"):
            items.append(f"  - {line.strip()}")
        elif items:
            items[-1] += f" {line.strip()}"
        if not is_deeper:
            holds_items = line.endswith(":")
    return items


def _joined(blocks: Sequence[str]) -> str:
    """Blocks with blank lines between; neighbouring examples become one."""
    return "\n\n".join(blocks).replace("\n```\n\n```python\n", "\n\n")


def _cell(text: str) -> str:
    return _escaped(" ".join(text.split()).replace("|", r"\|"))


def _escaped(text: str) -> str:
    """Text in which `<` outside of code is no HTML tag."""
    parts = text.split("`")
    return "`".join(part if place % 2 else part.replace("<", "&lt;") for place, part in enumerate(parts))
