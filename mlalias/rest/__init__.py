"""A catalog behind Elasticsearch's REST routes, for its official clients and for tests; `serve` is the door.

`listen.py` has the socket and the signals, `log.py` the log, `access.py` says who may ask. `app.py` takes a request to
an answer, whatever goes wrong; `media.py`, `request.py`, `json_body.py`, `filters.py` and `answers.py` are how
Elasticsearch speaks HTTP. `routes.py` lists the routes, and there is a module for each kind of thing: `aliases.py`,
`models.py` (with `put_model.py`, `inference_config.py`, `fields.py`, `packages.py`), `deployments.py` (with `stats.py`
and `sizes.py`), `pipelines.py`; `find.py` says what a path stands for.
"""
