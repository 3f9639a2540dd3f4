"""A catalog served on Elasticsearch's REST routes, for official clients and tests; start at `listen.serve`.

`listen.py` has the socket and the signals, `log.py` the log, `access.py` decides which requests are admitted. `app.py`
answers every request, even after an error; `media.py`, `request.py`, `json_body.py`, `filters.py` and `answers.py` have
Elasticsearch's HTTP conventions. `routes.py` lists the routes, `steps.py` has what a handler returns, and each kind of
resource has a module: `aliases.py`, `models.py` (with `put_model.py`, `inference_config.py`, `fields.py`,
`packages.py`), `deployments.py` (with `stats.py` and `sizes.py`), `pipelines.py`; `find.py` finds what a path names.
"""
