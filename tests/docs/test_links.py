"""Every relative link of every Markdown page leads somewhere, to a heading that exists; every command line is one."""

import re
import shlex
import subprocess

import pytest
from clearsim.cli import app
from clearsim.docs.generate.commands import parameter_names
from clearsim.docs.generate.markdown import anchor

from tests.docs.pages import DOCS, ROOT, blocks, commands

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_INLINE = re.compile(r"`(clearsim [a-z][^`]*)`")


def pages():
    """All Markdown pages of the repository."""
    done = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    names = [name for name in done.stdout.splitlines() if (ROOT / name).is_file()]
    return [ROOT / name for name in names] or sorted(DOCS.rglob("*.md"))


def headings(page):
    """Anchors of a page's headings."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return {anchor(match) for match in re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)}


def broken_links(page):
    """Relative links of a page to a file or heading that does not exist."""
    wrong = []
    for link in _LINK.findall(page.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, heading = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (heading and heading not in headings(target)):
            wrong.append(link)
    return wrong


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_relative_links_lead_somewhere(page):
    assert broken_links(page) == []


def test_links_to_missing_files_and_headings_are_seen(tmp_path):
    (tmp_path / "b.md").write_text("# One heading\n")
    page = tmp_path / "a.md"
    page.write_text("[x](b.md) [x](b.md#one-heading) [x](c.md) [x](b.md#two) [x](#none) [x](https://example.org)\n")
    assert broken_links(page) == ["c.md", "b.md#two", "#none"]


def test_no_page_is_without_a_way_to_it():
    """Every page of the documentation is linked from another one."""
    found = {
        (page.parent / link.partition("#")[0]).resolve()
        for page in pages()
        for link in _LINK.findall(page.read_text(encoding="utf-8"))
    }
    assert sorted(page.name for page in DOCS.rglob("*.md") if page not in found) == []


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_command_lines_name_commands_and_options_that_exist(page):
    lines = [line for block in blocks(page) if block.language == "sh" for line in commands(block.text)]
    lines += _INLINE.findall(page.read_text(encoding="utf-8"))
    known = parameter_names(app)
    for line in lines:
        words = shlex.split(
            line.partition(" #")[0].replace("'", '"') if line.count('"') % 2 else line.partition(" #")[0]
        )
        if words[:1] != ["clearsim"] or len(words) < 2 or words[1].startswith("-"):
            continue
        name = " ".join(words[1:3]) if " ".join(words[1:3]) in known else words[1]
        assert name in known, line
        options = {word.partition("=")[0] for word in words if word.startswith("--")}
        assert options <= known[name] | {"--help", "--debug"}, line
