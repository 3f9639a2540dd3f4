"""A live Elasticsearch as a catalog: the server judges a change itself, and its answer counts.

`access.py` puts together address, credentials and certificates; `connection.py` sends requests through the official
client; `cache.py` reads what is looked at, and each thing once, with `expressions.py` for its requests and `answers.py`
for what comes back; `sending.py` sends changes, and tells how far it came; `history/` keeps a history where `init` has
made one; `store.py` plans a change and has it recorded and sent; `verify.py` holds the history against the cluster.
`inference.py` asks models for documents and reads their figures; `rollout.py` makes a move that is checked by that.

How a change is made. Steps 1, 3, 4 and 6 are left out on a cluster without a history, or with `--no-history`.

1. Look for the newest entry of the history. Nothing under its name: there is none. If the key may not read it, whether
   there is one is unknown, and the change is made without.
2. The edit is planned on what the cluster answers now. Our rules warn and explain. They refuse what is no name, and
   several changes of which one would be refused; what else they refuse is sent, as the server may know better.
   Refused, or no difference: nothing is sent.
3. Create entry N+1, `begun`, with the planned changes, by `op_type=create`. If another writer has made it, 409, go back
   to 1: what it changed is not in our plan. So changes made with mlalias are ordered, and `--if-current` holds among
   them. A `void` entry N is written over instead, by `if_seq_no`: nothing was changed under its revision.
4. Before each change, renew the lease of the entry, by `if_seq_no`, unless it is less than a second old.
5. Send the change, one request: creations first, then moves, then deletions. A cluster has no transaction, and stopped
   in this order it leaves no alias without a model. At the first error it stops. The receipt says which changes were
   made, which one failed, and which were not sent. After 408, after 500 or above, and where the answer is missing or
   not Elasticsearch's, it is unknown whether the change was made, and the receipt says so.
6. Close the entry, by `if_seq_no`: `done`, `stopped` with the changes that were made, or `void` if none was. Where it
   is unknown whether a change was made, the entry stays `begun`.

What a crash leaves, by the step that it follows. After 1 and 2: nothing. After 3 and 4: an entry that is begun, and no
change or the first of several. After 5: an entry that is begun, and changes. After 6: changes, and their entry.

An entry that is begun is a lock. Whoever finds one waits while its writer renews it. One that has stood unchanged for
its whole lease, by the finder's own clock, has lost its writer: the finder closes it, by `if_seq_no`, as `seen` with
those of its changes that the aliases now show, or as `void` if they show none. No clock of another machine is ever
compared. A lease is two seconds longer than the time-out of a request, and is counted by its writer from before the
request that made or renewed it. Nothing is sent that could outlast it, so what a lost writer has sent has ended by the
time that its entry is closed; but a server may carry out later what it no longer answers, and a process may be stopped
between its last look at the clock and the request. Such a change shows as one from outside.

Changes from outside, made without mlalias, show as such: the alias is not what its last entry says.

Every write to the history has `require_alias=true` (a history that was deleted is then 404, and not made anew, as a lax
index, by the write) and a `timeout` a second shorter than the request's own (a lost primary is then a definite 503; by
default the server waits a minute).

A change is sent once: repeated, it could move an alias that somebody else has moved meanwhile. So is a write to the
history. A read is repeated for a few seconds while the server is busy (429, 502, 503, 504).

What a key may not read is unknown, and is never taken for none: deployments without `monitor_ml`, pipelines without
`read_pipeline`, the history without `read`.
"""
