"""Table: how much of a PIE rate is noise of the seeds."""

from __future__ import annotations

from analysis.results import Results, Row
from analysis.statistics.noise_floor import RESAMPLES, SPLITS
from analysis.tables.layout import MISSING, headings, key_columns, lines, seeds_told, sparsities
from analysis.tables.table import Mark, Table, Value
from runner.methods import DENSE

LEGEND: dict[Mark, str] = {
    "best": "above both noise floors by more than its interval",
    "incomplete": "fewer seeds committed than planned",
}
MEASURES = {
    "rate": ("two_way_low", "two_way_high"),
    "noise_floor": None,
    "pruned_floor": None,
    "halves_rate": None,
    "excess": ("excess_low", "excess_high"),
}
NAMES = {
    "rate": "PIE %",
    "noise_floor": "noise floor %",
    "pruned_floor": "pruned floor %",
    "halves_rate": "PIE % of halves",
    "excess": "excess, points",
}


def build(results: Results) -> Table:
    """PIE rate, both noise floors, rate of halves, and excess over the floors, per model and method, by sparsity."""
    found = [row for row in results.survey.intervals if row["rate"] is not None]
    shown = dict.fromkeys(MEASURES, found) | {"noise_floor": _floors(found)}
    rows = [row | {"measure": NAMES[name], "name": name} for name in MEASURES for row in shown[name]]
    rows.sort(key=lambda row: (row["task"], row["split"], row["model"]))
    columns, keys = sparsities(rows), key_columns(rows, "measure")
    return Table(
        name="noise_floor",
        title="PIEs beyond chance",
        caption=f"PIE %: with its 95 % interval over seeds and examples ({RESAMPLES} bootstrap resamples of the seeds, "
        "and the variance over examples). Noise floor and pruned floor: the PIE % between disjoint odd halves of the "
        f"dense seeds, and of the pruned ones, mean over at most {SPLITS} splits. PIE % of halves: between half of the "
        "dense and another half of the pruned seeds; what methods are to be ranked by, since they share unequally much "
        "with the dense model of their seed. Excess: this less the mean of both floors, with its 95 % interval over "
        "seeds, on these examples; 0 on average if pruning does nothing. No interval below five seeds. Votes of fewer "
        f"seeds waver more: do not take a floor off the PIE % itself. {seeds_told(found)} "
        f"{results.longer_training}".rstrip(),
        keys=keys,
        columns=headings(columns),
        parts=("",),
        lines=lines(rows, keys, columns, lambda row: (_value(row, results),)),
        legend=LEGEND,
        records=tuple(row | {"incomplete": results.is_incomplete(row)} for row in results.survey.intervals),
        views=("predictions",),
    )


def _floors(rows: list[Row]) -> list[Row]:
    """One line per task and model, which pruned cells that lack seeds must not shorten."""
    best: dict[tuple[str, str, str, float], Row] = {}
    for row in rows:
        key = (row["task"], row["split"], row["model"], row["sparsity"])
        if row["noise_floor"] is not None and (key not in best or best[key]["half"] < row["half"]):
            best[key] = row | {"method": DENSE}
    return list(best.values())


def _value(row: Row, results: Results) -> Value:
    name = row["name"]
    marks: set[Mark] = {"incomplete"} if results.is_incomplete(row) else set()
    if row[name] is None:
        return Value(MISSING.text, frozenset(marks))
    bounds = MEASURES[name]
    if name == "excess" and (row["excess_low"] or 0.0) > 0:
        marks.add("best")
    text = f"{row[name] * 100:.1f}"
    if bounds and row[bounds[0]] is not None:
        low, high = (row[bound] * 100 for bound in bounds)
        text += f" ({low:.1f} to {high:.1f})"
    return Value(text, frozenset(marks))
