"""Times the commands: `python tests/benchmarks/run.py` prints a table, and `--write` updates the README.md beside it.

The floor is a Typer app with one command in the same environment. Ratios compare medians; the commands alternate, so
that a busy moment of the machine affects all of them.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TOP = Path(__file__).parent.parent.parent
PAGE = Path(__file__).with_name("README.md")
INTRODUCTION = """# How fast it is

`python tests/benchmarks/run.py --write` runs the benchmarks and writes this page. These figures were measured on two cores. The floor is a Typer app with one command in the same environment. Ratios compare medians of runs that alternate between the commands.
"""
FLOOR = "import typer\napp = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)\n@app.command()\ndef one(name: str) -> None:\n    print(name)\napp()\n"
OLD, NEW = "flight-delay-prediction-1574775339910", "flight-delay-prediction-1580004349800"
SIZES = [(10, 10), (1_000, 1_000), (10_000, 1_000), (10_000, 10_000), (100_000, 100_000)]  # models, aliases
MEASURED_TWICE = 10_000  # at most so many models: then the better time counts
MLALIAS = (sys.executable, "-m", "mlalias")


COMPLETION = {
    "_MLALIAS_COMPLETE": "complete_fish",
    "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    "_TYPER_COMPLETE_ARGS": "mlalias put ",
}


def seconds(command, catalog, code=0, **more):
    """How many seconds a command takes; `code` is its expected exit code, `more` are environment variables."""
    environment = {**os.environ, "MLALIAS_CATALOG": str(catalog), **more}
    begun = time.perf_counter()
    done = subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    assert done.returncode == code, command
    return time.perf_counter() - begun


def medians(commands, catalog, turns=15):
    """The median time of each command; the commands alternate."""
    found = {name: [] for name in commands}
    for turn in range(turns):
        for name, command in commands.items():
            found[name].append(seconds(command(turn) if callable(command) else command, catalog))
    return {name: statistics.median(times) for name, times in found.items()}


def large(directory, models, aliases):
    """A catalog with the given numbers of models and aliases, and the seconds that its import and its apply took."""
    sample = json.loads((TOP / "tests/sample/models.json").read_text())["trained_model_configs"]
    entries = [
        {key: value for key, value in sample[i % len(sample)].items() if key != "metadata"} | {"model_id": f"m{i:06}"}
        for i in range(models)
    ]
    catalog, answer, declared = directory / f"{models}-{aliases}", directory / "answer.json", directory / "aliases.toml"
    answer.write_text(json.dumps({"trained_model_configs": entries}))
    declared.write_text("[aliases]\n" + "".join(f'alias-{i}-x = "m{i % models:06}"\n' for i in range(aliases)))
    import_, apply = (
        (*MLALIAS, command, str(path), "-q") for command, path in (("import", answer), ("apply", declared))
    )
    imported = seconds(import_, catalog)
    if models <= MEASURED_TWICE:
        imported = min(imported, seconds(import_, directory / f"{catalog.name}-again"))
    return catalog, imported, seconds(apply, catalog)


def bare(directory, count):
    """How many seconds it takes to write that many small files, without a sync, as the speed of disks varies."""
    begun = time.perf_counter()
    directory.mkdir()
    for number in range(count):
        (directory / str(number)).write_bytes(b"x" * 900)
    return time.perf_counter() - begun


def start_up(directory):
    """Rows of commands as ratios to the floor."""
    catalog = directory / "sample"
    seconds((*MLALIAS, "import", *map(str, sorted((TOP / "tests/sample").glob("*.json")))), catalog)
    put = (*MLALIAS, "put")
    found = medians(
        {
            "floor": (sys.executable, "-c", FLOOR, "x"),
            "`resolve`": (*MLALIAS, "resolve", "sentiment"),
            "`put -o json`": lambda turn: (*put, (NEW, OLD)[turn % 2], "flight_delay_model", "-r", "-o", "json"),
            "`put`": lambda turn: (*put, (OLD, NEW)[turn % 2], "flight_delay_model", "-r"),
            "`list`": (*MLALIAS, "list"),
            "`--help`": (*MLALIAS, "--help"),
            "`help rules`": (*MLALIAS, "help", "rules"),
            "`help rules`, as on a terminal": ("env", "FORCE_COLOR=1", *MLALIAS, "help", "rules"),
        },
        catalog,
    )
    floor = found.pop("floor")
    budgets = {
        "`resolve`": 1.15,
        "`put -o json`": 1.25,
        "`put`": 1.3,
        "`list`": 1.2,
        "`help rules`, as on a terminal": 2.5,
    }
    budgets["`help rules`"] = found["`--help`"] / floor
    yield "a Typer app of one command (the floor)", "", milliseconds(floor), "1.00", ""
    for name, took in found.items():
        yield (
            name,
            "12 models, 6 aliases",
            milliseconds(took),
            f"{took / floor:.2f}",
            f"at most {budgets[name]:.2f}" if name in budgets else "",
        )


def milliseconds(took):
    return f"{took * 1000:.0f} ms"


def growth(directory, sizes):
    """Rows of how times grow with the catalog; the ratio of `put` is to its time in the smallest catalog."""
    smallest = None
    for models, aliases in sizes:
        catalog, imported, applied = large(directory, models, aliases)
        turns = {"put": lambda turn: (*MLALIAS, "put", f"m{turn % 12:06}", f"new-{turn}-x")}
        put = medians(turns, catalog, 7)["put"]
        smallest = smallest or put
        listed = seconds((*MLALIAS, "list"), catalog)
        completed = min(seconds(MLALIAS, catalog, **COMPLETION) for _ in range(3))
        size = f"{models:,} models, {aliases:,} aliases"
        budget = "at most 3 s" if models == aliases == 10_000 else ""
        yield "as many small files, by themselves", size, f"{bare(directory / f'bare-{size}', models):.2f} s", "", ""
        yield "`import` of all models", size, f"{imported:.2f} s", "", budget
        yield "`apply` of all aliases", size, f"{applied:.2f} s", "", budget
        yield "`list` of all aliases", size, f"{listed:.2f} s", "", ""
        yield "completion of a model id", size, f"{completed:.2f} s", "", ""
        budget = "at most 1.3" if (models, aliases) == (10_000, 1_000) else ""
        yield "`put`", size, milliseconds(put), f"{put / smallest:.2f}", budget


def bounded(directory):
    """Rows of times that grow with the input, each for one size and for twice that size."""
    catalog, _, _ = large(directory, 1_000, 10_000)
    for count in (100_000, 200_000):
        keys = ",".join(f'"k{i}":1' for i in range(count))
        path = directory / "duplicate.json"
        path.write_text(f'{{"trained_model_configs":[{{"model_id":"m","metadata":{{{keys},"k{count - 1}":2}}}}]}}')
        took = min(seconds((*MLALIAS, "import", str(path)), catalog, code=2) for _ in range(3))
        yield "`import` of one object with a key twice", f"{count:,} keys", milliseconds(took), "", ""
    for count in (500, 1_000):
        took = seconds((*MLALIAS, "list", *(f"*{i}*y*" for i in range(count))), catalog)
        yield "`list` of 10,000 aliases", f"{count:,} patterns", milliseconds(took), "", ""
    for count in (1_000, 2_000):
        took = seconds((*MLALIAS, "resolve", *(f"nothing-{i}" for i in range(count))), catalog, code=4)
        yield "`resolve` with 10,000 aliases", f"{count:,} unknown names", milliseconds(took), "", ""


def writers(directory, count=16):
    """A row of how fast several processes write at once."""
    catalog = directory / "sample"
    environment = {**os.environ, "MLALIAS_CATALOG": str(catalog)}
    begun = time.perf_counter()
    racing = [subprocess.Popen((*MLALIAS, "put", OLD, f"racer-{i}-x", "-q"), env=environment) for i in range(count)]
    assert [racer.wait() for racer in racing] == [0] * count
    yield f"{count} writers at once", "", f"{count / (time.perf_counter() - begun):.0f} puts/s", "", ""


def serving(directory):
    """Rows of the number of requests per second that `serve` answers."""
    done = subprocess.run(
        [sys.executable, str(Path(__file__).parent / "serve.py")], capture_output=True, text=True, check=True
    )
    for line in done.stdout.splitlines():
        found = re.fullmatch(r"(.+?) +(\d+) client\(s\): +(\d+) requests/s", line)
        yield f"`serve`: {found[1]}, {found[2]} at a time", "", f"{found[3]}/s", "", ""


def main():
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", action="store_true", help="write the page beside this file")
    parser.add_argument("--largest", type=int, default=10_000, help="how many models and aliases, at most")
    options = parser.parse_args()
    sizes = [size for size in SIZES if size[0] <= options.largest]
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        rows = [
            *start_up(directory),
            *growth(directory, sizes),
            *bounded(directory),
            *writers(directory),
            *serving(directory),
        ]
    titles = ("what", "catalog", "takes", "ratio", "budget")
    lines = [f"| {' | '.join(row)} |" for row in (titles, ("---",) * len(titles), *rows)]
    print("\n".join(lines))
    if options.write:
        PAGE.write_text(f"{INTRODUCTION}\n" + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
