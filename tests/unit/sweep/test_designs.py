"""Every design against points worked out by hand, or against the property that gives it its name."""

import numpy as np
import pytest
from clearsim.studies.design.designs import EDGE, Design, power_of_two
from pydantic import TypeAdapter

READ = TypeAdapter(Design)


def rows_of(k, seed=5, **design):
    return READ.validate_python(design).rows(k, seed)


def test_a_grid_has_every_combination_of_middles_and_the_first_moves_slowest():
    rows, scenarios = rows_of(2, kind="grid", n=2)
    assert rows.tolist() == [[0.25, 0.25], [0.25, 0.75], [0.75, 0.25], [0.75, 0.75]]
    assert scenarios.tolist() == [0, 0, 0, 0]
    assert rows_of(1, kind="grid", n=4)[0].ravel().tolist() == [0.125, 0.375, 0.625, 0.875]


@pytest.mark.parametrize("kind", ["grid", "one_at_a_time"])
def test_without_uncertainties_there_is_one_row(kind):
    rows, scenarios = rows_of(0, kind=kind)
    assert rows.shape == (1, 0)
    assert scenarios.tolist() == [0]


def test_a_list_has_a_row_a_point():
    rows, scenarios = rows_of(2, kind="list", points=[{"a": 1}, {"a": 2}, {"b": 3}])
    assert rows.shape == (3, 2)
    assert scenarios.tolist() == [0, 0, 0]


def test_one_at_a_time_moves_each_alone_from_the_medians():
    rows, scenarios = rows_of(2, kind="one_at_a_time", low=0.1, high=0.8)
    assert rows.tolist() == [[0.5, 0.5], [0.1, 0.5], [0.8, 0.5], [0.5, 0.1], [0.5, 0.8]]
    assert scenarios.tolist() == [0] * 5


def test_a_longer_random_design_begins_with_the_shorter_one():
    short, scenarios = rows_of(3, kind="random", n=5)
    longer, _ = rows_of(3, kind="random", n=50)
    assert longer[:5].tolist() == short.tolist()
    assert scenarios.tolist() == [0, 1, 2, 3, 4]
    assert len(np.unique(longer)) == 150
    assert rows_of(3, seed=6, kind="random", n=5)[0].tolist() != short.tolist()


@pytest.mark.parametrize("n", [1, 7, 100])
def test_a_latin_hypercube_has_one_point_in_each_of_n_parts_of_each_axis(n):
    rows, scenarios = rows_of(3, kind="latin_hypercube", n=n)
    for column in range(3):
        assert sorted((rows[:, column] * n).astype(int)) == list(range(n))
    assert scenarios.tolist() == list(range(n))


def test_sobol_points_are_rounded_up_to_a_power_of_two_and_balanced():
    rows, scenarios = rows_of(2, kind="sobol", n=5)
    assert rows.shape == (8, 2)
    assert scenarios.tolist() == list(range(8))
    for column in range(2):
        assert sorted((rows[:, column] * 8).astype(int)) == list(range(8))
    # a (0, m, 2)-net: one of 16 points in each of 4 x 4 squares, also after scrambling
    squares = (rows_of(2, kind="sobol", n=16)[0] * 4).astype(int)
    assert len({tuple(square) for square in squares}) == 16


def test_a_saltelli_block_is_a_then_a_with_each_column_of_b_then_b():
    rows, scenarios = rows_of(3, kind="saltelli", n=4)
    assert rows.shape == (20, 3)
    for block in rows.reshape(4, 5, 3):
        a, b = block[0], block[4]
        assert not np.isin(a, b).any()
        for column in range(3):
            expected = a.copy()
            expected[column] = b[column]
            assert block[1 + column].tolist() == expected.tolist()
    assert scenarios.tolist() == [0] * 5 + [1] * 5 + [2] * 5 + [3] * 5


def test_a_saltelli_design_rounds_its_blocks_up():
    assert len(rows_of(2, kind="saltelli", n=3)[0]) == 4 * (2 + 2)


@pytest.mark.parametrize("kind", ["random", "latin_hypercube", "sobol", "saltelli"])
def test_drawn_designs_depend_on_the_seed_alone_and_stay_inside(kind):
    first, again, other = (rows_of(2, seed=seed, kind=kind, n=16)[0] for seed in (1, 1, 2))
    assert first.tolist() == again.tolist()
    assert first.tolist() != other.tolist()
    assert first.min() >= EDGE
    assert first.max() <= 1 - EDGE


@pytest.mark.parametrize("kind", ["random", "latin_hypercube", "sobol", "saltelli"])
def test_drawn_designs_without_uncertainties_have_rows_that_differ_only_in_their_luck(kind):
    rows, scenarios = rows_of(0, kind=kind, n=4)
    assert rows.shape[1] == 0
    assert len(set(scenarios.tolist())) == 4


def test_power_of_two_is_the_next_one_up():
    assert [power_of_two(n) for n in (1, 2, 3, 4, 5, 1023, 1024, 1025, 2**40 + 1)] == [
        1, 2, 4, 4, 8, 1024, 1024, 2048, 2**41,
    ]  # fmt: skip
