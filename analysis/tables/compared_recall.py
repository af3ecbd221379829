"""A store's recall distortion beside the tables of Good et al. 2022."""

from __future__ import annotations

from itertools import groupby
from statistics import fmean

from analysis.display_names import method_name
from analysis.published.recall_figures import REFERENCE, Beside, RecallComparison, Side
from analysis.results import Results, Row
from analysis.tables.hypotheses import p_value
from analysis.tables.layout import MISSING
from analysis.tables.table import Line, Mark, Table, Value

ALPHA = 0.05
TITLES = {
    1: "Ratios compared within networks, MP",
    2: "Ratios compared within networks, UP",
    3: "Ratios compared within data sets",
    4: "Ratios compared within methods",
    5: "Networks compared, MP",
    6: "Networks compared, UP",
    7: "Data sets compared",
    8: "Methods compared",
    9: "MP and UP compared within networks",
    10: "Accuracy before pruning",
    11: "Variance of recall",
    12: "Lottery tickets by level",
    13: "Filters by channel independence",
}
DIGITS = {"accuracy": 3, "recall variance": 4, "alpha": 3}
LEGEND: dict[Mark, str] = {"undefined": "a published figure that is not to be trusted"}
NAMES = ("comparison_recall", *(f"compared_recall_{number}" for number in TITLES))


def build(results: Results) -> tuple[Table, ...]:
    """What it comes to, then every published table that the store has cells for; nothing where it has none."""
    pairs = RecallComparison(results).pairs
    found = {number: list(own) for number, own in groupby(pairs, key=lambda pair: pair.published.table)}
    return (_summary(found), *(_beside(number, own) for number, own in found.items())) if found else ()


def _beside(number: int, pairs: list[Beside]) -> Table:
    return Table(
        name=f"compared_recall_{number}",
        title=f"{TITLES[number]}, beside Table {number} of {REFERENCE}",
        caption=" ".join(filter(None, [_seeds(pairs), _tests(pairs), _doubts(pairs), _reasons(pairs)])),
        keys=("task", "model", "method", "ratio", "figure"),
        columns=("here", "published", "difference"),
        parts=("",),
        lines=tuple(Line(keys=_keys(pair), values=_values(pair)) for pair in pairs),
        legend=LEGEND,
        records=tuple(map(_record, pairs)),
        views=("recall_distortion", "recall_variance"),
    )


def _summary(found: dict[int, list[Beside]]) -> Table:
    rows = [{"table": number, "figures": _figure(own), **_sums(own)} for number, own in found.items()]
    return Table(
        name="comparison_recall",
        title=f"This store beside {REFERENCE}",
        caption="Of the published figures that the store has cells for and that are to be trusted: the mean absolute "
        "difference, and how many of its tests come to the same verdict at 0.05. Equal verdicts of alpha are no "
        "finding about pruning: see the table recall_distortion for what alpha* and models that lost no weight leave "
        "of them.",
        keys=("table",),
        columns=("compared", "mean absolute difference", "same verdict"),
        parts=("",),
        lines=tuple(
            Line(
                keys=(f"Table {row['table']}: {TITLES[row['table']]} ({row['figures']})",),
                values=(
                    (Value(str(row["compared"])),),
                    (MISSING if row["difference"] is None else Value(f"{row['difference']:.4f}"),),
                    (MISSING if row["same"] is None else Value(f"{row['same']} of {row['tested']}"),),
                ),
            )
            for row in rows
        ),
        legend={},
        records=tuple(rows),
        views=("recall_distortion", "recall_variance"),
    )


def _sums(pairs: list[Beside]) -> Row:
    known = [pair for pair in pairs if pair.ours is not None and not pair.published.doubt]
    tests = [pair for pair in known if pair.published.figure == "p"]
    numbers = [abs((pair.ours or 0.0) - pair.published.value) for pair in known if pair.published.figure != "p"]
    return {
        "compared": len(known),
        "difference": fmean(numbers) if numbers else None,
        "tested": len(tests),
        "same": sum(_agrees(pair) for pair in tests) if tests else None,
    }


def _agrees(pair: Beside) -> bool:
    return ((pair.ours or 0.0) <= ALPHA) is (pair.published.value <= ALPHA)


def _figure(pairs: list[Beside]) -> str:
    return ", ".join(dict.fromkeys(pair.published.figure for pair in pairs))


def _seeds(pairs: list[Beside]) -> str:
    counts = sorted({pair.seeds for pair in pairs})
    here = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    there = {12: 10, 13: 15}.get(pairs[0].published.table, 30)
    return f"Of {here} seeds here and {there} there."


def _tests(pairs: list[Beside]) -> str:
    if all(pair.published.figure != "p" for pair in pairs):
        return ""
    return (
        "p-values of alpha with the paper's correction, which fall as seeds are added; the difference is between the "
        "verdicts at 0.05."
    )


def _doubts(pairs: list[Beside]) -> str:
    reasons = dict.fromkeys(pair.published.doubt for pair in pairs if pair.published.doubt)
    return f"Not to be trusted (‡), since {'; '.join(reasons)}." if reasons else ""


def _reasons(pairs: list[Beside]) -> str:
    reasons = dict.fromkeys(pair.reason for pair in pairs if pair.reason)
    return f"Not tested here: {'; '.join(reasons)}." if reasons else ""


def _keys(pair: Beside) -> tuple[str, ...]:
    side, other = pair.published.side, pair.published.other
    told = f"{side.ratio:g}" if other is None else f"{side.ratio:g} against {_differing(side, other)}"
    return side.task, side.model, method_name(side.method), told, pair.published.figure


def _differing(side: Side, other: Side) -> str:
    """What differs on the other side."""
    names = ("task", "model", "ratio")
    told = [f"{getattr(other, name)}" for name in names if getattr(other, name) != getattr(side, name)]
    method = [] if other.method == side.method else [method_name(other.method)]
    return " ".join([*told, *method]).removesuffix(".0")


def _values(pair: Beside) -> tuple[tuple[Value, ...], ...]:
    doubted: frozenset[Mark] = frozenset({"undefined"} if pair.published.doubt else ())
    published = Value(pair.published.text, doubted)
    if pair.ours is None:
        return (MISSING,), (published,), (MISSING,)
    if pair.published.figure == "p":
        return (Value(p_value(pair.ours)),), (published,), (Value("same" if _agrees(pair) else "another"),)
    digits = DIGITS[pair.published.figure]
    difference = f"{pair.ours - pair.published.value:+.{digits}f}"
    return (Value(f"{pair.ours:.{digits}f}"),), (published,), (Value(difference),)


def _record(pair: Beside) -> Row:
    one = pair.published
    other = one.other
    return {
        "table": one.table,
        **{name: getattr(one.side, name) for name in ("task", "model", "method", "ratio")},
        **{
            f"other_{name}": None if other is None else getattr(other, name)
            for name in ("task", "model", "method", "ratio")
        },
        "figure": one.figure,
        "here": pair.ours,
        "published": one.text,
        "seeds": pair.seeds,
        "doubt": one.doubt,
        "reason": pair.reason,
    }
