"""A store's figures beside published ones, with the differences."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from analysis.figures.accuracy_on_pies import PUBLISHED as ESTIMATORS
from analysis.published.figures import ComparisonError, Figures, Place, Publication, publication
from analysis.results import Results, Row, cell
from analysis.tables import parameters, tasks
from runner.methods import DENSE
from tasks.kinds import KINDS

TEST = "test"
FEWEST_RANKED = 3


@dataclass(frozen=True, kw_only=True)
class Pair:
    """One figure of ours beside the published one; `place` has our name of the model.

    is_comparable: false for a number of votes of unequally many seeds: it differs by that alone.
    """

    table: str
    place: Place
    ours: float
    theirs: float
    is_comparable: bool = True

    @property
    def difference(self) -> float | None:
        return self.ours - self.theirs if self.is_comparable else None


@dataclass(frozen=True)
class Comparison:
    """Every figure of a store that has a published counterpart.

    A task's counterpart has its name, a model's is the one of its architecture, a method's has its name and options; of
    the splits, the test split alone.
    """

    results: Results
    paper: Publication

    @cached_property
    def pairs(self) -> list[Pair]:
        """In the order of the tables and of their rows."""
        found = []
        for table, ours in OURS.items():
            theirs = self.paper.tables[table]
            for place, value in ours(self.results).items():
                known = replace(place, model=self._architectures.get(place.model, place.model))
                if known in theirs and place.method not in self._changed:
                    fair = table not in OF_VOTES or self._seeds(place) == {self.paper.seeds}
                    pair = Pair(table=table, place=place, ours=value, theirs=theirs[known], is_comparable=fair)
                    found.append(pair)
        return found

    @cached_property
    def unequal_seeds(self) -> str:
        """How many seeds vote here and there, where that makes numbers incomparable, in a sentence."""
        counts = sorted(set().union(*(self._seeds(pair.place) for pair in self.pairs if not pair.is_comparable)))
        if not counts:
            return ""
        here = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
        return (
            f"PIE rates and effectiveness on PIEs are of votes of {here} seeds here and {self.paper.seeds} there: they "
            "change with the number of seeds, whatever pruning does, so that their differences are not shown."
        )

    def _seeds(self, place: Place) -> set[int]:
        """How many seeds vote in a cell and in its dense cell."""
        cells = {(place.task, place.model, place.method, place.sparsity), (place.task, place.model, DENSE, 0.0)}
        return {count for cell_, count in self._counts.items() if cell_ in cells}

    @cached_property
    def _counts(self) -> dict[tuple[str, str, str, float], int]:
        return {cell(row): row["seeds"] for row in self.results.effectiveness if row["split"] == TEST}

    @cached_property
    def _changed(self) -> set[str]:
        """Methods that have a published name and options that the paper's do not have: theirs are other numbers."""
        return {name for name, variants in self.results.variants.items() if any(one.changed for one in variants)}

    @cached_property
    def _architectures(self) -> dict[str, str]:
        rows = self.results.rows("SELECT DISTINCT model, architecture FROM trials")
        return {
            row["model"]: row["architecture"]
            for row in rows
            if row["model"] not in self.paper.models and row["architecture"] in self.paper.models
        }

    @cached_property
    def without_counterpart(self) -> str:
        """What of the grid the paper lacks, and which of its tasks and models the store lacks, in a sentence or two."""
        grid = self.results.completeness
        known = next(iter(self.paper.tables.values()))
        lacking = {
            "task": {row["task"] for row in grid} - {place.task for place in known},
            "model": {row["model"] for row in grid if self._architectures.get(row["model"], row["model"])
                      not in self.paper.models},
            "method": {row["method"] for row in grid if row["sparsity"]}
            - ({place.method for place in known} - self._changed),
            "sparsity": {f"{row['sparsity']:g}" for row in grid if row["sparsity"]}
            - {f"{place.sparsity:g}" for place in known},
        }  # fmt: skip
        ours = [f"{kind} {', '.join(sorted(names))}" for kind, names in lacking.items() if names]
        there = {(pair.place.task, self._architectures.get(pair.place.model, pair.place.model)) for pair in self.pairs}
        theirs = [
            f"{self.paper.tasks[task]} with {self.paper.models[model]}"
            for task, model in dict.fromkeys((place.task, place.model) for place in known)
            if (task, model) not in there
        ]
        told = [f"Not in the paper: {'; '.join(ours)}."] if ours else []
        return " ".join([*told, *([f"Not in this store: {', '.join(theirs)}."] if theirs else [])])


