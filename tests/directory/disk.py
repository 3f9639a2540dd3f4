"""A disk that loses power: what unsynced data and names may have become when it is back.

It promises no more than POSIX does: a file's sync is for its data alone, a directory's for the names in it, and what
is not synced may be there, or not, in any combination. A rename within a directory is whole or not at all.
"""

import os
from itertools import combinations, product
from pathlib import Path

MOST_SUBSETS = 6


class File:
    """Data: what was synced, and what was written since."""

    def __init__(self, data=b"", *, synced=False):
        self.now = data
        self.synced = data if synced else b""

    def sync(self):
        self.synced = self.now

    def trees(self, path):
        """What is there after a power cut: the old data, all of the new, half of it, or zeros in its place."""
        new = self.now[len(self.synced) :]
        found = {self.synced, self.now, self.synced + new[: len(new) // 2], self.synced + bytes(len(new))}
        return [{path: data} for data in sorted(found)]


class Directory:
    """Names: those that were synced, and steps since, each a few names and what they stand for from then on."""

    def __init__(self):
        self.now, self.synced, self.steps = {}, {}, []

    def step(self, names):
        self.steps.append(names)
        self.now = _after(self.now, names)

    def sync(self):
        self.synced, self.steps = self.now, []

    def trees(self, path):
        """What is there after a power cut: every subset of the steps; of many, all but a few and a few of all."""
        for steps in _subsets(self.steps):
            names = self.synced
            for step in steps:
                names = _after(names, step)
            below = [
                list(node.trees(f"{path}{name}{'/' * isinstance(node, Directory)}")) for name, node in names.items()
            ]
            for parts in product(*below):
                yield {path: None} | {key: data for part in parts for key, data in part.items()}


def _after(names, step):
    return {name: node for name, node in (names | step).items() if node is not None}


def _subsets(steps):
    if len(steps) <= MOST_SUBSETS:
        for count in range(len(steps) + 1):
            yield from combinations(steps, count)
        return
    for place in range(len(steps) + 1):
        yield steps[:place]
        yield steps[:place] + steps[place + 1 :]
        yield steps[place : place + 1]


class Disk:
    """A tree of files that system calls change and sync; `root` is where it stood when they were recorded."""

    def __init__(self, start, root):
        self._prefix = f"{root}/"
        self.top = _load(Path(start))

    def play(self, call):
        """Do what a recorded system call did."""
        if call.result == "-1":
            return
        path = call.path
        if call.name == "openat":
            if "O_CREAT" in call.arguments and self._node(path) is None:
                self._set({path: File()})
        elif call.name.startswith("mkdir"):
            self._set({path: Directory()})
        elif call.name.startswith("unlink"):
            self._set({path: None})
        elif call.name.startswith("rename"):
            self._set({path: None, os.fsdecode(call.texts[1]): self._node(path)})
        elif call.name == "write":
            self._node(path).now += call.texts[0]
        elif call.name == "ftruncate":
            self._cut(self._node(path), int(call.arguments.rsplit(", ", 1)[1]))
        elif call.name == "fsync":
            self._node(path).sync()

    def trees(self):
        """Every tree that may be found: paths and their data, None for a directory."""
        return self.top.trees("")

    def _cut(self, file, size):
        file.now = file.now[:size]

    def _walk(self, path):
        """The directory of a path, and its name there."""
        *above, name = path.removeprefix(self._prefix).split("/")
        directory = self.top
        for part in above:
            directory = directory.now[part]
        return directory, name

    def _node(self, path):
        if path + "/" == self._prefix:
            return self.top
        directory, name = self._walk(path)
        return directory.now.get(name)

    def _set(self, nodes):
        """Let paths stand for nodes, in one step for each directory."""
        steps = {}
        for path, node in nodes.items():
            directory, name = self._walk(path)
            steps.setdefault(directory, {})[name] = node
        for directory, step in steps.items():
            directory.step(step)


def _load(path):
    """What is there, all of it synced."""
    if path.is_file():
        return File(path.read_bytes(), synced=True)
    directory = Directory()
    directory.step({entry.name: _load(entry) for entry in path.iterdir()})
    directory.sync()
    return directory


def store(tree, root):
    """Write a tree below a directory that is empty."""
    for path, data in tree.items():
        if data is None:
            (root / path).mkdir(exist_ok=True)
        else:
            (root / path).write_bytes(data)
