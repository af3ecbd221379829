"""The figures of Good et al. 2022 beside a store's own: accuracy, variance of recall, alpha, p-values of its tests."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import fmean

from analysis.results import Results, Row
from analysis.statistics.cell_keys import CellKey, place
from analysis.statistics.distortion_comparisons import Alternative, by_cell, slopes_compared
from analysis.statistics.recall_distortions import defined
from runner.methods import DENSE

FILE = Path(__file__).parent / "recall_tables.csv"
REFERENCE = "Good et al. 2022"
TEST = "test"
NEAR = 0.05
"""How far a ratio may be from a published one, as a share of it, to stand beside it."""
RATIOS = """
    SELECT
        task, model, method, sparsity,
        1 / (1 - avg(total_sparsity)) AS ratio,
        1 / (1 - avg(achieved_sparsity)) AS prunable_ratio
    FROM trials GROUP BY ALL"""
OF_PRUNABLE = (12,)
"""Tables whose ratios are of the prunable weights: of all parameters there are no twenty levels of a fifth each."""
ARCHITECTURES = "SELECT DISTINCT model, architecture FROM trials"


@dataclass(frozen=True, kw_only=True)
class Side:
    """A published cell, by our names; ratio: parameters / parameters left."""

    task: str
    model: str
    method: str
    ratio: float


@dataclass(frozen=True, kw_only=True)
class Published:
    """One published figure; other: what a test compares the side with. doubt: why it is not to be trusted."""

    table: int
    side: Side
    other: Side | None
    figure: str
    text: str
    doubt: str

    @property
    def value(self) -> float:
        """As a number; of one that is only bounded, the bound."""
        return float(self.text.removeprefix("<"))


@dataclass(frozen=True, kw_only=True)
class PaperTest:
    """How the p-values of a table are made: comparisons of a column, by which Bonferroni multiplies, and the test."""

    family: int
    is_paired: bool
    alternative: Alternative


TESTS: dict[int, PaperTest] = {
    **dict.fromkeys((1, 2, 3, 4), PaperTest(family=4, is_paired=True, alternative="less")),
    **dict.fromkeys((5, 6), PaperTest(family=4, is_paired=False, alternative="greater")),
    7: PaperTest(family=3, is_paired=False, alternative="less"),
    8: PaperTest(family=6, is_paired=True, alternative="two-sided"),
    9: PaperTest(family=25, is_paired=True, alternative="two-sided"),
}


@dataclass(frozen=True, kw_only=True)
class Beside:
    """A published figure and ours; reason: why a test that both sides have cells for is none here."""

    published: Published
    ours: float | None
    seeds: int
    reason: str = ""


def published() -> list[Published]:
    """Every figure, in the order of the tables."""
    with FILE.open(newline="", encoding="utf-8") as opened:
        return [
            Published(
                table=int(row["table"]),
                side=_side(row, ""),
                other=_side(row, "other_") if row["other_task"] else None,
                figure=row["figure"],
                text=row["published"],
                doubt=row["doubt"],
            )
            for row in csv.DictReader(opened)
        ]


def _side(row: Mapping[str, str], begun: str) -> Side:
    return Side(
        task=row[f"{begun}task"],
        model=row[f"{begun}model"],
        method=row[f"{begun}method"],
        ratio=float(row[f"{begun}ratio"]),
    )


@dataclass(frozen=True)
class RecallComparison:
    """Every figure of a store's test splits that has a published counterpart.

    A task's counterpart has its name, a model's its name or that of its architecture, a method's its name with the
    options it has by itself; a cell's ratio is the one that its trials have reached.
    """

    results: Results

    @cached_property
    def pairs(self) -> list[Beside]:
        """In the order of the published tables."""
        return list(self._pairs())

    def _pairs(self) -> Iterator[Beside]:
        for one in published():
            ratios = self._prunable_ratios if one.table in OF_PRUNABLE else self._ratios
            side = self._cell(one.side, ratios)
            if one.other is not None:
                other = self._cell(one.other, ratios)
                if side is not None and other is not None:
                    yield self._tested(one, side, other)
            elif side is not None and (found := OURS[one.figure](self, side)):
                yield Beside(published=one, ours=fmean(found), seeds=len(found))

    def _tested(self, one: Published, side: CellKey, other: CellKey) -> Beside:
        test = TESTS[one.table]
        values = [
            {row["parent_id"]: row["alpha"] for row in defined(self._trials.get(key, []))} for key in (side, other)
        ]
        row = slopes_compared(*values, is_paired=test.is_paired, alternative=test.alternative)
        p = None if row["p"] is None else min(1.0, test.family * row["p"])
        return Beside(published=one, ours=p, seeds=min(map(len, values)), reason=row["reason"])

    def _cell(self, side: Side, ratios: Mapping[CellKey, float]) -> CellKey | None:
        """Our cell nearest to a published one; before pruning, that of any sparsity of the method."""
        near = [
            (abs(ratio / side.ratio - 1), key)
            for key, ratio in ratios.items()
            if (key[0], self._architectures.get(key[2], key[2]), key[3]) == (side.task, side.model, side.method)
            and (side.ratio == 1 or abs(ratio / side.ratio - 1) <= NEAR)
        ]
        if not near:
            return None
        key = min(near)[1]
        return (*key[:4], 0.0) if side.ratio == 1 else key

    @cached_property
    def _ratios(self) -> dict[CellKey, float]:
        return self._reached("ratio")

    @cached_property
    def _prunable_ratios(self) -> dict[CellKey, float]:
        return self._reached("prunable_ratio")

    def _reached(self, name: str) -> dict[CellKey, float]:
        """What the trials of every pruned cell have reached, of methods that are what the paper calls so."""
        changed = {name for name, variants in self.results.variants.items() if any(one.changed for one in variants)}
        return {
            (row["task"], TEST, row["model"], row["method"], row["sparsity"]): row[name]
            for row in self.results.rows(RATIOS)
            if row[name] is not None and row["sparsity"] and row["method"] not in changed
        }

    @cached_property
    def _architectures(self) -> dict[str, str]:
        known = {one.side.model for one in published()}
        rows = self.results.rows(ARCHITECTURES)
        return {row["model"]: row["architecture"] for row in rows if row["model"] not in known and row["architecture"]}

    @cached_property
    def _trials(self) -> dict[CellKey, list[Row]]:
        return by_cell(self.results.distortion_trials, place)

    @cached_property
    def _variances(self) -> dict[CellKey, list[float]]:
        found: dict[CellKey, list[float]] = {}
        for row in self.results.recall_variances:
            if row["variance"] is not None:
                found.setdefault(place(row), []).append(row["variance"])
        return found

    def accuracies(self, key: CellKey) -> list[float]:
        """Of every trial; before pruning, of the dense trials that the method's go on from."""
        if key[4]:
            return [row["accuracy"] for row in self._trials.get(key, [])]
        parents = {
            row["parent_id"]: row["dense_accuracy"]
            for own, rows in self._trials.items()
            if own[:4] == key[:4]
            for row in rows
            if row["dense_accuracy"] is not None
        }
        return list(parents.values())

    def variances(self, key: CellKey) -> list[float]:
        """Of every trial; before pruning, of the dense ones."""
        return self._variances.get(key if key[4] else (*key[:3], DENSE, 0.0), [])

    def alphas(self, key: CellKey) -> list[float]:
        """Of every trial that has one."""
        return [row["alpha"] for row in defined(self._trials.get(key, []))]


OURS: dict[str, Callable[[RecallComparison, CellKey], list[float]]] = {
    "accuracy": RecallComparison.accuracies,
    "recall variance": RecallComparison.variances,
    "alpha": RecallComparison.alphas,
}
