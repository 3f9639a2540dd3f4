"""All ways to change a catalog; each edit is a pure function from a catalog to a plan, which a store carries out.

`aliases.py` has put, delete and rollback; `declared.py` apply; `imported.py` import; `models.py` forget, and the edits
of models that REST requests make; `deployments.py` and `pipelines.py` those of deployments and ingest pipelines.
"""
