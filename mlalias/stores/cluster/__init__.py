"""A live Elasticsearch as a catalog; the server checks every change itself and has the last word.

`access.py` collects address, credentials and certificates; `connection.py` sends requests through the official client;
`cache.py` reads models and aliases on demand, each once, with `expressions.py` for its requests and `answers.py` for
the answers; `parts.py` reads pipelines, endpoints and what else uses models; `sending.py` sends changes and reports
which were made; `history/` keeps a history if `init` has created one; `store.py` plans a change, records and sends it;
`verify.py` compares the history with the cluster. `inference.py` sends documents to models and reads their figures;
`rollout.py` uses it to check a move that it makes.

How a change is made. Steps 1, 3, 4 and 6 are skipped on a cluster without a history, and with `--no-history`.

1. Look for the newest entry of the history. If nothing has the history's name, there is no history. If the key may not
   read it, it is unknown whether there is one, and the change is made without it.
2. Plan the edit on the current state of the cluster. Our rules warn and explain. They refuse invalid names, and several
   changes if one of them would be refused; anything else that they refuse is sent anyway, as the server may know
   better. If the plan is refused or changes nothing, nothing is sent.
3. Create entry N+1, `begun`, with the planned changes, by an external version of 1, which fails with 409 if another
   writer has created it. In that case go back to 1, as its changes are not in our plan. So changes made with mlalias
   are ordered, and `--if-current` is reliable among them. If entry N is `void`, it is overwritten instead, by
   `if_seq_no`, as it changed nothing.
4. Before each change, renew the lease of the entry, by `if_seq_no`, unless it is less than a second old.
5. Send the change, one request for each alias: creations first, then moves, then deletions. A cluster has no
   transactions; in this order, stopping early leaves no alias without a model. Stop at the first error. The receipt
   says which changes were made, which one failed, and which were not sent. After 408, after 500 or above, and if the
   answer is missing or not Elasticsearch's, it is unknown whether the change was made, and the receipt says so.
6. Close the entry, by `if_seq_no`: `done`, `stopped` with the changes that were made, or `void` if none was. If it is
   unknown whether a change was made, the entry stays `begun`.

A crash after step 1 or 2 leaves nothing; after 3 or 4, a begun entry, and none or only the first of its changes; after
5, a begun entry and the changes; after 6, the changes and their entry.

A begun entry is a lock. Other writers wait while its writer renews it. If the entry has not changed for its whole
lease, by the clock of the writer that waits, its own writer is considered lost: the waiting writer closes the entry, by
`if_seq_no`, as `seen` with those of its changes that the aliases now show, or as `void` if they show none. Clocks of
different machines are never compared. A lease is two seconds longer than the timeout of a request, and its writer
counts it from before the request that created or renewed it. No request is sent that could outlast the lease, so the
requests of a lost writer have ended when its entry is closed. There are two exceptions: a server may carry out a
request after the client has given up on it, and a process may be suspended between its last look at the clock and the
request. Such a change is reported as one made without mlalias: the alias does not name what its last entry says.

Every write to the history has `require_alias=true`, so that after the history was deleted it fails with 404 instead of
creating an index without our mapping, and a `timeout` one second shorter than that of the request, so that a lost
primary is a definite 503 (by default the server waits a minute).

A change is sent only once: repeated, it could move an alias that somebody else has moved meanwhile. The same holds for
a write to the history. A read is repeated for a few seconds while the server is busy (429, 502, 503, 504).

What a key may not read is unknown, and never treated as absent: deployments without `monitor_ml`, pipelines without
`read_pipeline`, the history without `read`.
"""
