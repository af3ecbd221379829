"""Table: declared hypotheses and what they came to, one line a comparison, the family's correction applied."""

from __future__ import annotations

from analysis.results import Results, Row
from analysis.statistics.hypothesis_tests import declared, sides
from analysis.tables.layout import MISSING
from analysis.tables.table import Line, Mark, Table, Value
from runner.methods import DENSE

LEGEND: dict[Mark, str] = {
    "better": "higher than the other side, after correction",
    "worst": "lower, after correction",
    "incomplete": "fewer seeds committed than planned",
}
MARKS: dict[str, Mark] = {"higher": "better", "lower": "worst"}
COLUMNS = ("pairs", "difference", "interval", "p", "corrected p", "verdict")


def build(results: Results) -> Table:
    """Pairs, mean difference, its interval, p-value and corrected p-value of every declared comparison."""
    rows = [{**row, "incomplete": _is_incomplete(results, row)} for row in declared(results)]
    return Table(
        name="hypotheses",
        title="Declared hypotheses",
        caption="What the study said would be compared, in families that are corrected together. Difference: first "
        "side minus second, with its interval at confidence 1 - alpha (of the comparison alone; none of votes below "
        "five seeds). Pairs are seeds: would further seeds show it? swap compares the votes of both sides, and "
        "lets their models change places seed by seed. For mcnemar pairs are examples: would further examples show it, "
        "with these very seeds? Where seeds share noise, that finds differences which further seeds do not have. What "
        "cannot be tested counts as a comparison with p = 1.",
        keys=("family", "test", "declared", "task", "model", "method"),
        columns=COLUMNS,
        parts=("",),
        lines=tuple(Line(keys=_keys(row), values=_values(row)) for row in rows),
        legend=LEGEND,
        records=tuple(rows),
        views=("hypotheses", "seed_pairs", "example_pairs"),
    )


def p_value(p: float) -> str:
    """Three digits, or the bound below which there are none."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _keys(row: Row) -> tuple[str, ...]:
    sided = "" if row["alternative"] == "two-sided" else f" ({row['alternative']})"
    test = f"{row['compare']}, {row['test']}{sided}, {row['correction']}, alpha {row['alpha']:g}, {row['split']} split"
    status = row["status"] + (", withdrawn later" if row["withdrawn"] else "")
    return row["family"], test, status, row["task"], row["model"], " against ".join(sides(row))


def _values(row: Row) -> tuple[tuple[Value, ...], ...]:
    marks: set[Mark] = {"incomplete"} if row["incomplete"] else set()
    if row["verdict"] in MARKS:
        marks.add(MARKS[row["verdict"]])
    if row["p"] is None:
        told = Value(f"{row['verdict']}: {row['reason']}", frozenset(marks))
        return (Value(str(row["pairs"])),), *[(MISSING,)] * 4, (told,)
    return (
        (Value(str(row["pairs"])),),
        (Value(f"{row['estimate']:+.4f}"),),
        (MISSING if row["low"] is None else Value(f"{row['low']:+.4f} to {row['high']:+.4f}"),),
        (Value(p_value(row["p"])),),
        (Value(p_value(row["corrected_p"])),),
        (Value(row["verdict"], frozenset(marks)),),
    )


def _is_incomplete(results: Results, row: Row) -> bool:
    model, method, sparsity = row["other_model"], row["other_method"], row["other_sparsity"]
    other = {
        "task": row["other_task"] or row["task"],
        "model": model or row["model"],
        "method": method or DENSE,
        "sparsity": sparsity or 0.0,
    }
    return results.is_incomplete(row) or results.is_incomplete(other)
