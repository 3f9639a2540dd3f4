"""Every change of a catalog: each edit is a pure function from a catalog to a plan.

`aliases.py` has put, delete and rollback; `declared.py` apply; `imported.py` import; `models.py` forget, and what REST
does to models, deployments and pipelines. A store carries an edit out, and is the only one that does.
"""
