"""A store's quality beside the tables of Ren and Zhu 2023, and what stands behind each row."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, groupby
from statistics import fmean

from analysis.display_names import method_key, method_name, percent
from analysis.published.quality_comparison import BesideQuality, QualityComparison
from analysis.published.quality_figures import BUDGETS, REFERENCE
from analysis.results import Results, Row
from analysis.statistics.qualities import AS_THEY_ARE, decimals
from analysis.tables.layout import MISSING
from analysis.tables.quality_notes import (
    chosen_told,
    counted_told,
    differences_told,
    epochs_told,
    sizes_told,
    teacher_told,
)
from analysis.tables.table import Line, Mark, Table, Value
from runner.methods import DENSE

TITLES = {
    1: "GLUE at 80 and 90 %",
    2: "SQuAD",
    3: "CoNLL-2003",
    4: "Texts from data",
    5: "GLUE at 30 and 50 %",
    6: "What is learned from",
    8: "MiniLM on three tasks of GLUE",
    9: "ELECTRA on three tasks of GLUE",
}
LEGEND: dict[Mark, str] = {
    "incomplete": "of another number of seeds than the published figure, or nobody says of how many that is",
    "undefined": "a published figure that is not to be trusted",
}
NAMES = (
    "comparison_quality",
    *(f"compared_quality_{number}" for number in TITLES),
    "compared_quality_budgets",
)


def build(results: Results) -> tuple[Table, ...]:
    """What it comes to, every published table that the store has cells of, and the budgets; nothing without cells."""
    comparison = QualityComparison(results)
    found = {number: list(own) for number, own in groupby(comparison.pairs, key=lambda pair: pair.table)}
    if not found:
        return ()
    sides = (_beside(comparison, number, own) for number, own in found.items())
    return (_summary(comparison, found), *sides, _budgets(comparison))


def _beside(comparison: QualityComparison, number: int, pairs: list[BesideQuality]) -> Table:
    figures = [*dict.fromkeys((pair.published.task, pair.published.metric) for pair in pairs)]
    shown = sorted(pairs, key=lambda pair: (pair.model, *_place(figures, pair), pair.published.sparsity))
    told = [
        _seeds(pairs),
        sizes_told(comparison, pairs),
        *differences_told(comparison, pairs),
        _as_they_are(number, pairs),
        _matched(pairs),
        _doubts(pairs),
    ]
    return Table(
        name=f"compared_quality_{number}",
        title=f"{TITLES[number]}, beside Table {number} of {REFERENCE}",
        caption=" ".join(filter(None, told)),
        keys=("model", "task", "figure", "method", "removed", "published by"),
        columns=("here", "published", "difference"),
        parts=("",),
        lines=tuple(Line(keys=_keys(pair), values=_values(pair)) for pair in shown),
        legend=LEGEND,
        records=tuple(map(_record, shown)),
        views=("metrics", "trials"),
    )


def _place(figures: list[tuple[str, str]], pair: BesideQuality) -> tuple[int, int]:
    """The places of a pair's task, and of its figure, among those of a table."""
    one = pair.published
    return [task for task, _ in figures].index(one.task), figures.index((one.task, one.metric))


def _summary(comparison: QualityComparison, found: dict[int, list[BesideQuality]]) -> Table:
    rows = [{"table": number, **_sums(own)} for number, own in found.items()]
    return Table(
        name="comparison_quality",
        title=f"This store beside {REFERENCE}",
        caption="Of the pruned cells that both have and whose published figure is to be trusted: the mean absolute "
        "difference in points (without BLEURT, which has none), and of how many pairs of methods at one task and "
        "sparsity both say alike which is better. The rows differ in more than their method: see the budgets. "
        f"{_changed(comparison)}".rstrip(),
        keys=("table",),
        columns=("compared", "mean absolute difference", "same order"),
        parts=("",),
        lines=tuple(
            Line(
                keys=(f"Table {row['table']}: {TITLES[row['table']]}",),
                values=(
                    (Value(str(row["compared"])),),
                    (MISSING if row["difference"] is None else Value(f"{row['difference']:.1f}"),),
                    (Value(f"{row['same']} of {row['ordered']}") if row["ordered"] else MISSING,),
                ),
            )
            for row in rows
        ),
        legend={},
        records=tuple(rows),
        views=("metrics",),
    )


def _sums(pairs: list[BesideQuality]) -> Row:
    known = [pair for pair in pairs if pair.difference is not None and not pair.published.doubt]
    pruned = [pair for pair in known if pair.published.sparsity]
    points = [abs(pair.difference or 0.0) for pair in pruned if pair.published.metric not in AS_THEY_ARE]
    ordered = [_same_order(*two) for two in combinations(pruned, 2) if _rivals(*two)]
    return {
        "compared": len(pruned),
        "difference": fmean(points) if points else None,
        "ordered": len(ordered),
        "same": sum(ordered),
    }


def _rivals(one: BesideQuality, other: BesideQuality) -> bool:
    """True for two methods of one figure, which the paper does not print as equal."""
    places = {
        (pair.model, pair.published.task, pair.published.metric, pair.published.sparsity) for pair in (one, other)
    }
    return len(places) == 1 and one.method != other.method and one.published.value != other.published.value


def _same_order(one: BesideQuality, other: BesideQuality) -> bool:
    here = (one.ours or 0.0) - (other.ours or 0.0)
    there = (one.published.value or 0.0) - (other.published.value or 0.0)
    return here * there > 0


def _changed(comparison: QualityComparison) -> str:
    """Which of the methods have other options than their names say."""
    methods = dict.fromkeys(pair.method for pair in comparison.pairs if pair.ours is not None)
    told = [
        f"{method_name(method)} is {variant.title}"
        for method in methods
        for variant in comparison.results.variants.get(method, ())
        if variant.changed
    ]
    return f"{'; '.join(told)}." if told else ""


