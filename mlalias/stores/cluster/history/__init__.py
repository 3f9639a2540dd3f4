"""The history of a cluster: an index with an entry for each change, shared by everybody who uses mlalias on it.

`documents.py` defines the documents, `index.py` reads and writes them, `log.py` finds the newest entry and begins the
next one, `lease.py` renews and closes a begun entry, `recording.py` closes it after a change, `entries.py` reads
entries in pages, `setup.py` creates the index, and `faults.py` has the errors. The docstring of
`mlalias.stores.cluster` describes the protocol.
"""
