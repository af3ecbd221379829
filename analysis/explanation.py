"""Explain a number: the SQL that computes it, and the trials and rows that it is computed from."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.display_names import cell_name, method_name
from analysis.distortion_questions import distortion_questions
from analysis.figures import FIGURES
from analysis.relations.database import STEPS, VIEWS, connect, rests_on, statement
from analysis.relations.snapshot import Cell, Snapshot
from analysis.results import Results, Row
from analysis.statistics.cell_keys import place as key_of
from analysis.tables import TABLES, build_table
from runner.methods import DENSE
from runner.store.schema import CommitRecord
from runner.studies.errors import unknown


class ExplanationError(ValueError):
    """Something that the store has no number for: says what was asked for and what there is."""

    exit_status = 2


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question that `piesweep sql` answers with these rows, and the view that it reads."""

    view: str
    query: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, kw_only=True)
class Side:
    """The trials of one cell, or of all.

    rows: split -> rows of all these trials together; each has as many as any other, unless `rows_per_trial` says
    otherwise by several numbers. files: data files that hold them, perhaps beside others.
    """

    name: str
    planned: int
    committed: int
    failed: int
    trial_ids: tuple[str, ...]
    rows: dict[str, int]
    rows_per_trial: dict[str, tuple[int, ...]]
    files: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """questions: with their answers. sides: who answered. sources: view or step -> SQL, each after what it needs."""

    title: str
    questions: tuple[Question, ...]
    sides: tuple[Side, ...]
    sources: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class CellName:
    """One cell on one split, written TASK:SPLIT:MODEL:METHOD:SPARSITY, or TASK:SPLIT:MODEL:dense."""

    task: str
    split: str
    model: str
    method: str
    sparsity: float

    @staticmethod
    def parse(text: str) -> CellName:
        """The cell in a text; ExplanationError if it names none. A sparsity may be a percentage: 0.9 or 90%."""
        parts = text.split(":")
        if len(parts) == 4 and parts[3] == DENSE:
            parts.append("0")
        number = re.fullmatch(r"(\d*\.?\d+)\s*(%?)", parts[4]) if len(parts) == 5 else None
        if number is None:
            raise ExplanationError(
                f"'{text}' names no cell; write TASK:SPLIT:MODEL:METHOD:SPARSITY, such as "
                f"movie-snippets:test:bilstm:imp-ft:0.9, or TASK:SPLIT:MODEL:{DENSE}"
            )
        share = round(float(number[1]) / 100, 12) if number[2] else float(number[1])
        return CellName(task=parts[0], split=parts[1], model=parts[2], method=parts[3], sparsity=share)

    @property
    def condition(self) -> str:
        """The cell as SQL."""
        return f"{self.place} AND {_named(self.method, self.sparsity)}"

    @property
    def place(self) -> str:
        """Its task, split and model as SQL."""
        return " AND ".join(f"{name} = {_quoted(getattr(self, name))}" for name in ("task", "split", "model"))


def explain(store: Path, what: str) -> Explanation:
    """What stands behind a cell's numbers, or behind a table, figure or view of that name.

    ExplanationError, with what there is, for anything else.
    """
    return _of_cell(store, CellName.parse(what)) if ":" in what else _of_name(store, what)


def _of_cell(store: Path, name: CellName) -> Explanation:
    snapshot = Snapshot.of(store)
    _check(snapshot, name)
    cell = name.task, name.model, name.method, name.sparsity
    dense = name.task, name.model, DENSE, 0.0
    effectiveness = (
        "SELECT metric, avg(value ORDER BY seed) AS mean, stddev_samp(value ORDER BY seed) AS std, "
        "count(value) AS seeds, count(*) - count(value) AS undefined "
        f"FROM effectiveness WHERE {name.condition} GROUP BY metric"
    )
    queries = {"effectiveness": effectiveness}
    if name.method != DENSE:
        queries = {
            "pie_rate": f"SELECT examples, pies, rate FROM pie_rate WHERE {name.condition}",
            **queries,
            "accuracy_on_pies": "SELECT subset, estimator, metric, examples, pruned, dense FROM accuracy_on_pies "
            f"WHERE {name.condition} ORDER BY subset, estimator",
        }
    # A cell's numbers depend on its own trials, on those that they go on from, and on dense ones and references: the
    # same queries, without reading all the others.
    others = {record.trial_id for record in snapshot.commits if snapshot.cell(record)[:2] != cell[:2]}
    others |= {record.trial_id for record in snapshot.commits if snapshot.cell(record)[3]} - _line(snapshot, cell)
    results = Results(connect(store, without=frozenset(others)))
    sides = [cell, dense]
    if name.method != DENSE and snapshot.tasks[name.task].kind == "single-label":
        control = _control(results, name)
        sides += [(name.task, name.model, control, 0.0)] if control else []
        named = [f"({_named(method, sparsity)})" for _, _, method, sparsity in sides if method != DENSE]
        queries |= distortion_questions(f"{name.place} AND ({' OR '.join(named)})")
    return Explanation(
        title=f"{name.task}, {name.split} split, {name.model}, {_cell_name(cell)}",
        questions=tuple(Question(view=view, query=sql, rows=tuple(results.rows(sql))) for view, sql in queries.items()),
        sides=tuple(_side(snapshot, _cell_name(one), {one}, name.split) for one in dict.fromkeys(sides)),
        sources=_sources(tuple(queries)),
    )


