"""A live Elasticsearch as a catalog: the server judges a change itself, and its answer counts.

`access.py` puts together address, credentials and certificates; `connection.py` sends requests through the official
client; `cache.py` reads what is looked at, and each thing once, with `expressions.py` for its requests and `answers.py`
for what comes back; `sending.py` sends changes, and tells how far it came; `store.py` plans a change and has it sent.

How a change is made:

1. The edit is planned on what the cluster answers now. Our rules warn and explain. They refuse what is no name, and
   several changes of which one would be refused; what else they refuse is sent, as the server may know better.
2. Each change is one request: creations first, then moves, then deletions. A cluster has no transaction, and stopped
   in this order it leaves no alias without a model.
3. At the first error it stops. The receipt says which changes were made, which one failed, and which were not sent.
   After 408, after 500 or above, and where the answer is missing or not Elasticsearch's, it is unknown whether the
   change was made, and the receipt says so.

A change is sent once: repeated, it could move an alias that somebody else has moved meanwhile. A read is repeated for
a few seconds while the server is busy (429, 502, 503, 504).

What a key may not read is unknown, and is never taken for none: deployments without `monitor_ml`, pipelines without
`read_pipeline`.
"""
