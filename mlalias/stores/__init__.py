"""Where catalogs are kept. Knock at `open_store`, which makes of a location a `Store`.

`directory/` keeps a catalog in TOML files, `cluster/` is a live Elasticsearch; the two do not know each other, and
each is imported only when a location asks for it.
"""

from mlalias.stores.store import Location, Store, locate, open_store, say_if_missing

__all__ = ["Location", "Store", "locate", "open_store", "say_if_missing"]
