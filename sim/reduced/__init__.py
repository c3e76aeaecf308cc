"""The second fidelity: no book; jumps and diffusion, an impact curve, a threshold index of open interest, a fund.

An alternative to `engine/`: reads a declared subset of the same policies (`admit.py` refuses the others by name), and
reports the same summary columns. Reading order: `lower.py` (numbers of a config, once), `book.py` (the threshold
index), `kernels/path.py` (one path), `samplers.py` (how jumps are drawn), `run.py` (a batch of paths).
"""
