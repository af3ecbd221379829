"""Tables: how pruning moves the recalls of classes apart, cell by cell: Tables 12 and 13 of Good et al. 2022."""

from __future__ import annotations

from analysis.display_names import cell_name, method_name, percent
from analysis.results import Results, Row
from analysis.tables.hypotheses import p_value
from analysis.tables.layout import MISSING, key_columns
from analysis.tables.table import Line, Mark, Table, Value

ALPHA = 0.05
LEGEND: dict[Mark, str] = {
    "worst": "above the control, after correction",
    "better": "below the control, after correction",
    "incomplete": "fewer seeds committed than planned",
    "undefined": "some trials have no alpha: no parent in the store, no right answer, or equal recalls",
}
COLUMNS = (
    *("accuracy", "alpha", "alpha*", "less control", "alpha* less control", "lambda", "kappa", "dense on dense"),
    *("length", "odds ratio", "alpha / odds"),
)
EXPLAINED = (
    "alpha: slope through the origin of a class's recall balance, (recall - accuracy) / accuracy, after on before "
    "pruning; mean over seeds with its t interval (99 %; 95 % for five sparsities together), and whether that lies "
    "below 1 (<), above it (>) or not (?). Below 1 is no finding: alpha falls below it wherever part of a seed's own "
    "deviations is drawn anew, as fine-tuning alone does (regression dilution). alpha*: the slope with other seeds' "
    "balances as instrument, which does not fall, with its jackknife interval; none below five seeds or where "
    "lambda is below 0.3. Control: a reference that is trained on as long and loses no weight; mean difference and "
    "its p (paired t; of alpha by Bonferroni over the sparsities of the method). lambda: which part of the dense "
    "balances all seeds share. kappa: which part of a seed's own deviations is kept. Dense on dense: alpha of one "
    "dense model on another. Length: how much larger balances are, whichever class has them. Odds ratio: of an error, "
    "after against before; alpha / odds is 1 where the errors of all classes grow alike, so that alpha says no more "
    "than accuracy."
)


def build(results: Results) -> Table:
    """One line a cell: accuracy, alpha and alpha* with intervals and labels, the control, and what alpha is made of."""
    rows = [row for row in results.recall_distortions if row["seeds"]]
    keys = key_columns(rows)
    return Table(
        name="recall_distortion",
        title="Recall distortion",
        caption=" ".join(filter(None, [EXPLAINED, _collapsed(rows), _unbalanced(rows)])),
        keys=(*keys, "removed"),
        columns=COLUMNS,
        parts=("",),
        lines=tuple(Line(keys=_names(row, keys), values=_values(results, row)) for row in rows),
        legend=LEGEND,
        records=results.with_completeness(rows),
        views=("recall_distortion", "intensification"),
    )


def build_measures(results: Results) -> Table:
    """The slopes of recall, of recall by the mean of recalls, of precision and of F1; one line a cell."""
    rows = [row for row in results.recall_distortions if row["seeds"]]
    keys = key_columns(rows)
    names = ("alpha", "alpha_macro", "alpha_precision", "alpha_f1", "pooled", "pooled_r2")
    return Table(
        name="distortion_measures",
        title="Distortion of recall, precision and F1",
        caption="Mean alpha over seeds of normalised balances of recall; of recall by the mean of recalls in place of "
        "the accuracy (macro); of precision, none where a class is never predicted; of F1. Pooled: the slope of recall "
        f"over all seeds and classes, with r2 about 0. {_unbalanced(rows)}".strip(),
        keys=(*keys, "removed"),
        columns=("recall", "macro", "precision", "F1", "pooled", "r2"),
        parts=("",),
        lines=tuple(
            Line(keys=_names(row, keys), values=tuple((_number(row[name]),) for name in names)) for row in rows
        ),
        legend=LEGEND,
        records=results.with_completeness(rows),
        views=("recall_distortion", "intensification"),
    )


def _names(row: Row, keys: tuple[str, ...]) -> tuple[str, ...]:
    named = tuple(method_name(row[name]) if name == "method" else str(row[name]) for name in keys)
    return (*named, percent(row["sparsity"]))


def _values(results: Results, row: Row) -> tuple[tuple[Value, ...], ...]:
    marks: set[Mark] = {"incomplete"} if results.is_incomplete(row) else set()
    if row["undefined"]:
        marks.add("undefined")
    changed: set[Mark] = set()
    if row["corrected_p"] is not None and row["corrected_p"] <= ALPHA:
        changed.add("worst" if row["control_difference"] > 0 else "better")
    return (
        (_number(row["accuracy"], 3),),
        (Value(_told(row, "alpha", "low", "high", "label"), frozenset(marks)),),
        (Value(_told(row, "cross_alpha", "cross_low", "cross_high", "cross_label"), frozenset(marks)),),
        (Value(_difference(row, "control_difference", "corrected_p"), frozenset(changed)),),
        (Value(_difference(row, "cross_difference", "cross_p")),),
        *((_number(row[name]),) for name in ("reliability", "kappa", "dense_alpha", "length_ratio")),
        *((_number(row[name]),) for name in ("odds_ratio", "alpha_by_odds")),
    )


def _number(value: float | None, digits: int = 3) -> Value:
    return MISSING if value is None else Value(f"{value:.{digits}f}")


def _told(row: Row, name: str, low: str, high: str, label: str) -> str:
    if row[name] is None:
        return MISSING.text
    if row[low] is None:
        return f"{row[name]:.3f}"
    return f"{row[name]:.3f} ({row[low]:.3f} to {row[high]:.3f}) {row[label]}"


def _difference(row: Row, name: str, p: str) -> str:
    if row[name] is None:
        return MISSING.text
    return f"{row[name]:+.3f}" + ("" if row[p] is None else f" (p {p_value(row[p])})")


def _collapsed(rows: list[Row]) -> str:
    found = [row for row in rows if row["collapsed"]]
    if not found:
        return ""
    cells = ", ".join(dict.fromkeys(cell_name(row["method"], row["sparsity"]) for row in found))
    return (
        f"Collapsed trials ({cells}): where all answers are one class, alpha has the sign of that class's balance and "
        "says nothing else."
    )


def _unbalanced(rows: list[Row]) -> str:
    """Of which tasks classes have unequally many examples, and what that changes, in a sentence; else nothing."""
    tasks = sorted({row["task"] for row in rows if not row["is_balanced"]})
    if not tasks:
        return ""
    return (
        f"Classes of {', '.join(tasks)} have unequally many examples: balances of a trial do not add up to 0, "
        "accuracy is not the mean of recalls, and a frequent class lies near it by arithmetic; the macro version in "
        "the table distortion_measures takes the mean of recalls instead."
    )
