"""Writes that are killed, failed and cut off from power, and what must be true of the catalog afterwards."""

import shutil
from pathlib import Path
from typing import NamedTuple

import pytest
from harness import LATE, NEW, OLD

from mlalias.cli.main import main

DECLARED = f"""
[aliases]
flight_delay_model = "{NEW}"
late = "{NEW}"
fresh = "brand-new"
[models.brand-new]
description = "new"
[models.brand-newer]
description = "newer"
"""
FIRST = """
[aliases]
fresh = "brand-new"
[models.brand-new]
description = "new"
[models.brand-newer]
description = "newer"
[pipelines]
reviews = ["fresh"]
"""
FACTS = """
[models.brand-new]
description = "facts alone"
[models.sst-2-draft]
description = "told anew"
[pipelines]
reviews = ["fresh"]
"""
MODEL = """
[models.brand-new]
description = "a model alone"
"""
DOCUMENTS = {"DECLARED": DECLARED, "FIRST": FIRST, "FACTS": FACTS, "MODEL": MODEL}

MOVE = ("put", NEW, "flight_delay_model", "-r")
COMMANDS = {
    "put": MOVE,
    "delete": ("delete", "elser"),
    "apply": ("apply", "DECLARED"),
    "import": ("import", "DECLARED", "-r"),
    "rollback": ("rollback", "flight_delay_model"),
    "forget": ("forget", LATE),
    "a first import": ("import", "FIRST"),
    "facts alone": ("import", "FACTS"),
    "a first model": ("import", "MODEL"),
    "a model without aliases": ("forget", "sst-2-draft"),
    "after a death": MOVE,
}
NAMES = [name if name == "put" else pytest.param(name, marks=pytest.mark.sweep) for name in COMMANDS]


class State(NamedTuple):
    """What a catalog says: aliases, the whole of its facts, and its history."""

    aliases: dict[str, str]
    facts: str
    history: list[dict]


class Scenario:
    """One write on a catalog of its own, below a directory `root` that can be put back to where it began."""

    def __init__(self, name, run, root, sample, elsewhere):
        self.name = name
        self.run, self.root, self.start = run, root, elsewhere / "start"
        first = name in ("a first import", "a first model")
        self.catalog = root / ("share/deep/catalog" if first else "catalog")
        self.target = "brand-new" if first else OLD
        self.words = [self._document(word, elsewhere) for word in COMMANDS[name]]
        root.mkdir()
        if not first:
            shutil.copytree(sample, self.catalog)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("MLALIAS_CATALOG", str(self.catalog))
            self._prepare(name)
        shutil.copytree(root, self.start)

    def _document(self, word, elsewhere):
        if word not in DOCUMENTS:
            return word
        path = elsewhere / f"{word}.toml"
        path.write_text(DOCUMENTS[word])
        return str(path)

    def _prepare(self, name):
        table = self.catalog / "aliases.toml"
        if name == "rollback":
            assert main([*MOVE, "-q"]) == 0
        if name == "after a death":
            before = table.read_bytes()
            assert main(["put", OLD, "of-the-dead", "-q"]) == 0
            table.rename(self.catalog / ".aliases.toml.1.tmp")
            table.write_bytes(before)

    def reset(self):
        """Put the directory back to where it began."""
        shutil.rmtree(self.root)
        shutil.copytree(self.start, self.root)

    def state(self):
        """What the catalog says, as a person sees it."""
        told = self.run("list", "-o", "json").json["aliases"]
        return State(
            {record["model_alias"]: record["model_id"] for record in told},
            self.run("export").out,
            [entry | {"time": ""} for entry in self.run("history", "-o", "json").json["history"]],
        )

    def measure(self):
        """Run the write once, for `before` and `after`."""
        self.before = self.state()
        assert self.run(*self.words).code == 0
        self.after = self.state()
        assert self.after != self.before
        self.reset()

    def check(self):
        """The catalog is whole, before or after; and the next writes leave nothing over. Tells the state it was in."""
        verified = self.run("verify", "-o", "json")
        if verified.code == 4:  # it died before there was a catalog
            assert verified.json["error"]["rule"] == "no_catalog"
        else:
            assert (verified.code, verified.json["faults"]) == (0, [])
        now = self.state()
        assert now.aliases in (self.before.aliases, self.after.aliases)
        assert now.history in (self.before.history, self.after.history)
        assert (now.aliases == self.after.aliases) or now.history == self.before.history
        if now.facts != self.after.facts:
            again = self.run(*self.words)
            assert again.code == 0, again.err
            assert self.state() == self.after
        assert self.run("put", self.target, "another").code == 0
        assert not list(Path(self.catalog).rglob("*.tmp"))
        assert self.run("verify").code == 0
        return now
