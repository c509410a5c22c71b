#!/usr/bin/env python3
"""What each of the five languages was put to: the shared vectors, and the conformance scenarios.

    scripts/parity.py            prints the tables
    scripts/parity.py --write    writes docs/parity.md
    scripts/parity.py --check    fails where docs/parity.md says something else than what was run

The numbers are those of the runners: each notes what it ran, when it passed, in a file of its own,
target/parity/LANGUAGE/vectors/TOPIC and target/parity/LANGUAGE/conformance/SCENARIO. A language that was not run is `-`
and is not compared, unless FAULTWIRE_ALL_LANGUAGES=1.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
RAN = ROOT / "target" / "parity"
PAGE = ROOT / "docs" / "parity.md"
LANGUAGES = ("python", "node", "rust", "kotlin", "swift")
ALL_NEEDED = os.environ.get("FAULTWIRE_ALL_LANGUAGES", "") not in ("", "0")
#: Nobody ran it here.
UNKNOWN = "-"
#: Makes no sense in the language; the scenario says why.
EXEMPT = "n/a"

INTRODUCTION = """\
# Parity

What each language was put to, as its tests counted it. Every language runs every vector (`tests/vectors`), and every
scenario of `tests/conformance` but those that make no sense in it.

This page is written by `scripts/parity.py --write` from what `make test` ran; do not edit it.
"""


class Table(NamedTuple):
    """Rows by name: a cell a language."""

    kind: str  # of files, and of rows
    title: str
    rows: dict[str, list[str]]

    def lines(self) -> list[str]:
        width = max(len(name) for name in self.rows)
        head = [self.title.ljust(width), *LANGUAGES]
        return [_line(head, head), _line(["-" * len(cell) for cell in head], head)] + [
            _line([name.ljust(width), *cells], head) for name, cells in self.rows.items()
        ]


def _line(cells: list[str], head: list[str]) -> str:
    return "| " + " | ".join(cell.rjust(len(of)) if n else cell for n, (cell, of) in enumerate(zip(cells, head))) + " |"


def vectors() -> Table:
    topics = sorted(folder.name for folder in (ROOT / "tests" / "vectors").iterdir() if folder.is_dir())
    rows = {topic: [_noted(language, "vectors", topic) for language in LANGUAGES] for topic in topics}
    sums = [[int(cells[n]) for cells in rows.values() if cells[n].isdigit()] for n in range(len(LANGUAGES))]
    whole = [str(sum(counts)) if len(counts) == len(topics) else UNKNOWN for counts in sums]
    return Table("vectors", "topic", {**rows, "all": whole})


def conformance() -> Table:
    files = sorted((ROOT / "tests" / "conformance" / "scenarios").glob("*.json"))
    scenarios = {file.stem: json.loads(file.read_text()).get("except", {}) for file in files}
    rows = {
        name: [
            EXEMPT if language in exempt else {"1": "yes"}.get(_noted(language, "conformance", name), UNKNOWN)
            for language in LANGUAGES
        ]
        for name, exempt in scenarios.items()
    }
    return Table("conformance", "scenario", rows)


def _noted(language: str, kind: str, name: str) -> str:
    try:
        return (RAN / language / kind / name).read_text().strip()
    except OSError:
        return UNKNOWN


def missing(tables: list[Table]) -> list[str]:
    """What was not run."""
    return [
        f"{language}: {table.kind} {name}"
        for table in tables
        for name, cells in table.rows.items()
        for language, cell in zip(LANGUAGES, cells)
        if cell == UNKNOWN and name != "all"
    ]


def page(tables: list[Table]) -> str:
    return "\n".join([INTRODUCTION, *("\n".join(table.lines()) + "\n" for table in tables)])


def stale(tables: list[Table]) -> list[str]:
    """Where the page says something else."""
    wrong, written = [], _written()
    for table in tables:
        told = written.get(table.title, {})
        for name, cells in table.rows.items():
            there = told.pop(name, [])
            if len(there) != len(LANGUAGES):
                wrong.append(f"{table.kind} {name}: not there")
            wrong += [
                f"{table.kind} {name}, {language}: {said}, but it was {cell}"
                for language, said, cell in zip(LANGUAGES, there, cells)
                if cell not in (said, UNKNOWN)
            ]
        wrong += [f"{table.kind} {name}: is no more" for name in told]
    return wrong


def _written() -> dict[str, dict[str, list[str]]]:
    """The page's tables, by what stands over their first column."""
    tables: dict[str, dict[str, list[str]]] = {}
    title = ""
    for line in PAGE.read_text().splitlines() if PAGE.is_file() else []:
        name, *cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells == list(LANGUAGES):
            title = name
        elif cells and name.strip("-"):
            tables.setdefault(title, {})[name] = cells
    return tables


def main(arguments: list[str]) -> int:
    tables = [vectors(), conformance()]
    if arguments == ["--write"]:
        if lacking := missing(tables):
            print("docs/parity.md needs all five languages; not run:", *lacking, sep="\n  ", file=sys.stderr)
            return 1
        PAGE.write_text(page(tables))
    elif arguments == ["--check"]:
        print("\n\n".join("\n".join(table.lines()) for table in tables))
        wrong = stale(tables) + (missing(tables) if ALL_NEEDED else [])
        if wrong:
            print("docs/parity.md is stale: scripts/parity.py --write", *wrong, sep="\n  ", file=sys.stderr)
            return 1
    elif arguments:
        print(__doc__, file=sys.stderr)
        return 2
    else:
        print("\n\n".join("\n".join(table.lines()) for table in tables))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