def compare(results: Results, name: str) -> Comparison:
    """The comparison with the publication of that name; ComparisonError where the two have nothing in common."""
    comparison = Comparison(results, publication(name))
    if not comparison.pairs:
        paper, grid = comparison.paper, results.completeness
        here, models = (", ".join(sorted({row[name] for row in grid})) or "nothing" for name in ("task", "model"))
        raise ComparisonError(
            f"nothing to compare on the test split: the store has {here} with {models}, "
            f"{paper.reference} {', '.join(paper.tasks)} with {', '.join(paper.models)}"
        )
    return comparison


def summary(comparison: Comparison) -> Iterator[Row]:
    """Per table, task, model and kind of figure: how many are compared, mean absolute difference, rank correlation.

    The rank correlation is Spearman's, over the cells; None for fewer than three or where one side is constant.
    """
    groups: dict[tuple[str, str, str, str], list[Pair]] = {}
    for pair in comparison.pairs:
        place = pair.place
        if pair.table in RANKED and place.what in RANKED[pair.table] and place.sparsity and pair.is_comparable:
            groups.setdefault((pair.table, place.task, place.model, place.what), []).append(pair)
    for (table, task, model, what), pairs in groups.items():
        yield {
            "table": table,
            "task": task,
            "model": model,
            "what": what,
            "compared": len(pairs),
            "mean_absolute_difference": math.fsum(abs(pair.ours - pair.theirs) for pair in pairs) / len(pairs),
            "rank_correlation": _rank_correlation(pairs),
        }


OF_VOTES = ("pie_percent", "effectiveness_on_pies")
"""The tables of numbers that votes make: they change with the number of seeds."""
RANKED = {
    "pie_percent": ("PIE %",),
    "effectiveness": ("mean",),
    "effectiveness_on_pies": ("pruned", "dense"),
}
"""The tables whose figures have ranks worth comparing, and which of their figures."""


def _rank_correlation(pairs: list[Pair]) -> float | None:
    from scipy.stats import spearmanr

    ours, theirs = [pair.ours for pair in pairs], [pair.theirs for pair in pairs]
    if len(pairs) < FEWEST_RANKED or len(set(ours)) == 1 or len(set(theirs)) == 1:
        return None
    return float(spearmanr(ours, theirs).statistic)


def _place(row: Row, what: str) -> Place:
    return Place(task=row["task"], model=row["model"], method=row["method"], sparsity=row["sparsity"], what=what)


def _pie_percent(results: Results) -> Figures:
    return {
        _place(row, "PIE %"): row["rate"] * 100
        for row in results.pie_rate
        if row["split"] == TEST and row["rate"] is not None
    }


def _of_the_paper(results: Results) -> set[tuple[str, str]]:
    """Each task with the metric that the paper has for its kind of answer: by others nothing can be compared."""
    return {
        (row["task"], KINDS[row["kind"]].metrics[0]) for row in results.rows("SELECT task, kind FROM internal.task")
    }


def _effectiveness(results: Results) -> Figures:
    known = _of_the_paper(results)
    return {
        _place(row, what): row[what]
        for row in results.effectiveness
        for what in ("mean", "std")
        if row["split"] == TEST and row[what] is not None and (row["task"], row["metric"]) in known
    }


def _effectiveness_on_pies(results: Results) -> Figures:
    known = _of_the_paper(results)
    return {
        _place(row, side): row[side]
        for row in results.accuracy_on_pies
        for side in ("pruned", "dense")
        if row["split"] == TEST and row["subset"] == "pies" and (row["task"], row["metric"]) in known
        if row["estimator"] == ESTIMATORS.get(row["metric"]) and row[side] is not None
    }


def _parameters(results: Results) -> Figures:
    found: Figures = {}
    for row in parameters.build_removed(results).records:
        place = Place(task=row["task"], model=row["model"], what="parameters")
        found[place] = float(row["parameters"])
        if row["sparsity"] and row["removed"] is not None:
            found[replace(place, sparsity=row["sparsity"], what="removed %")] = row["removed"] * 100
    return found


def _statistics(results: Results) -> Figures:
    return {
        Place(task=row["task"], what=what): float(value)
        for row in tasks.build(results).records
        for what, value in row.items()
        if isinstance(value, int | float)
    }


OURS: dict[str, Callable[[Results], Figures]] = {
    "pie_percent": _pie_percent,
    "effectiveness": _effectiveness,
    "effectiveness_on_pies": _effectiveness_on_pies,
    "parameters": _parameters,
    "tasks": _statistics,
}
