"""Describe a view without asking a store: its file's header says what it holds."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from analysis.relations.database import VIEWS, statement

COMMON = {
    "task": "as the study or the ingested rows call it",
    "split": "train, validation, test, or one of the data's own",
    "model": "as the study calls it",
    "method": "a pruning method, or dense",
    "sparsity": "fraction of the prunable weights that is removed; 0 for dense models",
    "seed": "of the trial",
    "example_id": "as in the view examples",
    "trial_id": "as in the view trials",
    "class": "its name",
    "class_index": "from 0, as in the view classes",
    "pies": "examples on which the pruned and the dense vote differ",
}
"""What columns mean where a view's own header does not say more."""
_SECTION = re.compile(r"-- (\w+): +(.*)")
_COLUMN = re.compile(r"(\w+) {2,}([A-Z].*?)(?: {2,}(.*))?")


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a view: name, type, and what it means where the name does not say it."""

    name: str
    kind: str
    meaning: str


@dataclass(frozen=True, kw_only=True)
class ViewCard:
    """A view: what it holds, what one row is, its columns, where it is defined, and a query to begin with."""

    name: str
    holds: str
    grain: str
    columns: tuple[Column, ...]
    reference: str
    example: str


def view_card(name: str) -> ViewCard:
    """The card of one of VIEWS."""
    sections: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in statement(name).splitlines():
        if begun := _SECTION.fullmatch(line):
            lines = sections.setdefault(begun[1], [begun[2]])
        elif line.startswith("--   "):
            lines.append(line.removeprefix("--").strip())
        else:  # what is said below the header is for whoever reads the SQL
            lines = []
    columns: list[Column] = []
    for line in sections["Columns"]:
        if found := _COLUMN.fullmatch(line):
            columns.append(Column(name=found[1], kind=found[2], meaning=found[3] or ""))
        else:
            last = columns.pop()
            columns.append(replace(last, meaning=f"{last.meaning} {line}".strip()))
    said = {title: " ".join(sections[title]) for title in ("Grain", "Reference", "Example")}
    return ViewCard(
        name=name,
        holds=VIEWS[name],
        grain=said["Grain"],
        columns=tuple(replace(one, meaning=one.meaning or COMMON.get(one.name, "")) for one in columns),
        reference=said["Reference"],
        example=said["Example"],
    )
