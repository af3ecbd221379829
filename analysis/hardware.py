"""Measure what hardware alone changes: how often it changes an answer, and which comparisons it may touch."""

from __future__ import annotations

from analysis.display_names import method_key, method_name, percent
from analysis.results import Results, Row
from runner.methods import DENSE

SHOWN = 20


def disagreement(results: Results) -> list[Row]:
    """Per task, split and pair of vendors: trials compared, and the share of examples that they answer otherwise.

    rate: over all trials; lowest and highest: of single trials.
    """
    return results.rows("""
        SELECT task, split, vendor, other_vendor, count(*) AS trials,
            sum(differ) / sum(examples) AS rate, min(rate) AS lowest, max(rate) AS highest
        FROM canary GROUP BY task, split, vendor, other_vendor
        ORDER BY task, split <> 'test', split, vendor, other_vendor""")


def confounded(results: Results) -> list[Row]:
    """Rows of the view `confounded`, those against the dense models first, most seeds apart first."""

    def place(row: Row) -> tuple[object, ...]:
        names = (row["task"], row["model"], method_key(row["method"]), row["sparsity"])
        return row["other_method"] != DENSE, -row["apart"] / row["seeds"], *names

    return sorted(results.rows("FROM confounded"), key=place)


def warnings(results: Results) -> list[str]:
    """One sentence for each kind of comparison whose sides ran on devices of different vendors."""
    found = confounded(results)
    pies = [row for row in found if row["other_method"] == DENSE]
    methods = len(found) - len(pies)
    told = []
    if pies:
        cells = len({(row["task"], row["model"], row["method"], row["sparsity"]) for row in pies})
        told.append(
            f"{cells} pruned cell{'' if cells == 1 else 's'} had seeds whose dense trial ran on another vendor's "
            f"device ({sum(row['apart'] for row in pies)} of {sum(row['seeds'] for row in pies)} seeds): hardware may "
            "have made a part of their PIEs."
        )
    if methods:
        told.append(
            f"{methods} pair{'' if methods == 1 else 's'} of pruned cells had seeds that ran on different vendors' "
            "devices: hardware may have made a part of the difference between them."
        )
    return told


def described(row: Row) -> str:
    """A row of `confounded` in words."""
    left = f"{method_name(row['method'])} {percent(row['sparsity'])}"
    dense = row["other_method"] == DENSE
    right = DENSE if dense else f"{method_name(row['other_method'])} {percent(row['other_sparsity'])}"
    return f"{row['task']}, {row['model']}: {left} against {right}, {row['apart']} of {row['seeds']} seeds"
