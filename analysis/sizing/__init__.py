"""How large must the fund be: definition of sufficiency, the whole curve, the method that the config allows, the
answer.

Reading order: `definition.py` (meaning of a probability), `target.py` (form of a target), `draws.py` (results of
runs), `curve.py` and `fund_search.py` (funds from runs), `choose_method.py` (method), `consequences.py` (further
numbers), `solve.py` (the whole procedure), `answer_text.py` (printed text).
"""
