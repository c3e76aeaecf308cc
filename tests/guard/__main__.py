"""Guards a move of code that must not move a number: runs a base commit and this checkout side by side, and compares.

    python -m tests.guard BASE_REV [--quick|--full] [--only FAMILY] [--bench] [--jobs N] [--cache DIR] [--here REV]

BASE_REV is the commit before the move; the other side is the checkout as it is, changes that are not committed included
(or the commit that --here names). Each side is unpacked, installed by pip into a folder of its own and driven through
its command line alone, so that folders, modules and import names of either side are free. One process a side keeps the
program loaded and runs one command after the other, both sides at once.

What is compared is every value of every table that a command writes, read from Parquet; the first differing table,
column and row are printed with both values. Names that are meant to change are listed in `renames.py`. Refusals must
come from both sides alike; another wording is a note.

    configs    shipped configs, examples, scenarios of the reference market
    events     recorded events with 1,000 to 12,000 traders
    studies    every study in a small size, on its engine; the reduced studies on the full engine too, and each config
               of the reduced engine with every sampler
    random     configs over all mechanisms, and how many of them exercised each layer of the waterfall

--quick (the default) takes a few of each, --full all of them. --bench adds paired timings in turn, base and here;
`--only none --bench` takes them alone. --cache keeps installed trees and compiled kernels between calls.

Exit codes: 0 all equal, 1 something differs, is slower than allowed, or died; 2 it cannot run.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.guard.bench import run_benchmarks
from tests.guard.jobs import FAMILIES, list_jobs
from tests.guard.pool import Outcome, run_both
from tests.guard.renames import RENAMES
from tests.guard.trees import GuardError, Tree, content_of_checkout, content_of_commit, install
from tests.guard.verdict import Verdict, judge

EQUAL, DIFFERS, CANNOT_RUN = 0, 1, 2
MAX_SHOWN = 5


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line of the guard."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.guard", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("base", metavar="BASE_REV", help="commit before the move")
    parser.add_argument("--here", metavar="REV", help="commit to compare with; default: the checkout as it is")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="a few of each family (the default)")
    size.add_argument("--full", action="store_true", help="everything")
    parser.add_argument("--only", choices=(*FAMILIES, "none"), help="one family, or none")
    parser.add_argument("--bench", action="store_true", help="paired timings too")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes a side; default 1")
    parser.add_argument("--seed", type=int, default=1, help="seed of the random configs; default 1")
    parser.add_argument("--cache", type=Path, metavar="DIR", help="keep installed trees and compiled kernels here")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep configs and the results that differ here")
    return parser.parse_args(arguments)


def compare_trees(trees: Sequence[Tree], folder: Path, options: argparse.Namespace) -> list[Verdict]:
    """Run all jobs on both sides; print one line each."""
    families = FAMILIES if options.only is None else (options.only,) if options.only in FAMILIES else ()
    verdicts: list[Verdict] = []
    for leftover in ("inputs", "results", "bench"):  # of an earlier call with --keep: commands refuse to overwrite
        shutil.rmtree(folder / leftover, ignore_errors=True)
    jobs = list_jobs(trees, folder / "inputs", families, quick=not options.full, seed=options.seed)
    places = [[folder / "results" / f"{number}-{tree.side}" for tree in trees] for number in range(len(jobs))]

    def done(number: int, outcomes: list[Outcome]) -> None:
        verdict = judge(jobs[number].name, outcomes, places[number], RENAMES)
        verdicts.append(verdict)
        print(f"{len(verdicts):4}/{len(jobs)} {verdict.line()}", flush=True)
        for place in places[number]:
            if not (options.keep and verdict.differs):
                shutil.rmtree(place, ignore_errors=True)

    commands = [job.with_out(both) for job, both in zip(jobs, places, strict=True)]
    run_both(trees, commands, folder / "workers", options.jobs, done)
    return verdicts


def print_summary(verdicts: Sequence[Verdict]) -> None:
    """What was exercised, notes, and what differs."""
    for family in dict.fromkeys(verdict.name.split("/")[0] for verdict in verdicts):
        mine = [verdict for verdict in verdicts if verdict.name.split("/")[0] == family]
        ran = [verdict for verdict in mine if verdict.counts]
        exercised = Counter(name for verdict in ran for name, count in verdict.counts.items() if count)
        shown = ", ".join(f"{name.removesuffix('_quanta')} {n}" for name, n in exercised.most_common())
        refused = sum(verdict.refused for verdict in mine)
        print(f"{family}: {len(mine)} jobs, {refused} refused by both; of {len(ran)} with tables exercised: {shown}")
    notes = [f"{verdict.name}: {note}" for verdict in verdicts for note in verdict.notes]
    for note in notes[:MAX_SHOWN]:
        print(f"note: {note}")
    if len(notes) > MAX_SHOWN:
        print(f"note: and {len(notes) - MAX_SHOWN} more notes")
    wrong = [verdict for verdict in verdicts if verdict.differs]
    for verdict in wrong[:MAX_SHOWN]:
        print(f"DIFFERS {verdict.name}: {verdict.text}")
    if len(wrong) > MAX_SHOWN:
        print(f"DIFFERS and {len(wrong) - MAX_SHOWN} more")


def main(arguments: Sequence[str]) -> int:
    """Compare, print, and return the exit code."""
    options = parse(arguments)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="clearsim-guard-") as temporary:
        folder = options.keep.resolve() if options.keep else Path(temporary)
        store = options.cache.resolve() if options.cache else Path(temporary) / "trees"
        try:
            base = content_of_commit(options.base)
            here = content_of_commit(options.here) if options.here else content_of_checkout()
            trees = [install("base", base, store), install("here", here, store)]
            print(f"base {options.base} ({trees[0].entry}), here {options.here or 'checkout'} ({trees[1].entry});"
                  f" installed after {time.perf_counter() - started:.0f} s", flush=True)  # fmt: skip
            verdicts = compare_trees(trees, folder, options)
            print_summary(verdicts)
            slower = run_benchmarks(trees, folder / "bench", quick=not options.full) if options.bench else []
        except GuardError as error:
            print(f"cannot run: {error}", file=sys.stderr)
            return CANNOT_RUN
    wrong = sum(verdict.differs for verdict in verdicts)
    refused = sum(verdict.refused for verdict in verdicts)
    seconds = time.perf_counter() - started
    print(f"{len(verdicts) - wrong - refused} equal, {refused} refused by both, {wrong} differ; {seconds:.0f} s")
    return DIFFERS if wrong or slower else EQUAL


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
