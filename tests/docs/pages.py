"""The pages of the documentation as blocks, and what runs them as a reader would: in order, in one folder.

A block that follows a line ending in "`NAME`:" is a file of that name. `sh` blocks are command lines, one a line; other
`python` blocks are one program. A `text` block after one of these holds lines that it prints.
"""

import os
import re
import runpy
import shlex
import shutil
from contextlib import redirect_stdout
from pathlib import Path
from typing import NamedTuple

import pytest
from clearsim.cli import app

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "sim" / "docs"
RUN_PAGES = [DOCS / "tutorial.md", *sorted((DOCS / "how-to").glob("*.md"))]
#: A command line with such a comment takes too long for every change.
SLOW = re.compile(r"#.*\babout \d+ minutes?\b")
ELSEWHERE = "# on the cluster"
BROWSER = os.environ.get("BROWSER_PATH") or next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PRINTERS = ("sh", "python")


class Block(NamedTuple):
    """A fenced block: its language, text, and the name of the file that it is, or ''."""

    language: str
    text: str
    file: str


def blocks(page: Path) -> list[Block]:
    """The blocks of a page, in order."""
    text, found, end = page.read_text(encoding="utf-8"), [], 0
    for match in _FENCE.finditer(text):
        before = text[end : match.start()].rstrip().rsplit("\n", 1)[-1]
        name = re.search(r"`([\w.-]+\.(?:py|yaml|csv))`:$", before)
        found.append(Block(match[1], match[2], name[1] if name else ""))
        end = match.end()
    return found


def commands(text: str) -> list[str]:
    """The command lines of a block."""
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


def squeezed(text: str) -> str:
    """Text with single spaces."""
    return " ".join(text.split())


class Reader:
    """Someone who follows a page in a folder of their own."""

    def __init__(self, page: Path, *, slow: bool) -> None:
        self.page, self.slow = page, slow
        self.names: dict[str, object] = {}
        self.printed = ""
        self.left_out: list[str] = []

    def follow(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Do what the page says."""
        for block in blocks(self.page):
            if block.file:
                Path(block.file).write_text(block.text, encoding="utf-8")
                continue
            if block.language == "text":
                self.compare(block.text)
                continue
            assert block.language in _PRINTERS or block.language == "yaml", (
                f"{self.page.name}: a {block.language} block"
            )
            capsys.readouterr()
            if block.language == "sh":
                for line in commands(block.text):
                    self.run(line)
            elif block.language == "python":
                exec(compile(block.text, str(self.page), "exec"), self.names)
            self.printed = capsys.readouterr().out

    def compare(self, text: str) -> None:
        """Each line of a `text` block is among the lines that the block before printed."""
        printed = {squeezed(line) for line in self.printed.splitlines()}
        for line in filter(str.strip, text.splitlines()):
            assert any(squeezed(line) in found for found in printed), f"{line!r} is not in\n{self.printed}"

    def run(self, line: str) -> None:
        """Run one command line."""
        command, _, _ = line.partition("#")
        target = None
        if ">" in command and "'" not in command and '"' not in command:
            command, _, target = (part.strip() for part in command.partition(">"))
        words = shlex.split(command)
        is_figure = "--format" in words
        if ELSEWHERE in line or (SLOW.search(line) and not self.slow) or (is_figure and BROWSER is None):
            self.left_out.append(line)
        elif words[0] == "python":
            runpy.run_path(words[1], run_name="__main__")
        elif words[0] == "clearsim":
            self.call(words[1:], target)
        else:
            assert words[0] in ("pip", "mkdir"), f"{self.page.name}: a test cannot run {line!r}"

    def call(self, arguments: list[str], target: str | None) -> None:
        """A clearsim command in this process; its output goes to a file if the line says so."""
        if target is None:
            code = app(arguments, standalone_mode=False)
        else:
            with Path(target).open("w", encoding="utf-8") as handle, redirect_stdout(handle):
                code = app(arguments, standalone_mode=False)
        assert code in (None, 0), f"{shlex.join(arguments)} ended with {code}"
