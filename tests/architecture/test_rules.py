"""Every rule of the clearing house has a worked number and a test that cites it; every cited rule exists.

Every mechanism that a config can choose in clearing names its rule: a ranking or a layer without one fails here.
"""

import importlib
import pkgutil
import re
from collections import Counter
from pathlib import Path

import clearsim.clearing
from pydantic import BaseModel

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


def members():
    """Every class of clearing that a config can choose by its `kind`, by name."""
    for module in pkgutil.walk_packages(clearsim.clearing.__path__, "clearsim.clearing."):
        importlib.import_module(module.name)
    return {kind.__name__: kind for kind in below(BaseModel) if kind.__module__.startswith("clearsim.clearing.")}


def below(kind):
    """All classes that extend `kind` and have a `kind` themselves."""
    for item in kind.__subclasses__():
        if "kind" in item.model_fields:
            yield item
        yield from below(item)


def without_rule(classes):
    """Names of classes whose docstring cites no rule that stands in RULES.md."""
    standing = set(rules())
    return [kind.__name__ for kind in classes if not standing & set(ID.findall(kind.__doc__ or ""))]


def test_every_mechanism_that_a_config_can_choose_names_its_rule():
    found = members()
    assert {"ProfitLeverageRanking", "WaterFilling", "TakeoverLayer", "TieredMargin", "FractionLiquidation"} <= set(
        found
    )
    assert without_rule(found.values()) == []


def test_a_mechanism_without_a_rule_or_with_an_unknown_one_is_noticed():
    class Bare(BaseModel):
        """Ranks by name."""

        kind: str = "bare"

    class Unknown(BaseModel):
        """Ranks by height."""

        kind: str = "unknown"

    Unknown.__doc__ = "Ranks by height (CLR-" + "ADL-999)."
    assert without_rule([Bare, Unknown, members()["Greedy"]]) == ["Bare", "Unknown"]
