"""The trials that collapsed, and the tables of the paper without them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from analysis.display_names import percent
from analysis.results import Results, Row, cell
from analysis.tables.layout import key_columns, lines
from analysis.tables.table import Mark, Table, Value
from runner.methods import DENSE

LEFT_OUT: dict[Mark, str] = {"incomplete": "fewer seeds than planned: not committed, or left out here as collapsed"}


def build(results: Results) -> Table:
    """How many seeds of each cell collapsed, and how."""
    found = results.collapsed
    seeds = {(*cell(row), row["split"]): row["seeds"] + row["undefined"] for row in results.effectiveness}
    kinds: dict[tuple[object, ...], Counter[str]] = {}
    for row in found:
        kinds.setdefault((*cell(row), row["split"]), Counter())[row["kind"]] += 1
    keys = key_columns(found)
    columns = sorted({row["sparsity"] for row in found})

    def value(row: Row) -> tuple[Value, ...]:
        place = (*cell(row), row["split"])
        told = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds[place].items()))
        return (Value(f"{told} of {seeds[place]}"),)

    return Table(
        name="collapsed",
        title="Collapsed trials",
        caption="Seeds that give every example the same answer (constant), no class (empty) or every class "
        "(all-classes), or whose outputs are no numbers (nan), of all seeds of the cell. Near-constant: answers other "
        "than the most frequent one are less than a tenth as frequent as gold labels other than theirs; near-empty: "
        "classes are given less than a tenth as often as gold has them. Cells without any are left out.",
        keys=keys,
        columns=tuple(percent(sparsity) if sparsity else DENSE for sparsity in columns),
        parts=("",),
        lines=lines(found, keys, columns, value) if found else (),
        legend={},
        records=tuple(found),
        views=("collapsed", "effectiveness"),
    )


def without(build_table: Callable[[Results], Table]) -> Callable[[Results], Table]:
    """A sensitivity analysis: a table as if the collapsed trials had never committed; no lines where there are none."""

    def again(results: Results) -> Table:
        others = results.without_collapsed
        table = build_table(others or results)
        return replace(
            table,
            name=f"{table.name}_without_collapsed",
            title=f"{table.title}, without collapsed trials (sensitivity)",
            caption=f"{table.caption} A sensitivity analysis: leaving out the trials of the table collapsed chooses by "
            "the outcome, and leaves cells with unequally many seeds, or none. No finding rests on it.",
            legend={mark: LEFT_OUT.get(mark, told) for mark, told in table.legend.items()},
            lines=table.lines if others else (),
            records=table.records if others else (),
            views=(*table.views, "collapsed"),
        )

    again.__doc__ = f"{(build_table.__doc__ or '').partition(chr(10))[0]} Without collapsed trials."
    return again
