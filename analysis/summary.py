"""Print a study's result when it is done: PIEs beside seed noise, and sentences that pruning breaks."""

from __future__ import annotations

import textwrap
from collections.abc import Collection
from itertools import groupby

from analysis.broken_examples import BrokenExample, surest_broken
from analysis.display_names import method_key, method_name, percent
from analysis.overview import BEYOND, NOISE, overviews, places
from analysis.page.cautions import cautions
from analysis.quoting import WIDTH, quoted
from analysis.results import Results, Row, cell
from analysis.tables.effectiveness import mean_and_deviation
from runner.methods import DENSE
from runner.printable import printable

MISSING = "-"
LEGEND = (
    "PIE %: examples whose vote is not that of the dense models. Floors: what two disjoint halves of the dense "
    "seeds, and two of the pruned ones, disagree on by seed noise alone. Excess: what a dense and a pruned half "
    "disagree on, less the mean of both floors. No interval below five seeds."
)
NO_INTERVAL = "no interval"
Key = tuple[str, str, str, float, str]
"""Task, model, method, sparsity and split."""


def pie_table(results: Results) -> str:
    """Per task, split and model: the dense models' effectiveness, then what is known of every pruned cell.

    PIE %, effectiveness (mean over seeds), both noise floors, and the excess over them with its 95 % interval. A dagger
    marks cells, or a dense cell behind them, with fewer committed seeds than planned. What to know before believing the
    numbers stands at the end.
    """
    known = {(*cell(row), row["split"]): row for row in results.survey.intervals}
    rates = {(*cell(row), row["split"]): row["rate"] for row in results.pie_rate}
    groups = groupby(results.effectiveness, key=lambda row: (row["task"], row["split"], row["model"]))
    blocks = [_block(results, key, list(rows), rates, known) for key, rows in groups]
    told = [textwrap.fill(f"warning: {caution}", WIDTH) for caution in cautions(results)]
    legend = [textwrap.fill(LEGEND, WIDTH)] if results.survey.intervals else []
    return "\n\n".join([*blocks, *legend, *told]) if blocks else "no committed trials yet"


def told(results: Results) -> str:
    """In how many cells PIEs are told apart from seed noise, and the largest effect that is one, by task and model."""
    lines = []
    for one in overviews(results, 0):
        effect = f" The largest effect: {one.effect}." if one.effect else ""
        lines.append(printable(f"{one.task}, {one.model}: {one.summary}{effect}"))
    return "\n".join(textwrap.fill(line, WIDTH) for line in lines)


def broken_examples(results: Results, count: int) -> str:
    """`count` examples that pruning breaks, as paragraphs under a heading: of every task and model those of which the
    dense models were surest, the ones that they had right first.
    """
    found = [one for place in places(results) for one in surest_broken(results, place, count)]
    ranked = sorted(found, key=lambda one: not one.was_right)[:count]
    if not ranked and not results.rows("SELECT task FROM internal.task WHERE is_voted"):
        return "answers are numbers, on which seeds do not vote: no example is a PIE (piesweep sql: FROM drift)"
    if not ranked:
        return "no example is broken by pruning"
    right = all(one.was_right for one in ranked)
    heading = f"Broken by pruning{', and right before' if right else ''}; the dense models were surest of these:"
    return "\n\n".join([heading, *map(_paragraph, ranked)])


def _block(
    results: Results, place: tuple[str, str, str], rows: list[Row], rates: dict[Key, float], known: dict[Key, Row]
) -> str:
    task, split, model = place
    dense = next((row for row in rows if row["method"] == DENSE), None)
    told = (
        "no dense seed yet"
        if dense is None
        else f"dense {dense['metric']} {mean_and_deviation(dense)}, {dense['seeds']} seeds"
    )
    lines = [f"{task}, {model}, {split} split: {told}"]
    pruned = sorted((row for row in rows if row["method"] != DENSE), key=lambda row: method_key(row["method"]))
    for sparsity in sorted({row["sparsity"] for row in pruned}):
        heading = f"{percent(sparsity)} removed"
        lines += ["", f"{heading:15}{'PIE %':>7}{rows[0]['metric']:>10}{'floors %':>13}   excess, points (95 %)"]
        for row in pruned:
            if row["sparsity"] == sparsity:
                at = (*cell(row), row["split"])
                mean = MISSING if row["mean"] is None else f"{row['mean']:.3f}"
                mean += ("†" if results.is_incomplete(row) else "") + ("‡" if row["undefined"] else "")
                line = f"{method_name(row['method']):15}{_points(rates.get(at)):>7}{mean:>10}"
                lines.append(f"{line}{_beside_noise(known[at])}" if at in known else line)
    if any("†" in line for line in lines):
        lines.append("† fewer seeds committed than planned")
    if any("‡" in line for line in lines):
        lines.append("‡ some seeds have no value, since their answers are all the same or no numbers")
    return "\n".join(lines)


def _beside_noise(row: Row) -> str:
    floors = f"{_points(row['noise_floor'])} {_points(row['pruned_floor']):>5}"
    if row["excess"] is None:
        return f"{floors:>13}   {MISSING} ({row['reason']})"
    excess = f"{round(row['excess'] * 100, 1) + 0.0:+.1f}"  # no -0.0
    if row["excess_low"] is None:
        return f"{floors:>13}   {excess:21}  {NO_INTERVAL}"
    interval = f"{excess} ({row['excess_low'] * 100:.1f} to {row['excess_high'] * 100:.1f})"
    return f"{floors:>13}   {interval:21}  {BEYOND if row['excess_low'] > 0 else NOISE}"


def _points(share: float | None) -> str:
    return MISSING if share is None else f"{share * 100:.1f}"


def _paragraph(one: BrokenExample) -> str:
    methods = {method for method, _, _ in one.cells}
    lowest = min(sparsity for _, sparsity, _ in one.cells)
    vote = next(vote for _, sparsity, vote in one.cells if sparsity == lowest)
    gold = "unknown" if one.gold is None else _classes(one.gold)
    dense = f"{_classes(one.dense)} ({one.agreeing} of {one.seeds})"
    return (
        f"{quoted(one.text, one.text_pair, one.example_id, one.picture)}\n"
        f"  gold {gold} · dense models {dense} · pruned models {_classes(vote)}\n"
        f"  {one.task}, {one.model}, {one.split} example {one.example_id}: broken by {len(methods)} "
        f"method{_s(methods)} in {len(one.cells)} cell{_s(one.cells)}, from {percent(lowest)} on"
    )


def _s(several: Collection[object]) -> str:
    return "" if len(several) == 1 else "s"


def _classes(vote: tuple[str, ...]) -> str:
    return printable(", ".join(vote)) or "no class"
