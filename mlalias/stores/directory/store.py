"""The store that keeps a catalog in a directory of TOML files; replacing `aliases.toml` is the commit."""

import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from mlalias.core.catalog import Catalog, Entry
from mlalias.core.history import to_line
from mlalias.documents.models import to_model_document
from mlalias.documents.pipelines import to_tables
from mlalias.environment import LOCK_TIMEOUT
from mlalias.errors import Committed, Damaged, os_text
from mlalias.interrupts import held
from mlalias.progress import Advance, unseen
from mlalias.stores.author import actor, now
from mlalias.stores.directory import atomic
from mlalias.stores.directory.contents import (
    ENDPOINTS,
    FIELDS,
    FORMAT,
    HISTORY,
    LOCK,
    MODELS,
    PIPELINES,
    TABLE,
    VERIFY,
    AliasFile,
    HistoryFile,
    ModelFiles,
    PipelineFile,
    abandoned,
    encoded,
    endpoint_file,
    field_file,
    file_name,
    read_entry,
    read_table,
    table_behind,
)
from mlalias.stores.directory.current import CurrentTable
from mlalias.stores.directory.lock import locked, shared

if TYPE_CHECKING:
    from mlalias.core.plan import Edit, Plan, Receipt
    from mlalias.stores.findings import Findings

Progress = Callable[[str], AbstractContextManager[Advance]]


