"""Documents, to and from values: Elasticsearch's answers and declarations.

`codec.py` reads and writes TOML and JSON text, within bounds; `table.py` reads the keys of a table, and names the place
of a fault; `facts.py` makes models, aliases, deployments and pipelines of them. Knock at `facts.read`.
"""
