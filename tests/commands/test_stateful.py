"""A catalog does what a plain dictionary with a stack of changes for every alias would do."""

import shutil
import tempfile
from pathlib import Path

import pytest
from harness import contents
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from mlalias.core.history import replay
from mlalias.stores.directory.contents import HistoryFile

ALIASES = ["a", "b", "c.d", "e-f"]
MODELS = [f"m{i}" for i in range(5)]
KINDS = {model: "regression" if i < 3 else "ner" for i, model in enumerate(MODELS)}
aliases = st.sampled_from(ALIASES)
models = st.sampled_from(MODELS)
targets = st.dictionaries(aliases, models, max_size=3)


def declaration(named, found=()):
    lines = ["[aliases]", *(f'"{alias}" = "{model}"' for alias, model in named.items())]
    for model in found:
        lines += [f"[models.{model}]", f"inference_config.{KINDS[model]} = {{}}"]
    return "\n".join(lines) + "\n"


class CatalogMachine(RuleBasedStateMachine):
    run = None

    def __init__(self):
        super().__init__()
        self.home = Path(tempfile.mkdtemp())
        self.catalog = self.home / "catalog"
        self.named = {}
        self.known = set()
        self.revision = 0
        self.stacks = {}  # alias -> the changes that can be undone: (revision, what it named before)

    def teardown(self):
        shutil.rmtree(self.home)

    # --- what a change does to the plain dictionary ---

    def movable(self, alias, model):
        old = self.named.get(alias)
        return model in self.known and (old not in self.known or KINDS[old] == KINDS[model])

    def commit(self, after, undoing=None):
        """Push every change on the stack of its alias; `undoing` pops instead."""
        if after == self.named:
            return
        self.revision += 1
        for alias in sorted({*after, *self.named}):
            if after.get(alias) != self.named.get(alias) and undoing is None:
                self.stacks.setdefault(alias, []).append((self.revision, self.named.get(alias)))
        if undoing:
            alias, count = undoing
            del self.stacks[alias][len(self.stacks[alias]) - count :]
        self.named = after

    def command(self, code, *words):
        before = contents(self.catalog) if self.catalog.exists() else {}
        ran = self.run(*words, "--catalog", self.catalog)
        assert ran.code == code, (words, ran)
        if code:
            assert (contents(self.catalog) if self.catalog.exists() else {}) == before
        return ran

    def file(self, text):
        path = self.home / "file.toml"
        path.write_text(text)
        return path

    # --- the commands ---

    @rule(found=st.sets(models, min_size=1), named=targets, reassign=st.booleans())
    def imports(self, found, named, reassign):
        moved = [alias for alias, model in named.items() if self.named.get(alias, model) != model]
        text = self.file(declaration(named, sorted(found)))
        if moved and not reassign:
            self.command(3, "import", text)
        else:
            self.command(0, "import", text, *(["-r"] if reassign else []))
            self.known |= found
            self.commit(self.named | named)

    @rule(alias=aliases, model=models, reassign=st.booleans())
    def put(self, alias, model, reassign):
        if alias in self.named and not reassign:
            self.command(3, "put", model, alias)
        elif model not in self.known:
            self.command(4, "put", model, alias, "-r")
        elif not self.movable(alias, model):
            self.command(3, "put", model, alias, "-r")
        else:
            self.command(0, "put", model, alias, "-r")
            self.commit(self.named | {alias: model})

    @rule(alias=aliases)
    def delete(self, alias):
        self.command(0 if alias in self.named else 4, "delete", alias)
        self.commit({name: model for name, model in self.named.items() if name != alias})

    @rule(named=targets, found=st.sets(models), prune=st.booleans())
    def apply(self, named, found, prune):
        text = self.file(declaration(named, sorted(found)))
        if prune and not named and self.named:
            self.command(3, "apply", text, "--prune")
            return
        known, self.known = self.known, self.known | found
        changed = {alias: model for alias, model in named.items() if self.named.get(alias) != model}
        if all(self.movable(alias, model) for alias, model in changed.items()):
            self.command(0, "apply", text, *(["--prune"] if prune else []))
            self.commit(named if prune else self.named | named)
        else:
            self.known = known
            ran = self.run("apply", text, "--catalog", self.catalog)
            assert ran.code in (3, 4)

    @rule(model=models)
    def forget(self, model):
        self.command(0 if model in self.known else 4, "forget", model)
        if model in self.known:
            self.known.discard(model)
            self.commit({alias: target for alias, target in self.named.items() if target != model})

    @rule(alias=aliases, delete=st.booleans())
    def rollback(self, alias, delete):
        words = ["rollback", alias, *(["--delete"] if delete else [])]
        if alias not in self.stacks:
            self.command(4, *words)
        elif not self.stacks[alias]:
            self.command(3, *words)
        else:
            _, before = self.stacks[alias][-1]
            self.go_back(alias, before, 1, delete, words)

    @precondition(lambda self: self.stacks)
    @rule(data=st.data())
    def rollback_to(self, data):
        alias = data.draw(st.sampled_from(sorted(self.stacks)))
        stack = self.stacks[alias]
        if not stack:
            return
        index = data.draw(st.integers(0, len(stack) - 1))
        revision, before = stack[index]
        words = ["rollback", alias, "--to", str(revision - 1), "--delete"]
        if self.named.get(alias) == before:
            self.command(0, *words)
        else:
            self.go_back(alias, before, len(stack) - index, True, words)

    def go_back(self, alias, before, count, delete, words):
        without = {name: model for name, model in self.named.items() if name != alias}
        if before is None:
            self.command(0 if delete else 3, *words)
            if delete:
                self.commit(without, undoing=(alias, count))
        elif before not in self.known:
            self.command(4, *words)
        elif not self.movable(alias, before):
            self.command(3, *words)
        else:
            self.command(0, *words)
            self.commit(without | {alias: before}, undoing=(alias, count))

    # --- what always holds ---

    @invariant()
    def files_history_and_resolve_agree(self):
        listed = self.run("list", "--catalog", self.catalog, "-o", "json").json["aliases"]
        assert {one["model_alias"]: one["model_id"] for one in listed} == self.named
        assert {one["model_alias"] for one in listed if one["dangling"]} == {
            alias for alias, model in self.named.items() if model not in self.known
        }
        entries = HistoryFile(self.catalog / "history.jsonl")
        assert replay(entries) == self.named
        assert [entry.revision for entry in entries] == list(range(1, self.revision + 1))
        for alias, model in self.named.items():
            ran = self.run("resolve", alias, "--catalog", self.catalog)
            assert (ran.code, ran.out) == ((0, f"{model}\n") if model in self.known else (4, ""))
        dangling = not set(self.named.values()) <= self.known
        whole = 0 if self.catalog.exists() else 4
        assert self.run("verify", "--catalog", self.catalog).code == (7 if dangling else whole)


def test_catalog_against_dictionaries(run):
    CatalogMachine.run = staticmethod(run)
    run_state_machine_as_test(
        CatalogMachine,
        settings=settings(
            max_examples=20, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


@pytest.fixture(autouse=True)
def _forget_run():
    yield
    CatalogMachine.run = None
