"""The values and rules that everything else is built on; nothing here uses a file, clock, network or screen.

`catalog.py` defines models, deployments, aliases and history entries; `rules.py` the rules of a move, in
Elasticsearch's order, and then our own from `cautions.py`; `overlap.py` compares the input fields of two models;
`plan.py` defines the plan that an edit makes and the receipt that a store gives for it; `history.py` reads, writes and
queries history entries; `users.py` finds what uses a model or an alias, and `reach.py` what sends documents through a
pipeline; `lazy.py` is a mapping that reads only what is asked for. `health.py` judges the figures of deployments,
`answers.py` compares the answers of models, and `checks.py` combines both for one name. Import each name from the
module that defines it.
"""
