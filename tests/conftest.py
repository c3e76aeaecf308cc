"""Makes the repository root importable for tests (`from tests...`), and hypothesis reproducible.

Kernels that tests compile are kept in the user's cache folder (CLEARSIM_CACHE_DIR overrides it), shared by all test
processes and by the `clearsim` command: one compilation serves all.
"""

from hypothesis import settings

settings.register_profile("clearsim", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("clearsim")