def _line(snapshot: Snapshot, cell: Cell) -> set[str]:
    """The trials of a cell, and all that they go on from."""
    before = {record.trial_id: record.parent_id for record in snapshot.commits}
    found, further = set[str](), {record.trial_id for record in snapshot.commits if snapshot.cell(record) == cell}
    while further:
        found |= further
        further = {parent for one in further if (parent := before.get(one))} - found
    return found


def _control(results: Results, name: CellName) -> str | None:
    """The reference that was trained as long as the cell's trials and lost no weight; none where there is no such."""
    wanted = (name.task, name.split, name.model, name.method, name.sparsity)
    return next((row["control"] for row in results.recall_distortions if key_of(row) == wanted), None)


def _of_name(store: Path, name: str) -> Explanation:
    known = dict.fromkeys([*TABLES, *FIGURES, *VIEWS])
    if name not in known:
        raise ExplanationError(
            f"{unknown('table, figure or view', name, known)}; a cell is TASK:SPLIT:MODEL:METHOD:0.9"
        )
    snapshot = Snapshot.of(store)
    kinds, views = [], dict.fromkeys([name] if name in VIEWS else [])
    if name in FIGURES:
        kinds.append(f"figure '{FIGURES[name].title}'")
        views |= dict.fromkeys(FIGURES[name].views)
    if name in TABLES:
        # What a table is called and made from does not depend on what the trials say.
        table = build_table(name, Results(connect(store, without=frozenset(snapshot.wanted()))))
        kinds.append(f"table '{table.title}'")
        views |= dict.fromkeys(table.views)
    if name in VIEWS:
        kinds.append(f"view: {VIEWS[name]}")
    return Explanation(
        title=f"{name}: {', '.join(kinds)}",
        questions=tuple(Question(view=view, query=f"SELECT * FROM {view}", rows=()) for view in views),
        sides=(_side(snapshot, "all trials", set(snapshot.wanted().values()), None),),
        sources=_sources(tuple(views)),
    )


def _check(snapshot: Snapshot, name: CellName) -> None:
    """ExplanationError where the store has or plans no such cell, or the task no such split."""
    cells = set(snapshot.wanted().values())
    chosen = cells
    for place, part in enumerate(("task", "model", "method", "sparsity")):
        given = getattr(name, part)
        allowed = sorted({cell[place] for cell in chosen}, key=str)
        if given not in allowed:
            raise ExplanationError(unknown(part, str(given), map(str, allowed)))
        chosen = {cell for cell in chosen if cell[place] == given}
    splits = sorted({split for record in snapshot.commits if snapshot.cell(record) in chosen for split in record.rows})
    if splits and name.split not in splits:
        raise ExplanationError(unknown("split", name.split, splits))


def _side(snapshot: Snapshot, name: str, cells: set[Cell], split: str | None) -> Side:
    """Everything about the trials of these cells; rows of one split, or of all."""
    records = [record for record in snapshot.commits if snapshot.cell(record) in cells]
    wanted = {trial_id for trial_id, cell in snapshot.wanted().items() if cell in cells}
    done = {record.trial_id for record in records}
    totals: Counter[str] = Counter()
    each: dict[str, set[int]] = {}
    for record in records:
        for held, count in _rows_of(record, split).items():
            totals[held] += count
            each.setdefault(held, set()).add(count)
    return Side(
        name=name,
        planned=len(wanted),
        committed=len(done),
        failed=len((wanted & snapshot.failed) - done),
        trial_ids=tuple(record.trial_id for record in records),
        rows=dict(totals),
        rows_per_trial={held: tuple(sorted(counts)) for held, counts in each.items()},
        files=tuple(dict.fromkeys(file.path for record in records for file in record.files)),
    )


def _rows_of(record: CommitRecord, split: str | None) -> dict[str, int]:
    return {held: count for held, count in record.rows.items() if split in (None, held)}


def _sources(views: tuple[str, ...]) -> dict[str, str]:
    """The SQL of views, and of every view and step that they stand on, in an order in which each could be created."""
    found = set(views).union(*map(rests_on, views))
    return {name: statement(name) for name in (*STEPS, *VIEWS) if name in found}


def _cell_name(cell: Cell) -> str:
    method, sparsity = cell[2:]
    if method == DENSE:
        return DENSE
    return cell_name(method, sparsity) if sparsity else method_name(method)


def _named(method: str, sparsity: float) -> str:
    """A method at a sparsity as SQL."""
    return f"method = {_quoted(method)} AND sparsity = {sparsity!r}"


def _quoted(value: Any) -> str:
    return "'" + str(value).replace("'", "''") + "'"
