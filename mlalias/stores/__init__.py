"""Where catalogs are kept. The entry point is `open_store`, which returns the `Store` at a location.

`directory/` keeps a catalog in TOML files, `cluster/` uses a live Elasticsearch. The two are independent of each other,
and each is imported only when needed. `store.py` finds out which one a location means, `author.py` says who makes a
change and when, `findings.py` has what `verify` finds.
"""

from mlalias.stores.store import Location, Store, locate, open_store, say_if_missing

__all__ = ["Location", "Store", "locate", "open_store", "say_if_missing"]
