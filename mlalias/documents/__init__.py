"""Reads and writes Elasticsearch's answers and mlalias declarations. The entry point is `facts.read`.

`codec.py` reads and writes TOML and JSON text, and limits its size and depth; `table.py` reads the keys of a table and
says where an error is; `facts.py` reads whole answers and declarations, `models.py` models and aliases,
`deployments.py` the deployments of a model, `pipelines.py` ingest pipelines, `endpoints.py` inference endpoints,
`mappings.py` the semantic_text fields of indices, `sources.py` what sends documents through a pipeline. `stats.py`
reads the figures of deployments, and `docs.py` the documents to send to models. `dots.py` and `recognised.py` recognise
common mistakes and say how to correct them.
"""
