"""The report's page: one HTML file with its style, script, pictures and data inside."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from analysis.broken import Broken
from analysis.figures import FIGURES
from analysis.hardware import SHOWN, confounded, described, disagreement, warnings
from analysis.order import method_key, method_name, percent
from analysis.results import Results, Row
from analysis.tables.formats import legend, signs
from analysis.tables.table import Table
from runner.methods import DENSE

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, kw_only=True)
class Page:
    """What the template prints; everything in it that came from a data set is text, and escaped as such."""

    studies: tuple[str, ...]
    results: Results
    tables: Sequence[Table]
    pictures: Mapping[str, str]
    broken: Sequence[Broken]
    broken_count: int

    @property
    def title(self) -> str:
        return ", ".join(self.studies) or "ingested predictions"

    @cached_property
    def facts(self) -> list[tuple[str, str]]:
        """What the study is made of, as pairs of a name and its values."""
        rows = self.results.completeness
        seeds = self.results.rows("SELECT DISTINCT seed FROM trials")
        devices = self.results.rows(
            "SELECT DISTINCT device_name AS name FROM trials WHERE device_name IS NOT NULL ORDER BY 1"
        )
        pruned = [row for row in rows if row["method"] != DENSE]
        facts = {
            "Tasks": sorted({row["task"] for row in rows}),
            "Models": sorted({row["model"] for row in rows}),
            "Methods": [method_name(m) for m in sorted({row["method"] for row in pruned}, key=method_key)],
            "Sparsities": [percent(sparsity) for sparsity in sorted({row["sparsity"] for row in pruned})],
            "Seeds": [str(len(seeds))],
            "Devices": [row["name"] for row in devices],
        }
        return [(name, ", ".join(values)) for name, values in facts.items() if values]

    @cached_property
    def totals(self) -> dict[str, int]:
        """Planned, committed, failed and missing trials, all cells together."""
        names = ("planned", "committed", "failed", "missing")
        return {name: sum(row[name] for row in self.results.completeness) for name in names}

    @cached_property
    def progress(self) -> list[dict[str, Any]]:
        """Completeness by task and model: a line per method, a place per sparsity."""
        groups: dict[tuple[str, str], list[Row]] = {}
        for row in self.results.completeness:
            groups.setdefault((row["task"], row["model"]), []).append(row)
        return [_progress(task, model, rows) for (task, model), rows in groups.items()]

    @cached_property
    def hardware(self) -> dict[str, Any]:
        """Disagreement between vendors' devices, and the comparisons that it may have a hand in."""
        rows = confounded(self.results)
        return {
            "disagreement": disagreement(self.results),
            "warnings": warnings(self.results),
            "comparisons": [described(row) for row in rows[:SHOWN]],
            "further": max(len(rows) - SHOWN, 0),
        }

    @cached_property
    def drawn(self) -> list[dict[str, Any]]:
        """The figures: title, caption, file name, and SVG that may stand beside others in one page."""
        return [
            {"name": name, "drawing": FIGURES[name], "svg": Markup(embedded(picture, name))}  # noqa: S704 - we drew it
            for name, picture in self.pictures.items()
        ]


def render(page: Page) -> str:
    """The page as one HTML text. The only script that a browser runs in it is ours, by its hash."""
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"signs": signs, "legend": legend}
    script, style = ((TEMPLATES / name).read_text(encoding="utf-8") for name in ("report.js", "report.css"))
    seal = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return environment.get_template("report.html.j2").render(
        page=page,
        data=browsable(page.broken),
        script=Markup(script),  # noqa: S704 - a file of ours
        style=Markup(style),  # noqa: S704
        seal=seal,
    )


def browsable(broken: Sequence[Broken]) -> dict[str, Any]:
    """The examples for the page's script, with every name, text and label set kept once and pointed at by number.

    items: [task, split, model, example_id, text, gold (or -1), dense vote, [cell, pruned vote, cell, ...]].
    """
    names, texts, sets, cells = _Numbered(), _Numbered(), _Numbered(), _Numbered()
    items = [
        [
            names.number(one.task),
            names.number(one.split),
            names.number(one.model),
            one.example_id,
            texts.number((one.text, one.text_pair)),
            -1 if one.gold is None else sets.number(one.gold),
            sets.number(one.dense),
            [
                part
                for method, sparsity, vote in sorted(one.cells, key=lambda cell: (method_key(cell[0]), cell[1]))
                for part in (cells.number((method, sparsity)), sets.number(vote))
            ],
        ]
        for one in broken
    ]
    shown = [[method, method_name(method), sparsity, percent(sparsity)] for method, sparsity in cells.values]
    return {"names": names.values, "texts": texts.values, "sets": sets.values, "cells": shown, "items": items}


class _Numbered:
    """Values by order of first use."""

    def __init__(self) -> None:
        self._numbers: dict[Any, int] = {}

    def number(self, value: Any) -> int:
        return self._numbers.setdefault(value, len(self._numbers))

    @property
    def values(self) -> list[Any]:
        return list(self._numbers)


def embedded(svg: str, name: str) -> str:
    """An SVG for a page that holds several: no prologue, ids of its own, as wide as its place allows."""
    body = svg[svg.index("<svg") :]
    body = re.sub(r'\bid="', f'id="{name}-', body)
    body = re.sub(r'(href="#|url\(#)', rf"\g<1>{name}-", body)
    title = Markup.escape(FIGURES[name].title)
    return re.sub(
        r"<svg [^>]*?(viewBox=\"[^\"]*\")[^>]*>",
        rf'<svg \1 role="img" aria-label="{title}" xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">',
        body,
        count=1,
    )


def _progress(task: str, model: str, rows: list[Row]) -> dict[str, Any]:
    sparsities = sorted({row["sparsity"] for row in rows})
    methods = sorted({row["method"] for row in rows}, key=method_key)
    places = {(row["method"], row["sparsity"]): row for row in rows}
    return {
        "task": task,
        "model": model,
        "columns": [percent(sparsity) if sparsity else DENSE for sparsity in sparsities],
        "lines": [
            (method_name(method), [places.get((method, sparsity)) for sparsity in sparsities]) for method in methods
        ],
    }
