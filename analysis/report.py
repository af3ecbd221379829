"""The report of a store: tables, figures and one page that holds everything and needs nothing."""

from __future__ import annotations

import json
import shutil
import uuid
from pathlib import Path

from analysis.broken import broken_count, most_broken
from analysis.database import connect
from analysis.figures import FIGURES
from analysis.figures.style import png, svg
from analysis.page import Page, render
from analysis.results import Results
from analysis.tables import TABLES
from analysis.tables.formats import TABLE_FORMATS
from runner.store.layout import Layout
from runner.store.reader import frozen_plans

MANIFEST = "manifest.json"
LISTED = 20_000
OWN_FOLDERS = ("plans", "tasks", "data", "commits", "compacted", "failures", "checkpoints", "sessions")


class ReportError(ValueError):
    """A place where no report can be written: says why, and what to do."""


def write_report(store: Path, out: Path) -> Path:
    """Write the report of a store to the folder `out`, over a former one, and return the path of its page.

    tables/*.md, csv, tex; figures/*.svg, png; index.html; manifest.json, the list of these. It is written aside and
    then renamed: a report that fails leaves nothing. ReportError if `out` holds other things, or is the store's own.
    """
    check_place(store, out)
    results = Results(connect(store, kept=("votes", "pairs")))
    out.parent.mkdir(parents=True, exist_ok=True)
    aside = out.parent / f".{out.name}.{uuid.uuid4().hex[:12]}"
    try:
        _write(store, results, aside)
        _swap(aside, out)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return out / "index.html"


def check_place(store: Path, out: Path) -> None:
    """ReportError unless `out` is free, empty, or a former report to which nobody has added anything."""
    place = out.resolve()
    layout = Layout(store.resolve())
    for name in OWN_FOLDERS:
        if place == (layout.root / name) or (layout.root / name) in place.parents:
            raise ReportError(f"{out} is inside the store's folder {name}/; choose a folder outside it")
    if out.exists() and not out.is_dir():
        raise ReportError(f"{out} is a file; choose a folder that does not exist yet")
    present = (
        {path.relative_to(out).as_posix() for path in out.rglob("*") if not path.is_dir()} if out.exists() else set()
    )
    foreign = sorted(present - _listed(out))
    if foreign:
        raise ReportError(
            f"{out} holds files that are no part of a report ({', '.join(foreign[:3])}); choose another folder"
        )


def _listed(out: Path) -> set[str]:
    manifest = out / MANIFEST
    if not manifest.is_file():
        return set()
    try:
        return {MANIFEST, *json.loads(manifest.read_text(encoding="utf-8"))["piesweep report"]}
    except (ValueError, KeyError, TypeError):
        return set()


def _write(store: Path, results: Results, folder: Path) -> None:
    tables = [build(results) for build in TABLES.values()]
    drawings = {name: drawing.draw(results) for name, drawing in FIGURES.items()}
    pictures = {name: svg(figure) for name, figure in drawings.items()}
    files = {f"tables/{table.name}.{ending}": text(table) for table in tables for ending, text in TABLE_FORMATS.items()}
    files |= {f"figures/{name}.svg": picture for name, picture in pictures.items()}
    page = Page(
        studies=tuple(dict.fromkeys(str(plan.study.get("name", "unnamed")) for plan in frozen_plans(store))),
        results=results,
        tables=tables,
        pictures=pictures,
        broken=most_broken(results, LISTED),
        broken_count=broken_count(results),
    )
    files["index.html"] = render(page)
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    for name, figure in drawings.items():
        (folder / f"figures/{name}.png").write_bytes(png(figure))
    listed = sorted([*files, *(f"figures/{name}.png" for name in drawings)])
    (folder / MANIFEST).write_text(json.dumps({"piesweep report": listed}, indent=1), encoding="utf-8")


def _swap(aside: Path, out: Path) -> None:
    """Put the new report in place of the old one, which is moved away first and deleted last."""
    if not out.exists():
        aside.rename(out)
        return
    old = out.parent / f".{out.name}.{uuid.uuid4().hex[:12]}"
    out.rename(old)
    aside.rename(out)
    shutil.rmtree(old)
