"""The report of a store: tables, figures and one page that holds everything and needs nothing."""

from __future__ import annotations

import json
import shutil
import uuid
from pathlib import Path

from analysis.figures import FIGURES
from analysis.figures.style import png, vector
from analysis.page.explorer import explorer
from analysis.page.page import Drawn, Page, render
from analysis.page.provenance import Provenance, provenance
from analysis.results import Results
from analysis.tables import TABLES, build_table
from analysis.tables.beside_papers import tables_beside
from analysis.tables.formats import TABLE_FORMATS
from analysis.tables.table import Table
from runner.store.layout import Layout

MANIFEST = "manifest.json"


class ReportError(ValueError):
    """A place where no report can be written: says why, and what to do."""

    exit_status = 2


def write_report(store: Path, out: Path, compare_with: str | None = None, results: Results | None = None) -> Path:
    """Write the report of a store to the folder `out`, over a former one, and return the path of its page.

    tables/*.md, csv, tex; figures/*.svg, png; index.html; manifest.json, the list of these. It is written aside and
    then renamed: a report that fails leaves nothing. ReportError if `out` holds other things, or is the store's own.
    compare_with: a publication whose figures are set beside the store's; ComparisonError where there is no such thing.
    results: the store's, where they are wanted for more than the report.
    """
    check_place(store, out)
    results = results or Results.of(store)
    beside = tables_beside(results, compare_with) if compare_with else ()
    out.parent.mkdir(parents=True, exist_ok=True)
    aside = out.parent / f".{out.name}.{uuid.uuid4().hex[:12]}"
    try:
        _write(results, beside, aside, provenance(store, out, compare_with, results))
        _swap(aside, out)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return out / "index.html"


def check_place(store: Path, out: Path) -> None:
    """ReportError unless `out` is free, empty, or a former report to which nobody has added anything."""
    place = out.resolve()
    layout = Layout(store.resolve())
    for folder in (*layout.folders, layout.damaged):
        if place == folder or folder in place.parents:
            raise ReportError(f"{out} is inside the store's folder {folder.name}/; choose a folder outside it")
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


def _write(results: Results, beside: tuple[Table, ...], folder: Path, written: Provenance) -> None:
    tables = [*(table for name in TABLES if (table := build_table(name, results)).lines), *beside]
    drawn: list[Drawn] = []
    files = {f"tables/{table.name}.{ending}": text(table) for table in tables for ending, text in TABLE_FORMATS.items()}
    images: dict[str, bytes] = {}
    for kind, drawing in FIGURES.items():
        for picture in drawing.pictures(kind, results):
            drawn.append(Drawn(kind=kind, number=len(drawn), place=picture.place, picture=vector(picture.figure)))
            files[f"figures/{picture.name}.svg"] = drawn[-1].picture.file
            images[f"figures/{picture.name}.png"] = png(picture.figure)
    page = Page(
        studies=tuple(dict.fromkeys(str(study.get("name", "unnamed")) for study in results.studies)),
        results=results,
        tables=tables,
        drawn=drawn,
        explorer=explorer(results),
        provenance=written,
    )
    files["index.html"] = render(page)
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    for name, image in images.items():
        (folder / name).write_bytes(image)
    listed = sorted([*files, *images])
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
