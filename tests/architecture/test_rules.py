"""Every rule of the clearing house has a worked number and a test that cites it; every cited rule exists."""

import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "sim" / "clearing" / "RULES.md"
ID = re.compile(r"\bCLR-[A-Z]{3}-\d{3}\b")
ENTRY = re.compile(r"^- \*\*(CLR-[A-Z]{3}-\d{3})\*\* (.+?)\n((?:  .*\n)*)", re.MULTILINE)


def rules():
    """Rule id -> its whole entry."""
    return {match[1]: match[0] for match in ENTRY.finditer(RULES.read_text(encoding="utf-8") + "\n")}


def cited(folder):
    """Ids cited in a folder's Python files, with the files that cite them."""
    out = {}
    for path in sorted((ROOT / folder).rglob("*.py")):
        for found in ID.findall(path.read_text(encoding="utf-8")):
            out.setdefault(found, set()).add(path.relative_to(ROOT).as_posix())
    return out


def test_rules_are_found_and_stand_once():
    entries = [match[1] for match in ENTRY.finditer(RULES.read_text(encoding="utf-8") + "\n")]
    assert len(entries) >= 17
    assert [rule for rule, times in Counter(entries).items() if times > 1] == []


def test_every_id_in_the_rules_stands_at_the_head_of_an_entry():
    assert set(ID.findall(RULES.read_text(encoding="utf-8"))) == set(rules())


def test_every_rule_has_a_worked_number():
    assert [rule for rule, entry in rules().items() if not re.search(r"\*Number:\* .*\d", entry)] == []


def test_every_rule_is_cited_by_a_test():
    assert sorted(set(rules()) - set(cited("tests"))) == []


def test_every_cited_rule_exists():
    missing = {rule: files for folder in ("sim", "tests", "analysis") for rule, files in cited(folder).items()}
    assert {rule: sorted(files) for rule, files in missing.items() if rule not in rules()} == {}
