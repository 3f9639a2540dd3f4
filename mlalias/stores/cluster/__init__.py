"""A live Elasticsearch as a catalog: the server judges a change itself, and what it answers counts.

`access.py` puts together address, credentials and trust; `connection.py` sends requests through the official client;
`cache.py` asks for what is looked at, and for each thing once; `store.py` reads and changes; `history/` keeps a history
where `init` has made one; `verify.py` holds it against what the cluster has.

How a change is made. Steps 1, 3, 4 and 6 are left out on a cluster without a history, or with `--no-history`.

1. Look for the newest entry of the history. Nothing under its name: there is none. If the key may not read it, whether
   there is one is unknown, and the change is made without. An entry that is `begun` is waited for, see below.
2. Plan the edit on what the cluster says now. Our rules warn and explain; they refuse only what the server cannot
   judge, or what would leave several changes half done. Refused, or no difference: nothing is sent.
3. Create the entry N+1, `begun`, with the planned changes, by `op_type=create`. If another writer has made it, 409, go
   back to 1: what it changed is not in our plan. So changes made with mlalias are ordered, and `--if-current` holds
   among them. A `void` entry N is written over instead, by `if_seq_no`: nothing was changed under its revision.
4. Before each change, renew the lease of the entry, by `if_seq_no`, unless it is less than a second old.
5. Send the change: one request, creations first, then moves, then deletions. A cluster has no transaction, and stopped
   in this order it leaves no alias without a model. At the first error it stops.
6. Close the entry, by `if_seq_no`: `done`, `stopped` with the changes that were made, or `void` if none was. After an
   error that leaves it unknown whether a change was made, the entry stays `begun`, with a short lease.

What a crash leaves, by the step that it follows: after 1 and 2, nothing. After 3 and 4, an entry that is begun, and
no change. After 5, one that is begun, and changes. After 6, a change and its entry. Whoever finds an entry begun waits
while its writer renews it. One that has stood unchanged for its whole lease, by the finder's own clock, has lost its
writer: the finder closes it as `seen`, with those changes that the aliases now show, or as `void`. No clock of another
machine is ever compared. A lease is two seconds longer than the time-out of a request, and nothing is sent once it is
over, so that what a lost writer has sent has ended by then. A writer that is stopped between its last look at the clock
and the request can still be late: its change then shows as one from outside.

Changes from outside, made without mlalias, show as such: the alias is not what its last entry says.

Every write to the history has `require_alias=true` (a history that was deleted is then 404, and not made anew, by the
write, as a lax index) and a `timeout` a second shorter than the request's own (a lost primary is then a definite 503;
by default the server waits a minute). No change is ever sent twice: repeated, it could move an alias that somebody else
has moved meanwhile.
"""
