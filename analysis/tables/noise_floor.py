"""How much of a PIE rate is noise of the seeds."""

from __future__ import annotations

from analysis.results import Results, Row
from analysis.statistics.noise_floor import RESAMPLES, SPLITS
from analysis.tables.layout import MISSING, headings, key_columns, lines, sparsities
from analysis.tables.table import Mark, Table, Value
from runner.methods import DENSE

LEGEND: dict[Mark, str] = {
    "best": "above the noise floor by more than its interval",
    "incomplete": "fewer seeds committed than planned",
}
MEASURES = {"rate": ("low", "high"), "noise_floor": None, "excess": ("excess_low", "excess_high")}
NAMES = {"rate": "PIE %", "noise_floor": "noise floor %", "excess": "excess, points"}


def build(results: Results) -> Table:
    """PIE rate and excess over the noise floor, each with its interval, per model and method, by sparsity."""
    found = [row for row in results.survey.intervals if row["rate"] is not None]
    shown = {"rate": found, "noise_floor": _floors(found), "excess": found}
    rows = [row | {"measure": NAMES[name], "name": name} for name in MEASURES for row in shown[name]]
    rows.sort(key=lambda row: (row["task"], row["split"], row["model"]))
    columns, keys = sparsities(rows), key_columns(rows, "measure")
    return Table(
        name="noise_floor",
        title="PIEs beyond chance",
        caption=f"PIE %: with the 95 % interval of {RESAMPLES} bootstrap resamples of the seeds. Noise floor: the "
        f"PIE % between disjoint halves of the dense seeds, mean over at most {SPLITS} splits. Excess: the"
        " PIE % between half of the dense and the other half of the pruned seeds, less the noise floor. "
        "Votes of fewer seeds waver more: do not take the noise floor off the PIE % itself.",
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
    if name == "excess" and row["excess_low"] > 0:
        marks.add("best")
    text = f"{row[name] * 100:.1f}"
    if bounds and row[bounds[0]] is not None:
        low, high = (row[bound] * 100 for bound in bounds)
        text += f" ({low:.1f} to {high:.1f})"
    return Value(text, frozenset(marks))
