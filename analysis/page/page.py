"""The report's page: one HTML file with its style, script, pictures and data inside."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from analysis.addresses import cell_address, example_address
from analysis.display_names import method_key, method_name, percent
from analysis.figures import FIGURES
from analysis.figures.drawing import Drawing
from analysis.figures.vector import Vector
from analysis.hardware import SHOWN, confounded, described, disagreement
from analysis.overview import VERDICTS, Overview, overviews
from analysis.page.cautions import cautions
from analysis.page.explorer import Explorer
from analysis.page.findings import Findings, findings
from analysis.page.packed_pictures import SIDE
from analysis.page.provenance import CITATIONS, Provenance
from analysis.results import Results, Row
from analysis.tables.fairness import CAPTION, change_told, is_shown
from analysis.tables.formats import legend, signs
from analysis.tables.layout import MISSING
from analysis.tables.table import Table
from runner.methods import DENSE
from runner.printable import printable

TEMPLATES = Path(__file__).parent / "templates"
SCRIPTS = (
    "archive.js",
    "elements.js",
    "pictures.js",
    "votes.js",
    "pies.js",
    "life.js",
    "explorer.js",
    "tables.js",
    "trials.js",
    "start.js",
)
EXCERPT = 400
EXAMPLES = 3
"""Sentences that the overview shows of each task and model."""
FIRST_TABLES = ("pie_percent", "effectiveness", "drift", "noise_floor", "class_changes", "hypotheses")
"""The others are folded: they answer second questions."""


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A figure as it stands in the page: its kind in FIGURES, its number there, what it is of, and the picture."""

    kind: str
    number: int
    place: tuple[str, ...]
    picture: Vector

    @property
    def drawing(self) -> Drawing:
        return FIGURES[self.kind]

    @property
    def title(self) -> str:
        """The title of the kind, and task and model where it is of one."""
        return ": ".join([self.drawing.title, *filter(None, [", ".join(self.place)])])

    @property
    def inline(self) -> Markup:
        """The picture as an element of the page: Matplotlib and `Vector` have escaped all texts in it."""
        return Markup(self.picture.inline(self.number, self.title))  # noqa: S704


@dataclass(frozen=True, kw_only=True)
class Page:
    """What the template prints; everything in it that came from a data set is text, and escaped as such."""

    studies: tuple[str, ...]
    results: Results
    tables: Sequence[Table]
    drawn: Sequence[Drawn]
    explorer: Explorer
    provenance: Provenance

    @property
    def title(self) -> str:
        return ", ".join(self.studies) or "ingested predictions"

    @cached_property
    def findings(self) -> list[Findings]:
        """What the numbers say, by task and model."""
        return findings(self.results)

    @cached_property
    def overviews(self) -> dict[tuple[str, str], Overview]:
        """Task and model -> rates beside their noise floors, the largest effect, and examples."""
        return {(one.task, one.model): one for one in overviews(self.results, EXAMPLES)}

    @cached_property
    def fairness(self) -> dict[tuple[str, str], list[Row]]:
        """Task and model -> the worst class, the gap and the class that loses most, cell by cell."""
        shown = {(one.task, one.split, one.model) for one in self.overviews.values()}
        found: dict[tuple[str, str], list[Row]] = {}
        for row in self.results.fairness:
            if (row["task"], row["split"], row["model"]) in shown:
                found.setdefault((row["task"], row["model"]), []).append(row)
        return found

    @property
    def cells(self) -> int:
        """How many pruned cells all overviews together have."""
        return sum(len(one.cells) for one in self.overviews.values())

    @cached_property
    def methods(self) -> list[tuple[str, str]]:
        """The pruning methods as they are printed, and what their names stand for, where that is known."""
        names = {row["method"] for row in self.results.completeness} - {DENSE}
        variants = self.results.variants
        return [
            (method_name(name), "; ".join(one.title for one in variants[name] if one.title))
            for name in sorted(names, key=method_key)
        ]

    @cached_property
    def cautions(self) -> list[str]:
        """What to know before believing them."""
        return cautions(self.results)

    @property
    def places(self) -> list[tuple[str, str]]:
        """Tasks and models of which there is something to show."""
        return [(found.task, found.model) for found in self.findings]

    @property
    def kinds(self) -> list[tuple[str, list[Drawn]]]:
        """The figures by kind."""
        return [(kind, list(drawn)) for kind, drawn in groupby(self.drawn, key=lambda one: one.kind)]

    @cached_property
    def facts(self) -> list[tuple[str, list[str]]]:
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
            "Sparsities": [percent(sparsity) for sparsity in sorted({row["sparsity"] for row in pruned})],
            "Seeds": [str(len(seeds))],
            "Devices": [row["name"] for row in devices],
        }
        return [(name, values) for name, values in facts.items() if values]

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
            "comparisons": [described(row) for row in rows[:SHOWN]],
            "further": max(len(rows) - SHOWN, 0),
        }


def render(page: Page) -> str:
    """The page as one HTML text. The only script that a browser runs in it is ours, by its hash."""
    script = "\n".join((TEMPLATES / name).read_text(encoding="utf-8") for name in SCRIPTS)
    seal = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            page=page,
            script=Markup(script),  # noqa: S704 - files of ours
            style=Markup((TEMPLATES / "report.css").read_text(encoding="utf-8")),  # noqa: S704
            seal=seal,
        )
    )


@cache
def _environment() -> Environment:
    """The templates, which take longer to compile than to fill."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: printable(value, block=True) if type(value) is str else value,
    )
    environment.filters |= {"signs": signs, "legend": legend, "zip": zip, "percent": percent, "method": method_name}
    environment.filters |= {"points": _points, "spaced": _spaced, "excerpt": _excerpt}
    environment.globals |= {
        "verdicts": VERDICTS,
        "fairness_caption": CAPTION,
        "change_told": change_told,
        "is_shown": is_shown,
        "first_tables": FIRST_TABLES,
        "citations": CITATIONS,
        "cell_address": cell_address,
        "example_address": example_address,
        "picture_side": SIDE,
    }
    return environment


def _points(share: float | None, sign: str = "") -> str:
    """A share in percent, or a difference of shares in points; a dash where it is not known."""
    return MISSING.text if share is None else f"{share * 100:{sign}.1f}"


def _spaced(text: str) -> str:
    """The text with percent signs that stay at their numbers."""
    return text.replace(" %", "\u00a0%")


def _excerpt(text: str) -> str:
    told = " ".join(text.split())
    return told if len(told) <= EXCERPT else f"{told[:EXCERPT]} …"


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
