"""A live Elasticsearch as a catalog: the server judges a change itself, and what it answers counts.

`access.py` puts together address, credentials and trust; `connection.py` sends requests through the official client;
`cache.py` asks for what is looked at, and for each thing once; `store.py` reads and changes.

How a change is made:

1. The edit is planned on what the cluster says now. Our rules warn and explain; they refuse only what the server cannot
   judge, or what would leave several changes half done.
2. Each change is one request, creations first, then moves, then deletions: a cluster has no transaction, and stopped
   in this order it leaves no alias without a model.
3. At the first error it stops. What was made, what failed and what was not sent is in the receipt. After an answer of
   500 or above, or none at all, it is unknown whether that change was made, and the receipt says so.

No request is sent twice: a change that is repeated could move an alias that somebody else has moved meanwhile.
"""
