"""What everything else works on, as plain values, with no file, clock, network or screen.

`catalog.py` has models, deployments, aliases and the entries of the history; `rules.py` the rules of a move, in
Elasticsearch's order, and then those of our own from `cautions.py`; `overlap.py` how two models' input fields compare;
`plan.py` what an edit comes to, and the receipt for it; `history.py` what the entries say of an alias; `users.py` who
names a model or an alias. `health.py` judges the figures of deployments, `answers.py` compares what models answered,
and `checks.py` has both for one name. Import from the module that has what you need.
"""
