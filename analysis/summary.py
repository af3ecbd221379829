"""What to print when a study is done: the PIE table, and sentences that pruning breaks."""

from __future__ import annotations

import textwrap
from itertools import groupby
from pathlib import Path

from analysis.broken import Broken, surest_broken
from analysis.database import connect
from analysis.hardware import warnings
from analysis.order import method_key, method_name, percent
from analysis.overview import places
from analysis.results import Results, Row, cell
from analysis.tables.effectiveness import mean_and_deviation
from runner.methods import DENSE
from runner.printable import printable

WIDTH = 100
MISSING = "-"


def pie_table(store: Path) -> str:
    """Per task, split and model: the dense models' effectiveness, then PIE % and effectiveness of every pruned cell.

    Effectiveness is the mean over seeds. A dagger marks cells, or a dense cell behind them, with fewer committed seeds
    than planned. Comparisons across vendors' devices are warned of at the end.
    """
    results = Results(connect(store, kept=("votes", "pairs")))
    places = groupby(results.effectiveness, key=lambda row: (row["task"], row["split"], row["model"]))
    blocks = [_block(results, key, list(rows)) for key, rows in places]
    told = [f"warning: {warning}" for warning in warnings(results)]
    return "\n\n".join([*blocks, *told]) if blocks else "no committed trials yet"


def broken_examples(store: Path, count: int) -> str:
    """`count` examples that pruning breaks, as paragraphs: of every task and model those of which the dense models were
    surest, the ones that they had right first.
    """
    results = Results(connect(store, kept=("votes", "pairs")))
    found = [one for place in places(results) for one in surest_broken(results, place, count)]
    ranked = sorted(found, key=lambda one: not one.was_right)
    return "\n\n".join(_paragraph(one) for one in ranked[:count]) if ranked else "no example is broken by pruning"


def _block(results: Results, place: tuple[str, str, str], rows: list[Row]) -> str:
    task, split, model = place
    dense = next((row for row in rows if row["method"] == DENSE), None)
    rates = {(*cell(row), row["split"]): row["rate"] for row in results.pie_rate}
    values = {(row["method"], row["sparsity"]): row for row in rows}
    sparsities = sorted({row["sparsity"] for row in rows if row["method"] != DENSE})
    methods = sorted({row["method"] for row in rows if row["method"] != DENSE}, key=method_key)
    told = (
        "no dense seed yet"
        if dense is None
        else f"dense {dense['metric']} {mean_and_deviation(dense)}, {dense['seeds']} seeds"
    )
    lines = [f"{task}, {model}, {split} split: {told}", ""]
    lines.append(f"{'':10}" + "".join(f"{percent(sparsity):>18}" for sparsity in sparsities))
    lines.append(f"{'method':10}" + f"{'PIE %':>9}{rows[0]['metric']:>9}" * len(sparsities))
    for method in methods:
        line = f"{method_name(method):10}"
        for sparsity in sparsities:
            row = values.get((method, sparsity))
            rate = rates.get((task, model, method, sparsity, split))
            broken = MISSING if rate is None else f"{rate * 100:.1f}"
            mean = f"{row['mean']:.3f}" if row else MISSING
            line += f"{broken:>9}{mean + ('†' if row and results.is_incomplete(row) else ''):>9}"
        lines.append(line)
    if any("†" in line for line in lines):
        lines.append("† fewer seeds committed than planned")
    return "\n".join(lines)


def _paragraph(one: Broken) -> str:
    text = " / ".join(printable(" ".join(part.split())) for part in (one.text, one.text_pair) if part is not None)
    shown = textwrap.shorten(text, 4 * WIDTH, placeholder=" …") or f"(example {one.example_id} has no text)"
    quoted = textwrap.fill(f"“{shown}”", WIDTH, initial_indent="  ", subsequent_indent="   ")
    methods = {method for method, _, _ in one.cells}
    lowest = min(sparsity for _, sparsity, _ in one.cells)
    vote = next(vote for _, sparsity, vote in one.cells if sparsity == lowest)
    gold = "unknown" if one.gold is None else _classes(one.gold)
    return (
        f"{quoted}\n  gold {gold} · dense models {_classes(one.dense)} · pruned models {_classes(vote)}\n"
        f"  {one.task}, {one.model}, {one.split} example {one.example_id}: broken by {len(methods)} "
        f"method{'' if len(methods) == 1 else 's'} in {len(one.cells)} cells, from {percent(lowest)} on"
    )


def _classes(vote: tuple[str, ...]) -> str:
    return printable(", ".join(vote)) or "no class"
