"""Drivers of an outcome: indices, swings, boxes, smallest shocks and trade-offs from the tables of a study.

Every function takes `points` and `runs` (STUDY_POINTS, STUDY_RUNS) or arrays, and returns tidy frames. Inputs are named
as in the study, without `u.` or `l.`. All have value, low, high, level, n, method, and:

    sobol.sobol_indices        input, order (first | total | noise)     -> sobol.sobol_table: one row an input
    tornado.swings             input, end (low | high | swing), setting -> tornado.tornado_table: one row an input
    prim.find_boxes            limits: box, input, unit, low, high, range_low, range_high; measures; kept labels
    factor_importance.importance   input, measure (variance share | rank correlation)
    interaction.heat_map       x, y, events
    reverse_stress.frontier    depth_loss, concentration, jump, jump_low, jump_high, searched_to
    trade_off.trade_off        arm, group, capital, probability, unneeded, efficient, efficient_share
"""
