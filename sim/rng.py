"""Named, independent random streams: adding a stream never changes the draws of another."""

import zlib

import numpy as np


class Streams:
    """Generators by name for one (seed, scenario, replication).

    `scenario` is the index of the point of uncertainties, never of the lever, so two arms of a study share their
    randomness (common random numbers). Two names that hash alike raise ValueError.
    """

    def __init__(self, *, seed: int, scenario: int = 0, replication: int = 0) -> None:
        self._root = (seed, scenario, replication)
        self._taken: dict[int, str] = {}

    def get(self, name: str) -> np.random.Generator:
        """Return a fresh generator for `name`; asking twice restarts the stream, so ask once and keep it."""
        key = zlib.crc32(name.encode())
        owner = self._taken.setdefault(key, name)
        if owner != name:
            raise ValueError(f"stream names {owner!r} and {name!r} share the key {key}; rename one")
        seed, scenario, replication = self._root
        sequence = np.random.SeedSequence(seed, spawn_key=(scenario, replication, key))
        return np.random.Generator(np.random.PCG64DXSM(sequence))
