"""Table: what goes along with human disagreement, being broken by pruning or being hard early in training."""

from __future__ import annotations

from analysis.results import Results, Row
from analysis.statistics.human_difficulty import correlations
from analysis.tables.hypotheses import p_value
from analysis.tables.layout import MISSING
from analysis.tables.table import Line, Table, Value


def build(results: Results) -> Table:
    """Spearman's rho of human disagreement with the number of cells that break an example, and with EL2N."""
    rows = correlations(results)
    return Table(
        name="human_correlations",
        title="What human disagreement goes along with",
        caption="Spearman's rank correlation of people's disagreement on an example with the number of pruned cells in "
        "which it is a PIE, and with its EL2N score; 95 % interval; p corrected by Holm over the task; exploratory.",
        keys=("task", "model", "split", "disagreement with"),
        columns=("examples", "rho", "interval", "p"),
        parts=("",),
        lines=tuple(
            Line(keys=(row["task"], row["model"], row["split"], row["measure"]), values=_values(row)) for row in rows
        ),
        legend={},
        records=tuple(rows),
        views=("pies", "el2n", "human_disagreement"),
    )


def _values(row: Row) -> tuple[tuple[Value, ...], ...]:
    examples = (Value(str(row["examples"])),)
    if row["p"] is None:
        return examples, *[(MISSING,)] * 3
    return (
        examples,
        (Value(f"{row['rho']:+.3f}"),),
        (Value(f"{row['low']:+.3f} to {row['high']:+.3f}"),),
        (Value(p_value(row["corrected_p"])),),
    )
