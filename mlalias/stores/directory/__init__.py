"""A catalog in a directory of TOML files, and the protocol by which it is changed.

`store.py` reads and changes the catalog, `contents.py` names and parses its files, `current.py` caches the table of
aliases, `lock.py` locks, `atomic.py` syncs and replaces files, and `verify.py` checks the whole catalog. The files:

    aliases.toml             every alias, and the catalog's revision; replacing it is the commit
    models/<model_id>.toml   the facts of one model, with Elasticsearch's keys
    pipelines.toml           each ingest pipeline: the names that it uses, and its body if known
    endpoints.toml           the inference endpoints that run trained models
    fields.toml              the semantic_text fields of indices, and the endpoints that they use
    history.jsonl            one line for each committed change of aliases
    .lock

Each model has its own file, so that `put` reads three files however many models there are, a review shows which model
changed, and comments in a model's file survive every change of aliases. All aliases are in one file, so that replacing
it commits a change of one alias or of a thousand.

A writer holds an exclusive lock from the first read to the last write: on `.lock`, and also on the directory, as
somebody may remove `.lock` while it is held. It never waits for the network or for standard input while it holds the
lock: arguments and input files are read before.

1. Read `aliases.toml`, at revision N. Remove what a writer that died has left behind: temporary files
   (`.NAME.PID.tmp`), a torn last line of the history, and a last entry of revision N+1 if its draft of
   `aliases.toml` still exists. A history that is ahead in any other way means that `aliases.toml` was deleted or
   restored: this is damage, and nothing is changed.
2. Plan the edit. If it is refused, changes nothing, or would write a file too large to be read again, stop here.
3. Write the facts, that is each new or changed model file and the files of the other parts, to temporary files; sync
   them; rename them; sync their directories. A change of facts alone ends here.
4. Write `aliases.toml` of revision N+1 to a temporary file, the draft; sync it and the directory. The draft must be on
   disk before the entry of step 5: it is how step 1 distinguishes a writer that died from a restored `aliases.toml`.
   The directory is opened now for the sync of step 7, so that a failure to open it comes before the commit.
5. Append the entry N+1 to the history; sync it. If the file is new, sync the directory too.
6. Replace `aliases.toml` by the draft. **This is the commit.**
7. Sync the directory. Only then report that the change is made.
8. Remove the files of forgotten models.

After a crash before 6, no alias has changed, and step 1 of the next writer cleans up (facts written in step 3 stay;
running the same command again completes them). After 6, every alias has changed; a disk error before the end of 7 can
still lose the change, but only as a whole. Errors after 6 say that the change is in place. A failed sync is not
repeated, as the system may have dropped the data that it could not write
(https://wiki.postgresql.org/wiki/Fsync_Errors).

A file that is replaced keeps its mode. Where a regular file is expected, links and other kinds of files are refused,
and so is a link in place of the directory `models`: a cloned catalog must not lead to files outside of it. Only the
catalog directory itself may be a link.

A reader takes no lock. It reads `aliases.toml` once, ignores history entries above its revision, and treats a model
without a file as missing. A dry run is a reader.
"""
