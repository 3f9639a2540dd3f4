"""The manual: a page of Markdown for each topic, and a JSON Schema for each document that `-o json` prints.

`terminal.py` renders a page in colour, `man.py` makes one man page of everything. Pages are plain text as they are,
80 columns wide. A new page is a file here and a line in `TOPICS`; the first line of a page is its title.
"""

import re
from pathlib import Path

TOPICS = ("rules", "catalog", "declaration", "json", "exit-codes", "environment", "cluster", "serve", "python")
_HERE = Path(__file__).parent


def page(topic: str) -> str:
    """The page of a topic, as Markdown."""
    return (_HERE / f"{topic}.md").read_text("utf-8")


def title(topic: str) -> str:
    """What a page is about, in a few words."""
    with (_HERE / f"{topic}.md").open(encoding="utf-8") as file:
        return file.readline().removeprefix("# ").strip()


def rule(rule_id: str) -> str | None:
    """The section about one rule, if there is such a rule."""
    found = re.search(rf"^## {re.escape(rule_id)}\n.*?(?=^#|\Z)", page("rules"), re.MULTILINE | re.DOTALL)
    return found[0].rstrip() + "\n" if found else None


def schemas() -> tuple[str, ...]:
    """The names of the JSON Schemas."""
    return tuple(sorted(path.name for path in (_HERE / "schemas").glob("*.json")))


def schema(name: str) -> str:
    """A JSON Schema, by one of those names."""
    return (_HERE / "schemas" / name).read_text("utf-8")