def _budgets(comparison: QualityComparison) -> Table:
    rows = [*_here(comparison), *_there(comparison)]
    return Table(
        name="compared_quality_budgets",
        title="What stands behind the rows that are compared",
        caption="Epochs, what is learned from besides the labels, of what the sparsity is a share, which network of a "
        "training answers, and seeds. Rows whose budgets differ do not say which method is better.",
        keys=("rows", "method", "budget", "is"),
        columns=(),
        parts=("",),
        lines=tuple(
            Line(keys=(row["rows"], row["methods"], told, row[name]), values=())
            for row in rows
            for name, told in FIELDS.items()
        ),
        legend={},
        records=tuple(rows),
        views=("trials",),
    )


FIELDS = {
    "epochs": "epochs",
    "teacher": "learns from besides labels",
    "counted": "sparsity is of",
    "chosen": "which network answers",
    "seeds": "seeds",
}
"""Parts of a budget -> what they are called."""


def _here(comparison: QualityComparison) -> Iterator[Row]:
    """A row for the methods of each model of the store that have one budget."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in comparison.trained:
        groups.setdefault((row["model"], row["method"]), []).append(row)
    alike: dict[tuple[str, ...], list[str]] = {}
    for (model, method), rows in sorted(groups.items(), key=lambda group: (group[0][0], method_key(group[0][1]))):
        seeds = sorted({row["seeds"] for row in rows})
        line = next((one.line for one in comparison.results.variants.get(method, ())), None)
        told = (
            epochs_told(rows),
            teacher_told(line),
            counted_told(line),
            chosen_told(rows),
            str(seeds[0]) if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}",
        )
        alike.setdefault((f"here, {model}", *told), []).append(method if method == DENSE else method_name(method))
    for budget, methods in alike.items():
        yield {"rows": budget[0], "methods": ", ".join(methods), **dict(zip(FIELDS, budget[1:], strict=True))}


def _there(comparison: QualityComparison) -> Iterator[Row]:
    """A row for each source of published figures that are shown."""
    methods: dict[str, dict[str, None]] = {}
    for pair in comparison.pairs:
        methods.setdefault(pair.published.source, {})[_published_name(pair)] = None
    for source, budget in BUDGETS.items():
        if source in methods:
            yield {
                "rows": source,
                "methods": ", ".join(methods[source]),
                "epochs": budget.epochs,
                "teacher": budget.teacher,
                "counted": budget.counted,
                "chosen": budget.chosen,
                "seeds": "not said" if budget.seeds is None else str(budget.seeds),
            }


def _published_name(pair: BesideQuality) -> str:
    method = pair.published.method
    return method if method == DENSE else method_name(method)


def _seeds(pairs: list[BesideQuality]) -> str:
    counts = sorted({pair.seeds for pair in pairs if pair.ours is not None})
    here = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    known = dict.fromkeys(pair.published.source for pair in pairs)
    there = ", ".join(f"{_number(BUDGETS[source].seeds)} of {source}" for source in known)
    return f"In percent. Means of {here} seeds here; seeds of the published figures: {there}."


def _number(seeds: int | None) -> str:
    return "an unknown number" if seeds is None else str(seeds)


def _as_they_are(number: int, pairs: list[BesideQuality]) -> str:
    """What is said of BLEURT, the one figure of Table 4 that is no percentage, or that it is not there."""
    if number != 4:
        return ""
    if any(pair.published.metric in AS_THEY_ARE for pair in pairs):
        return "BLEURT as it is; the paper does not say of which checkpoint."
    return "BLEURT, which the paper prints of DART and WebNLG, is not measured here: no checkpoint was named."


def _matched(pairs: list[BesideQuality]) -> str:
    """What of the further rows is not the table's own figure."""
    if all(pair.published.metric != "accuracy-matched" for pair in pairs):
        return ""
    return "oBERT's accuracy on MNLI is that of the matched dev set alone."


def _doubts(pairs: list[BesideQuality]) -> str:
    reasons = dict.fromkeys(pair.published.doubt for pair in pairs if pair.published.doubt)
    return f"Not to be trusted (‡), since {'; '.join(reasons)}." if reasons else ""


def _keys(pair: BesideQuality) -> tuple[str, ...]:
    one = pair.published
    name = pair.method if pair.method == DENSE else method_name(pair.method)
    return pair.model, one.task, one.metric, name, percent(one.sparsity), one.source


def _values(pair: BesideQuality) -> tuple[tuple[Value, ...], ...]:
    doubted: frozenset[Mark] = frozenset({"undefined"} if pair.published.doubt else ())
    unequal: frozenset[Mark] = frozenset({"incomplete"} if pair.is_unequal else ())
    places = decimals(pair.published.metric)
    ours = MISSING if pair.ours is None else Value(f"{pair.ours:.{places}f}", unequal)
    difference = MISSING if pair.difference is None else Value(f"{pair.difference:+.{places}f}")
    return (ours,), (Value(pair.published.text, doubted),), (difference,)


def _record(pair: BesideQuality) -> Row:
    one = pair.published
    budget = BUDGETS[one.source]
    return {
        "table": pair.table,
        "row": one.row,
        "column": one.column,
        "published_by": one.source,
        "task": one.task,
        "model": pair.model,
        "method": pair.method,
        "sparsity": one.sparsity,
        "metric": one.metric,
        "here": pair.ours,
        "published": one.text,
        "difference": pair.difference,
        "seeds": pair.seeds or None,
        "published_seeds": budget.seeds,
        "doubt": one.doubt,
    }
