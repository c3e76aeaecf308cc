"""SplitMix64 gives its published sequences, on arrays and compiled.

Source of the numbers: rosettacode.org, "Pseudo-random numbers/Splitmix64" (seed 1234567); seed 0 as in the tests of
java.util.SplittableRandom's reference, 0xE220A8397B1DCDAF first.
"""

import numpy as np
from clearsim.clearing.liquidation.orders import hash_fraction
from clearsim.kernels.hashing import GOLDEN, splitmix64

FIVE = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821]


def counters(seed, n):
    return np.uint64(seed) + np.arange(1, n + 1, dtype=np.uint64) * GOLDEN


def test_the_sequence_of_seed_1234567():
    assert splitmix64(counters(1234567, 5)).tolist() == FIVE


def test_the_first_number_of_seed_0():
    assert int(splitmix64(counters(0, 1))[0]) == 0xE220A8397B1DCDAF


def test_the_kernel_hashes_as_the_array_form_does():
    """The fraction of (key, row) is the upper 53 bits of number `row` of the sequence that starts at `key`."""
    assert [hash_fraction(1234567, row) for row in range(1, 6)] == [(x >> 11) / 2**53 for x in FIVE]
