"""The history of a cluster: an entry for each change, where every mlalias finds it.

`documents.py` has the index and what its documents look like, `log.py` reads and writes them, `lease.py` is the right
to change aliases while an entry is begun, `entries.py` reads the entries in pages, `setup.py` makes and checks the
index, `faults.py` says what stands in the way. The protocol is the docstring of `mlalias.stores.cluster`.
"""
