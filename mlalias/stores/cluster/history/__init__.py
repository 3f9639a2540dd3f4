"""The history of a cluster: an entry for each change, where every mlalias finds it.

`documents.py` has what the documents look like, `index.py` reads and writes them, `log.py` knows which entry is the
newest and whose turn it is, `lease.py` is the right to change aliases while an entry is begun, `recording.py` closes
it, `entries.py` reads entries in pages, `setup.py` makes the index, `faults.py` says what stands in the way. The
protocol is the docstring of `mlalias.stores.cluster`.
"""
