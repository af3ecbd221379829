"""The card of an exported store: what a stranger must know before using it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from analysis.display_names import method_key
from analysis.relations.database import VIEWS, statement
from analysis.tables.formats import in_markdown
from runner.store.schema import TaskCard
from tasks import TASKS

TEMPLATES = Path(__file__).parent / "templates"
SIZES = (("n<1K", 10**3), ("1K<n<10K", 10**4), ("10K<n<100K", 10**5), ("100K<n<1M", 10**6), ("1M<n<10M", 10**7),
         ("10M<n<100M", 10**8), ("100M<n<1B", 10**9), ("1B<n<10B", 10**10))  # fmt: skip
_COLUMN = re.compile(r"--\s+(?:Columns:\s+)?(\w+) {2,}.*?(?: {2,}|$)(.*)")


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """One table of an export: rows by split, and its columns with their types."""

    name: str
    rows: Mapping[str, int]
    columns: tuple[tuple[str, str], ...]

    @property
    def meaning(self) -> str:
        return VIEWS[self.name]


def card(
    studies: Sequence[str],
    tasks: Mapping[str, TaskCard],
    completeness: Sequence[Mapping[str, Any]],
    configurations: Sequence[Configuration],
    *,
    texts: bool,
    left_out: Sequence[str] = (),
) -> str:
    """The README.md of an export: YAML front matter that `datasets` reads, then Markdown for people."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters["cell"] = lambda text: Markup(in_markdown(" ".join(str(text).split())))  # noqa: S704
    body = environment.get_template("dataset_card.md.j2").render(
        title=_title(studies),
        tasks=[(task, TASKS.get(task.task)) for task in tasks.values()],
        grid=_grid(completeness),
        configurations=[(one, _described(one)) for one in configurations],
        texts=texts,
        left_out=left_out,
    )
    return f"---\n{_front_matter(studies, tasks, configurations)}---\n\n{body}"


def _title(studies: Sequence[str]) -> str:
    return ", ".join(studies) or "ingested predictions"


CATEGORIES = {"tagging": "token-classification", "span": "question-answering", "generation": "text-generation"}
"""Kinds of answer that the Hub calls otherwise than classification."""


def _front_matter(
    studies: Sequence[str], tasks: Mapping[str, TaskCard], configurations: Sequence[Configuration]
) -> str:
    largest = max(sum(one.rows.values()) for one in configurations)
    kinds = {
        CATEGORIES.get(task.kind, "image-classification" if task.inputs == "image" else "text-classification")
        for task in tasks.values()
    }
    matter = {
        "pretty_name": f"Predictions of pruned networks: {_title(studies)}",
        "license": "other",
        "tags": ["pruning", "sparsity", "pruning-identified-exemplars", "piesweep"],
        "task_categories": sorted(kinds),
        "size_categories": [next((name for name, limit in SIZES if largest < limit), "10B<n<100B")],
        "configs": [
            {
                "config_name": one.name,
                **({"default": True} if one.name == "examples" else {}),
                "data_files": [{"split": split, "path": f"{one.name}/{split}/*.parquet"} for split in one.rows],
            }
            for one in configurations
        ],
    }
    return yaml.safe_dump(matter, sort_keys=False, allow_unicode=True)


def _grid(completeness: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One row a task, model and method: its sparsities, and how many of the planned trials have committed."""
    rows: dict[tuple[str, str, str], dict[str, Any]] = {}
    for cell in sorted(completeness, key=lambda cell: (cell["task"], cell["model"], method_key(cell["method"]))):
        key = (cell["task"], cell["model"], cell["method"])
        row = rows.setdefault(key, {"sparsities": set(), "planned": 0, "committed": 0})
        row["sparsities"].add(cell["sparsity"])
        row["planned"] += cell["planned"]
        row["committed"] += cell["committed"]
    return [
        {"task": task, "model": model, "method": method, **row, "sparsities": sorted(row["sparsities"])}
        for (task, model, method), row in rows.items()
    ]


def _described(configuration: Configuration) -> list[tuple[str, str, str]]:
    """Column, type and meaning: what the view's own header says of it."""
    sources = (configuration.name, "trials") if configuration.name == "predictions" else (configuration.name,)
    meanings: dict[str, str] = {}
    for source in sources:
        for line in statement(source).splitlines():
            if found := _COLUMN.fullmatch(line):
                meanings.setdefault(found[1], found[2].strip())
    return [(name, kind, meanings.get(name, "")) for name, kind in configuration.columns]
