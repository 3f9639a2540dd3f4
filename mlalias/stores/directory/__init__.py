"""A catalog in a directory of TOML files, and the protocol by which it changes.

`store.py` reads and changes, `contents.py` names the files and reads them, `current.py` keeps the table of aliases
for who reads it often, `lock.py` locks, `atomic.py` syncs and replaces, and `verify.py` checks a catalog at rest. The
files:

    aliases.toml             every alias, and the catalog's revision; replacing it is the commit
    models/<model_id>.toml   the facts of one model, in Elasticsearch's own keys
    pipelines.toml           each ingest pipeline: the names that it uses, and all of it where that is known
    endpoints.toml           the inference endpoints that run trained models
    fields.toml              the semantic_text fields of indices, and the endpoints that they use
    history.jsonl            one line for each committed change of aliases
    .lock

It is many files so that a `put` reads three of them whatever the number of models, a review shows which model changed,
and a comment in a model's file survives every change of aliases. All aliases are in one file so that replacing it makes
a change happen, for one alias or a thousand.

A writer holds an exclusive lock from the first read to the last write: on `.lock`, and, as somebody may remove that
file while it is held, on the directory. It never waits for the network or for standard
input while it holds it: arguments and files are read before.

1. Read `aliases.toml`, at revision N. Remove what a writer that died left behind: temporary files
   (`.NAME.PID.tmp`), a torn last line of the history, and a last entry of revision N+1 if its draft of
   `aliases.toml` is there, too. A history that is ahead in any other way means that `aliases.toml` was deleted or
   restored: it is damaged, and nothing is touched.
2. Plan the edit. Refused, or no difference: nothing is written. So too if one of the files to be written would be too
   large to be read again.
3. Write the facts: each new or changed model file, and the files of the other parts, to a temporary file; sync them;
   rename them; sync their directories. A change of facts alone ends here.
4. Write `aliases.toml` of revision N+1 to a temporary file, the draft; sync it, and the directory, as the draft must
   outlast the entry of step 5: it tells a writer that died from a table that was restored. The directory is opened now
   for the sync of step 7, as what can fail should fail before the commit.
5. Append the entry N+1 to the history; sync it. If the file is new, sync the directory too.
6. Replace `aliases.toml` by the draft. **This is the commit.**
7. Sync the directory. Only then say that the change is made.
8. Remove the files of forgotten models.

What a crash leaves, by the step that it follows: before 6 no alias has changed, and the next writer's step 1 removes
the rest (facts of step 3 stay; the same command finishes them). After 6 every alias has changed, and only an error of
the disk before 7 has ended can lose the whole change, never a part of it. An error after 6 says that the change is in
place. A sync that failed is not tried again: the system may have dropped the data that it could not write
(https://wiki.postgresql.org/wiki/Fsync_Errors).

A file that is replaced keeps its mode. A link, or anything else that is not a regular file, is refused in the place of
any file, and so is a link in the place of `models`: a catalog that was cloned must not lead out of itself. Only the
catalog as a whole may be a link.

A reader takes no lock. It reads `aliases.toml` once, ignores entries above its revision, and takes a model file that is
not there for a missing model. A dry run is a reader.
"""
