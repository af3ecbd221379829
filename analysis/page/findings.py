"""What a store says, in sentences with numbers: one paragraph for every task and model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import mean

from analysis.order import method_name, percent, split_key
from analysis.results import Results, Row
from runner.methods import DENSE

FEWEST = 30  # PIEs of a class, all cells together, below which nothing is said of it


@dataclass(frozen=True, kw_only=True)
class Findings:
    """Sentences on one task and model, on one split: the test split where there is one."""

    task: str
    model: str
    split: str
    sentences: tuple[str, ...]


def findings(results: Results) -> list[Findings]:
    """Dense effectiveness, PIE share by sparsity, effectiveness on PIEs, and the class that pays most."""
    splits: dict[str, str] = {}
    for row in sorted(results.effectiveness, key=lambda row: split_key(row["split"])):
        splits.setdefault(row["task"], row["split"])
    places = dict.fromkeys((row["task"], row["model"], splits[row["task"]]) for row in results.effectiveness)
    told = []
    for place in places:
        effects, rates, on_pies, of_classes = (
            [row for row in rows if (row["task"], row["model"], row["split"]) == place]
            for rows in (results.effectiveness, results.pie_rate, results.accuracy_on_pies, results.class_distribution)
        )
        sentences = (
            *_dense(effects),
            *_rates(rates, place[2]),
            *_best(effects),
            *_on_pies(on_pies),
            *_class(of_classes),
        )
        told.append(Findings(task=place[0], model=place[1], split=place[2], sentences=sentences))
    return told


def _dense(effects: Sequence[Row]) -> Iterator[str]:
    for row in effects:
        if row["method"] == DENSE:
            deviation = "" if row["std"] is None else f" ± {row['std']:.3f}"
            seeds = f"{row['seeds']} seed{'' if row['seeds'] == 1 else 's'}"
            yield f"Dense: {row['metric']} {row['mean']:.3f}{deviation} over {seeds}."


def _rates(rates: Sequence[Row], split: str) -> Iterator[str]:
    known = [row for row in rates if row["rate"] is not None]
    if not known:
        return
    sparsities = sorted({row["sparsity"] for row in known})
    groups = {sparsity: [row for row in known if row["sparsity"] == sparsity] for sparsity in sparsities}
    shares = [f"{mean(row['rate'] for row in rows) * 100:.1f} % at {percent(at)}" for at, rows in groups.items()]
    told = shares if len(shares) <= 3 else [shares[0], shares[len(shares) // 2], shares[-1]]
    methods = len({row["method"] for row in known})
    over = f", mean over {methods} methods" if methods > 1 else ""
    yield f"PIEs among the {split} examples{over}: {', '.join(told)}."
    low, high = _extremes(groups[sparsities[-1]], "rate")
    if low["rate"] < high["rate"]:
        yield (
            f"At {percent(sparsities[-1])} {method_name(low['method'])} breaks the fewest "
            f"({low['rate'] * 100:.1f} %), {method_name(high['method'])} the most ({high['rate'] * 100:.1f} %)."
        )


def _best(effects: Sequence[Row]) -> Iterator[str]:
    pruned = [row for row in effects if row["method"] != DENSE]
    if not pruned:
        return
    top = max(row["sparsity"] for row in pruned)
    low, high = _extremes([row for row in pruned if row["sparsity"] == top], "mean")
    if low["mean"] < high["mean"]:
        yield (
            f"Mean {high['metric']} at {percent(top)}: from {low['mean']:.3f} ({method_name(low['method'])}) "
            f"to {high['mean']:.3f} ({method_name(high['method'])})."
        )


def _on_pies(rows: Sequence[Row]) -> Iterator[str]:
    votes = [row for row in rows if row["estimator"] == "majority-vote"]

    def score(subset: str, side: str) -> str:
        return f"{mean(row[side] for row in votes if row['subset'] == subset and row[side] is not None):.3f}"

    if any(row["subset"] == "pies" and row["pruned"] is not None and row["dense"] is not None for row in votes):
        yield (
            f"Majority votes on PIEs: {votes[0]['metric']} {score('pies', 'dense')} dense, {score('pies', 'pruned')} "
            f"pruned; on all examples {score('all', 'dense')} and {score('all', 'pruned')} (means over pruned cells)."
        )


def _extremes(rows: Sequence[Row], name: str) -> tuple[Row, Row]:
    return min(rows, key=lambda row: row[name]), max(rows, key=lambda row: row[name])


def _class(rows: Sequence[Row]) -> Iterator[str]:
    """The class with the highest share of PIEs, all cells together."""
    examples, pies = Counter[str](), Counter[str]()
    for row in rows:
        examples[row["class"]] += row["examples"]
        pies[row["class"]] += row["pies"]
    rates = {name: pies[name] / examples[name] for name in examples if pies[name] >= FEWEST}
    if len(examples) < 2 or not rates:
        return
    overall = pies.total() / examples.total()
    worst = max(rates, key=lambda name: rates[name])
    if rates[worst] > overall:
        yield (
            f"Class “{worst}” pays most: on average over the cells {rates[worst] * 100:.1f} % of its examples "
            f"are PIEs, against {overall * 100:.1f} % over all classes."
        )