class DirectoryStore:
    """A catalog in a directory; a directory that does not exist is an empty catalog, created by the first write.

    `on_wait` is called after a second of waiting for another writer; `progress` shows the progress of long work.
    """

    def __init__(
        self, path: Path, on_wait: Callable[[], None] = lambda: None, progress: Progress = lambda _: nullcontext(unseen)
    ) -> None:
        self.path = path
        self._current = CurrentTable(path / TABLE)
        self._on_wait = on_wait
        self._progress = progress

    def read(self) -> Catalog:
        """The catalog as it is now, read without a lock; raises Damaged."""
        return self._catalog(self._current.read() or self._table())

    def verify(self) -> "Findings":
        """Check every file, and how they agree."""
        from mlalias.stores.directory.verify import verify

        return verify(self.path)

    def init(self) -> bool:
        """Create an empty catalog; False if there is one already. Raises Busy, Damaged, OSError."""
        self._create()
        with shared(self.path), locked(self.path / LOCK, LOCK_TIMEOUT.read(), self._on_wait):
            if self._recover().document:
                return False
            table = self.path / TABLE
            empty = encoded({"format": FORMAT, "revision": 0, "aliases": {}}, table)
            atomic.replace_all(atomic.draft_all({table: empty}, self.path))
            return True

    def change(self, edit: "Edit", command: str, message: str | None = None) -> "Receipt":
        """Carry out an edit under the lock, unless its plan is refused or empty.

        Raises Busy, Damaged, OSError, and Committed if something fails after the commit.
        """
        from mlalias.core.plan import Receipt

        timeout, moment, author = LOCK_TIMEOUT.read(), now(), actor()
        if not atomic.is_plain(self.path / LOCK):  # a refused or empty plan must not create the lock file either
            plan = edit(self.read())
            if plan.errors or plan.empty:
                return Receipt.of(plan, plan.before.revision)
            self._create()
        with shared(self.path), locked(self.path / LOCK, timeout, self._on_wait):
            table = self._recover()  # step 1
            with self._progress("reading models") as advance:
                plan = edit(self._catalog(table, advance))  # step 2
            if plan.errors or plan.empty:
                return Receipt.of(plan, table.revision)
            facts, after = self._facts(plan), self._table_after(plan, table)
            drafts = self._draft_facts(facts)  # step 3
            with held():  # before this, Ctrl-C leaves nothing behind; from here on, it waits until all is written
                atomic.replace_all(drafts)
                if not plan.moves:
                    self._forget(plan)
                    return Receipt.of(plan, table.revision)
                entry = Entry(table.revision + 1, moment, author, command, message, plan.moves, plan.undoes)
                self._commit(plan, after, entry)
                return Receipt.of(plan, entry.revision)

    def _table(self) -> AliasFile:
        table = read_table(self.path / TABLE)
        if table is not None:
            return table
        last = self._last_entry()
        first_died = abandoned(self.path, None, last)
        table = read_table(self.path / TABLE)  # again, as the first commit may have happened in between
        if table is None and last is not None and not first_died:
            raise self._history_ahead(None, last)
        return table or AliasFile(0, {}, {})

    def _catalog(self, table: AliasFile, advance: Advance = unseen) -> Catalog:
        return Catalog(
            table.aliases,
            ModelFiles(self.path / MODELS, advance).mapping(),
            PipelineFile(self.path / PIPELINES).mapping(),
            HistoryFile(self.path / HISTORY, table.revision),
            table.revision,
            pipelines_known=os.path.lexists(self.path / PIPELINES),
            endpoints=endpoint_file(self.path).mapping(),
            fields=field_file(self.path).mapping(),
        )

    def _last_entry(self) -> Entry | None:
        """The last complete entry of the history, None if there is none."""
        path = self.path / HISTORY
        if not atomic.is_plain(path):
            return None
        _, line = atomic.last_line(path)
        if line.endswith(b"\n"):
            return read_entry(line, path)
        return next(reversed(HistoryFile(path)), None)

    def _history_ahead(self, table: AliasFile | None, last: Entry) -> Damaged:
        return Damaged(table_behind(self.path / TABLE, table, last.revision), VERIFY)

    # --- writing ---

    def _create(self) -> None:
        """Create the directory, private to the user, and sync it into its parents, which are created as needed."""
        missing = [path for path in (self.path, *self.path.parents) if not path.is_dir()]
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in missing:
            atomic.sync_directory(path.parent)

    def _recover(self) -> AliasFile:
        """Remove what a writer that died has left behind: a torn line, an entry that was not committed, drafts.

        Raises Damaged, without changing anything, if the history and the table disagree in any other way.
        """
        table = self._table()
        left = atomic.leftovers(self.path)
        history = self.path / HISTORY
        last = self._last_entry()
        torn, known = atomic.torn(history), last.revision if last else 0
        if last is not None and known > table.revision and not abandoned(self.path, table, last):
            raise self._history_ahead(table if atomic.is_plain(self.path / TABLE) else None, last)
        if torn and known < table.revision:
            raise Damaged(f"'{history}' is torn at a change that was committed", VERIFY)
        if torn:
            atomic.cut_last_line(history)
        if known > table.revision:
            atomic.cut_last_line(history)
        atomic.remove(left)
        return table

    def _facts(self, plan: "Plan") -> Mapping[Path, bytes]:
        """The paths and contents of the files of models, pipelines, endpoints and fields to write."""
        contents = {}
        for model_id, model in plan.models.items():
            path = self.path / MODELS / file_name(model_id)
            contents[path] = encoded(to_model_document(model), path)
        if plan.pipelines is not None:
            path = self.path / PIPELINES
            contents[path] = encoded(PipelineFile(path).document | to_tables(plan.pipelines), path)
        if plan.endpoints is not None:
            from mlalias.documents import endpoints

            path = self.path / ENDPOINTS
            document = endpoint_file(self.path).document | endpoints.to_tables(plan.endpoints)
            contents[path] = encoded(document, path)
        if plan.fields is not None:
            from mlalias.documents import mappings

            path = self.path / FIELDS
            contents[path] = encoded(field_file(self.path).document | mappings.to_tables(plan.fields), path)
        return contents

    def _table_after(self, plan: "Plan", table: AliasFile) -> bytes:
        """The contents of `aliases.toml` at the next revision."""
        document = table.document | {"format": FORMAT, "revision": table.revision + 1, "aliases": plan.aliases}
        return encoded(document, self.path / TABLE)

    def _draft_facts(self, contents: Mapping[Path, bytes]) -> Mapping[Path, Path]:
        """Write the drafts of facts; returns each draft with the file that it will replace."""
        models = self.path / MODELS
        if not atomic.is_directory(models) and any(path.parent == models for path in contents):
            models.mkdir()
            atomic.sync_directory(self.path)
        if not contents:
            return {}
        with self._progress("writing models") as advance:
            return atomic.draft_all(contents, self.path, advance)

    def _commit(self, plan: "Plan", after: bytes, entry: Entry) -> None:
        """Draft the new table, append the entry, and replace the table by the draft, which is the commit.

        An OSError before the commit removes the draft and the entry. A process that is killed or interrupted leaves
        them to the next writer, as it cannot know whether the commit was made.
        """
        target, history = self.path / TABLE, self.path / HISTORY
        draft = atomic.temporary(target, self.path)
        directory = atomic.open_directory(self.path)
        try:
            self._draft(draft, after)  # step 4
            before = history.stat().st_size if atomic.is_plain(history) else 0
            try:
                atomic.append(history, to_line(entry).encode())  # step 5
                draft.replace(target)  # step 6: the commit
            except OSError:
                if atomic.is_plain(history):
                    atomic.truncate(history, before)
                atomic.remove([draft])
                raise
            try:
                atomic.sync(directory)  # step 7
                self._forget(plan)  # step 8
            except OSError as error:
                raise Committed(f"the change is in place (revision {entry.revision}), but {os_text(error)}") from error
        finally:
            atomic.close(directory)

    def _draft(self, draft: Path, data: bytes) -> None:
        """Write the draft and sync the directory; the draft must be on disk before the entry of the history."""
        try:
            atomic.write_new(draft, data, replaces=self.path / TABLE)
            atomic.sync_directory(self.path)
        except OSError:
            atomic.remove([draft])
            raise

    def _forget(self, plan: "Plan") -> None:
        """Remove the files of forgotten models; raises Committed if only the sync fails."""
        if not plan.forgotten:
            return
        for model_id in plan.forgotten:
            (self.path / MODELS / file_name(model_id)).unlink(missing_ok=True)
        try:
            atomic.sync_directory(self.path / MODELS)
        except OSError as error:
            raise Committed(f"the change is in place, but {os_text(error)}") from error
