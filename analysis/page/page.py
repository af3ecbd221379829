"""The report's page: one HTML file with its style, script, pictures and data inside."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from analysis.figures import FIGURES
from analysis.figures.drawing import Drawing
from analysis.hardware import SHOWN, confounded, described, disagreement
from analysis.order import method_key, method_name, percent
from analysis.page.cautions import cautions
from analysis.page.explorer import Explorer
from analysis.page.findings import Findings, findings
from analysis.results import Results, Row
from analysis.tables.formats import legend, signs
from analysis.tables.table import Table
from runner.methods import DENSE
from runner.printable import printable

TEMPLATES = Path(__file__).parent / "templates"
SCRIPTS = ("archive.js", "elements.js", "pies.js", "life.js", "explorer.js", "tables.js", "start.js")


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A figure as it stands in the page: its kind in FIGURES, its file's name, what it is of, and the picture."""

    kind: str
    name: str
    place: tuple[str, ...]
    svg: str

    @property
    def drawing(self) -> Drawing:
        return FIGURES[self.kind]

    @property
    def title(self) -> str:
        """The title of the kind, and task and model where it is of one."""
        return ": ".join([self.drawing.title, *filter(None, [", ".join(self.place)])])

    @property
    def address(self) -> str:
        """The picture as an address that holds it: as an image, nothing in it can run, and its ids are its own."""
        return f"data:image/svg+xml;base64,{base64.b64encode(self.svg.encode()).decode()}"

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels, so that its place is kept before it is drawn."""
        found = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', self.svg)
        assert found is not None
        return round(float(found[1])), round(float(found[2]))


@dataclass(frozen=True, kw_only=True)
class Page:
    """What the template prints; everything in it that came from a data set is text, and escaped as such."""

    studies: tuple[str, ...]
    results: Results
    tables: Sequence[Table]
    drawn: Sequence[Drawn]
    explorer: Explorer

    @property
    def title(self) -> str:
        return ", ".join(self.studies) or "ingested predictions"

    @cached_property
    def findings(self) -> list[Findings]:
        """What the numbers say, by task and model."""
        return findings(self.results)

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
            "Methods": [method_name(m) for m in sorted({row["method"] for row in pruned}, key=method_key)],
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
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: printable(value, block=True) if type(value) is str else value,
    )
    environment.filters |= {"signs": signs, "legend": legend, "zip": zip}
    script = "\n".join((TEMPLATES / name).read_text(encoding="utf-8") for name in SCRIPTS)
    seal = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return environment.get_template("report.html.j2").render(
        page=page,
        script=Markup(script),  # noqa: S704 - files of ours
        style=Markup((TEMPLATES / "report.css").read_text(encoding="utf-8")),  # noqa: S704
        seal=seal,
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
