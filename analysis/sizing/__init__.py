"""How large must the fund be: sufficiency defined, the whole curve, the method that the config allows, the answer.

Reading order: `definition.py` (what a probability is of), `target.py` (how it is asked), `draws.py` (what runs
return), `curve.py` and `fund_search.py` (funds from runs), `choose_method.py` (which way), `consequences.py` (what else
follows), `solve.py` (the whole procedure), `answer_text.py` (what is printed).
"""
