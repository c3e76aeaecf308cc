"""Sizing a fund on worker processes: the bytes of one process, in both engines; what is interrupted leaves nothing."""

import os
import signal
import subprocess
import sys

import clearsim
import psutil
import pytest
from clearsim.config import to_yaml

from tests.reduced.reduced_worlds import KOU, config, longs_of
from tests.sweep_survival.test_cluster import cluster  # noqa: F401  (a fixture)
from tests.sweep_survival.test_survival import PATIENCE_SECONDS, ROOT, gone, wait_until
from tests.unit.sizing.test_worlds import storm

REPRODUCIBLE = ("answer.json", "answer.md", "curve.csv")


def reduced():
    return config(KOU, longs_of((5, 0.5), (20, 0.5)), seed_quote=1000, reduced={"steps": 4})


def saved(folder, *arguments, **options):
    """The files of the answer that do not depend on the machine."""
    clearsim.size_fund(*arguments, **options).save(folder)
    return {name: (folder / name).read_bytes() for name in REPRODUCIBLE}


#: Two laws of two blocks and two other books; many sizes of a fund on the same runs; 20 runs of the full engine.
QUESTIONS = {
    "reduced": (reduced, "P(ADL within 7d) < 0.005", {"budget": 131_072, "spread": 2}),
    "search": (reduced, "P(ADL within 7d) < 0.02", {"budget": 65_536, "method": "bisection", "spread": 0}),
    "full": (storm, "P(equity 0) < 0.2", {"budget": 20, "spread": 0}),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_two_workers_give_the_bytes_of_one_process(tmp_path, name):
    make, target, options = QUESTIONS[name]
    serial = saved(tmp_path / "serial", make(), target, executor="serial", **options)
    assert saved(tmp_path / "two", make(), target, workers=2, **options) == serial
    assert set(serial) == set(REPRODUCIBLE)


def test_a_cluster_gives_the_bytes_of_one_process(tmp_path, cluster):  # noqa: F811
    make, target, options = QUESTIONS["reduced"]
    serial = saved(tmp_path / "serial", make(), target, executor="serial", **options)
    for number, executor in enumerate(cluster):
        assert saved(tmp_path / str(number), make(), target, executor=executor, **options) == serial


def test_ctrl_c_leaves_no_file_and_no_process(tmp_path):
    (tmp_path / "base.yaml").write_text(to_yaml(reduced()), encoding="utf-8")
    asked = ["--target", "P(ADL within 7d) < 1e-6", "--method", "crude", "--budget", "400000000", "--workers", "2"]
    parent = subprocess.Popen(
        [sys.executable, "-m", "clearsim.cli", "size-fund", "base.yaml", *asked],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )

    def computing():
        return [child for child in psutil.Process(parent.pid).children(recursive=True) if child.cpu_times().user > 2]

    wait_until(lambda: len(computing()) >= 2)
    family = psutil.Process(parent.pid).children(recursive=True)
    os.killpg(parent.pid, signal.SIGINT)
    _, said = parent.communicate(timeout=PATIENCE_SECONDS)
    assert parent.returncode == 130
    assert "interrupted; nothing was kept" in said
    assert "Traceback" not in said
    wait_until(lambda: gone(family))
    assert [path.name for path in tmp_path.iterdir()] == ["base.yaml"]
