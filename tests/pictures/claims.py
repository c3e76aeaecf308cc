"""Sentences of a run's page, and what has to be so where one is printed: a table of claims, tried on the run's tables.

A claim is made where its pattern is found. It is false where its condition does not hold, and then the page contradicts
its own tables. Pairs of sentences that deny each other need no entry: of two such claims at most one holds. Then: the
sums of the page's tables, and amounts that are printed twice.
"""

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from html.parser import HTMLParser
from typing import NamedTuple

from tests.pictures.facts import Facts, RunFacts
from tests.pictures.measures import Page


class Claim(NamedTuple):
    """A sentence, as a regular expression, and whether it is true of the facts of what it is said of."""

    pattern: str
    holds: Callable[[Facts], bool]


CLAIMS = (
    Claim(r"No account was deleveraged", lambda f: f.deleveraged_accounts == 0),
    Claim(r"no ADL\b", lambda f: f.deleveraged == 0),
    Claim(r"ADL closed [\d.]+ ", lambda f: f.deleveraged > 0),
    Claim(r"accounts? (?:were|was) deleveraged, but closes were not stored", lambda f: f.detail != "events"),
    Claim(r"It was not drawn on", lambda f: f.fund_draw == 0 and f.fund_initial > 0),
    Claim(r"There was no fund", lambda f: f.fund_initial == 0),
    Claim(r"there was no fund", lambda f: f.fund_initial == 0),
    Claim(r"No: it ran empty", lambda f: f.fund_lowest == 0 and f.fund_draw > 0),
    Claim(r"It did not run empty", lambda f: f.fund_lowest > 0),
    Claim(r"The fund was not used: it paid nothing", lambda f: f.fund_draw == 0 and f.fund_gain == 0),
    Claim(r"the fund paid nothing", lambda f: f.fund_draw == 0),
    Claim(r"the fund ran dry", lambda f: f.fund_draw > 0 and "fund" in f.bound_by),
    Claim(r"The fund had money throughout", lambda f: not f.is_bound and f.fund_lowest > 0),
    Claim(r"ENGINE held no position at any sample", lambda f: not f.inventory),
    Claim(r"positions were taken over at the mark price", lambda f: f.taken_over > 0),
    Claim(r"Nobody gained or lost anything", lambda f: not f.gained),
    Claim(r"No account's equity changed", lambda f: not f.changed),
    Claim(r"No money changed hands", lambda f: not f.moved),
    Claim(r"The clearing house moved no money", lambda f: not f.moved_by_clearing and f.deleveraged == 0),
    Claim(r"No account was liquidated", lambda f: f.liquidated == 0),
    Claim(r"No account lost more than its margin", lambda f: f.bankrupt_accounts == 0),
    Claim(r"No account ended below zero", lambda f: f.bad_debt == 0),
    Claim(r"No quantum was created or lost", lambda f: f.residual == 0),
    Claim(r"No liquidation waited", lambda f: f.backlog_peak == 0),
    Claim(r"Clearing settled in every cycle", lambda f: f.rounds_max_reached == 0),
    Claim(r"No samples over time were stored", lambda f: f.detail == "summary"),
    Claim(r"run with --detail events", lambda f: f.detail != "events"),
    Claim(r"[Rr]equired fund: (?!at least|≥)[\d.,]+ ", lambda f: not f.is_bound),
    Claim(r"[Rr]equired fund: at least", lambda f: f.is_bound),
    Claim(r"required fund, only a lower bound", lambda f: f.is_bound),
    Claim(r"[\d.]+ \w* ?\w+ required fund(?!, only a lower bound)[;·]", lambda f: not f.is_bound),
    Claim(r"Paid from their own margin: [^(]*\(100(?:\.0)?%\), all of it", lambda f: f.bankrupt_accounts == 0),
)  # fmt: skip


def contradictions(page: Page, run: RunFacts, html: str) -> list[str]:
    """What the page says and its tables deny: claims that do not hold, sums that do not add up."""
    found = [f"{text} of {place}" for place, text in _false_claims(page, run)]
    return found + [f"table {number}: {text}" for number, text in _wrong_sums(html)]


def _false_claims(page: Page, run: RunFacts) -> Iterator[tuple[str, str]]:
    places = [("the page", page.text, run.whole())]
    places += [(f"figure {figure.name}", figure.text, run.of_figure(figure.name)) for figure in page.figures]
    for place, text, facts in places:
        for claim in CLAIMS:
            found = re.search(claim.pattern, text)
            if found and not claim.holds(facts):
                yield place, f"“{text[max(0, found.start() - 30) : found.end() + 50]}” is false"


def _wrong_sums(html: str) -> Iterator[tuple[int, str]]:
    """Columns whose last row (`tr.sum`) is not the sum of the rows above; totals of the account of the fund."""
    reader = _Tables()
    reader.feed(html)
    for number, table in enumerate(reader.tables, start=1):
        if table.sums:
            for column, printed in enumerate(table.sums):
                numbers = [_number(row[column]) for row in table.rows if len(row) > column]
                total = _number(printed)
                if total is not None and any(value is not None for value in numbers):
                    added = sum((value for value in numbers if value is not None), Decimal(0))
                    if added != total:
                        yield number, f"column {column + 1} sums to {added}, printed is {printed}"
        if any(row and row[0].startswith("= ") for row in table.rows):
            so_far = Decimal(0)
            for row in table.rows:
                value = _number(row[1]) or Decimal(0)
                if not row[0].startswith("= "):
                    so_far += value
                elif so_far != value:
                    yield number, f"{row[0]!r} is {value}, the parts above it sum to {so_far}"


def _number(cell: str) -> Decimal | None:
    text = cell.replace(",", "").replace("−", "-").strip()
    if text == "–":
        return Decimal(0)
    return Decimal(text) if re.fullmatch(r"[+-]?\d+(\.\d+)?", text) else None


class _Table:
    def __init__(self) -> None:
        self.rows: list[list[str]] = []
        self.sums: list[str] = []


class _Tables(HTMLParser):
    """The tables of a page: body rows and the row of sums, as text."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: list[_Table] = []
        self._row: list[str] | None = None
        self._cell: list[str] | None = None
        self._is_sum = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.tables.append(_Table())
        elif tag == "tr":
            self._row, self._is_sum = [], dict(attrs).get("class") == "sum"
        elif tag == "td":
            self._cell = []

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "td" and self._row is not None and self._cell is not None:
            self._row.append("".join(self._cell))
            self._cell = None
        elif tag == "tr" and self._row:
            if self._is_sum:
                self.tables[-1].sums = self._row
            else:
                self.tables[-1].rows.append(self._row)
            self._row = None
