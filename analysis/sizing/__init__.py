"""How large must the fund be: sufficiency defined, the whole curve, the method that the config allows, the answer.

Reading order: `definition.py` (what a probability is of), `target.py` (how it is asked), `draws.py` (what runs hand
in), `curve.py` and `roots.py` (funds from runs), `method.py` (which way), `consequences.py` (what else follows),
`solve.py` (the order of the day), `answer.py` (what is told).
"""
