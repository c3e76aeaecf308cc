"""The book alone, in batches: against a lean C++ book and the plain-Python twin, on the same streams, in the same run.

`python -m tests.benchmarks.book_batch` prints the figures. Seconds are processor time, runs of the rivals alternate,
medians of the ratios are reported: absolute speeds move with the machine's load. Every run's checksum is compared.
"""

import json
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clearsim.kernels.book.levels import make_books
from clearsim.kernels.book.matching import match_actions
from clearsim.kernels.exchange import bare_books

from tests.plain_book import PlainZi
from tests.worlds.book import make_log
from tests.zi_workload import CHECKSUMS, Workload, draw_workload

SKETCH = Path(__file__).with_name("book_sketch.cpp")
RUNS = 9
WARM_ACTIONS = 100_000
FILL_ROWS = 4096

Checksum = tuple[int, int, int, int]


def workloads() -> dict[str, Workload]:
    """ZI with 1,000 traders (its checksum is published), and with 15,000 on a wide book: about 10,000 orders rest."""
    return {
        "zi": draw_workload(traders=1000, steps=10_000, share=0.1),
        "10k resting": draw_workload(traders=15_000, steps=140, share=0.5, furthest=2000),
    }


def run_compiled(workload: Workload) -> tuple[float, Checksum]:
    """Processor seconds of the actions after the warm ones, fills written to a log; and the checksum of all."""
    books = make_books(1, capacity=workload.traders, n_rows=workload.traders, base_ticks=[1], grid_bits=18)
    log = make_log(fills=FILL_ROWS)
    header, actions = log.header, workload.actions
    header["log_on"][0] = 1
    exchange, done, begin = bare_books(books, log), 0, 0.0
    for end in (WARM_ACTIONS, len(actions)):
        begin = time.process_time()
        while done < end:
            done = match_actions(exchange, 0, actions[:end], done)
            header["n_fills"][0] = 0
    seconds = time.process_time() - begin
    resting = int(np.count_nonzero(books.orders["id"]))
    return seconds, (*(int(header[name][0]) for name in ("fill_count", "filled_lots", "volume")), resting)


def run_plain(workload: Workload, actions: int) -> float:
    """Processor seconds that the plain twin takes for each of the first `actions`, after as many warm ones."""
    plain, lines = PlainZi(), workload.actions[: 2 * actions].tolist()
    for line in lines[:actions]:
        plain.act(line[4], line[1], line[0] == 1, line[5], line[6])
    begin = time.process_time()
    for line in lines[actions:]:
        plain.act(line[4], line[1], line[0] == 1, line[5], line[6])
    return (time.process_time() - begin) / actions


class Sketch:
    """The C++ book (the same algorithm, without our checks), compiled for this processor; absent without g++."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.program = folder, folder / "sketch"
        self.is_present = shutil.which("g++") is not None
        if self.is_present:
            command = ["g++", "-O3", "-march=native", "-std=c++17", "-o", str(self.program), str(SKETCH)]
            subprocess.run(command, check=True)

    def run(self, name: str, workload: Workload) -> tuple[float, Checksum]:
        """Processor seconds of the actions after the warm ones; and the checksum of all."""
        stream = self.folder / f"{name}.bin"
        if not stream.exists():
            workload.actions.tofile(stream)
        command = [str(self.program), str(stream), str(workload.traders), str(WARM_ACTIONS), "1"]
        seconds, *checksum = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        fills, volume, value, resting = map(int, checksum)
        return float(seconds), (fills, volume, value, resting)


def measure_one(name: str, workload: Workload, sketch: Sketch) -> dict[str, Any]:
    """Speeds (million actions per processor second) and ratios on one stream."""
    n = len(workload.actions) - WARM_ACTIONS
    _, checksum = run_compiled(workload)
    ours, theirs, plain = [], [], []
    for _ in range(RUNS):
        seconds, found = run_compiled(workload)
        assert found == checksum
        ours.append(seconds / n)
        if sketch.is_present:
            seconds, found = sketch.run(name, workload)
            assert found == checksum, f"the sketch disagrees: {found} != {checksum}"
            theirs.append(seconds / n)
        if len(plain) < 3:
            plain.append(run_plain(workload, WARM_ACTIONS))
    figures: dict[str, Any] = {
        "checksum": checksum,
        "actions": n,
        "actions_per_s_millions": round(1e-6 / statistics.median(ours), 1),
        "plain_actions_per_s_millions": round(1e-6 / statistics.median(plain), 2),
        "times_plain_twin": round(statistics.median(plain) / statistics.median(ours), 1),
    }
    if theirs:
        figures["cpp_actions_per_s_millions"] = round(1e-6 / statistics.median(theirs), 1)
        figures["share_of_cpp"] = round(statistics.median(b / a for a, b in zip(ours, theirs, strict=True)), 3)
    return figures


def measure() -> dict[str, dict[str, Any]]:
    """All figures, by workload."""
    with tempfile.TemporaryDirectory() as folder:
        sketch = Sketch(Path(folder))
        return {name: measure_one(name, workload, sketch) for name, workload in workloads().items()}


@pytest.mark.benchmark
def test_the_book_reaches_its_goals() -> None:
    figures = measure()
    assert figures["zi"]["checksum"] == CHECKSUMS[1000, 10_000, 0.1]
    assert figures["10k resting"].get("share_of_cpp", 1.0) >= 0.7
    assert 9_000 < figures["10k resting"]["checksum"][3] < 11_000


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
