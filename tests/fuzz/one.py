"""Run inputs of the fuzzer by number and keep the folders of faults: `python -m tests.fuzz.one NUMBER [LAST]`."""

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.fuzz.harness import faults_of


def main():
    first = int(sys.argv[1])
    root = Path(tempfile.mkdtemp(prefix="fuzz-"))
    (root / "shared").mkdir()
    os.chdir(root)
    for number in range(first, int(sys.argv[2]) if len(sys.argv) > 2 else first + 1):
        started = time.monotonic()
        found = faults_of(number, root / str(number), root / "shared")
        seconds = time.monotonic() - started
        if found or seconds > 5:
            print(f"{number} {seconds:.1f} s", *found, sep="\n", flush=True)
        if not found:
            shutil.rmtree(root / str(number))
    print(root)


if __name__ == "__main__":
    main()
