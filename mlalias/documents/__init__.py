"""Elasticsearch's answers and declarations, to and from values. The door is `facts.read`.

`codec.py` reads and writes TOML and JSON text, within bounds; `table.py` reads the keys of a table, and names the place
of a fault; `facts.py` makes models, aliases and pipelines of them, and `deployments.py` the deployments of a model.
`stats.py` reads the figures of deployments, and `docs.py` documents to ask models for.
`dots.py` and `recognised.py` know what people pass in by mistake, and say what to do about it.
"""
