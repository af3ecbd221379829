"""The figures of quality of Ren and Zhu 2023, and of Kurtic et al. 2022, beside a store's own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from analysis.display_names import method_key
from analysis.published.quality_figures import BUDGETS, FURTHER, OF_FURTHER, PublishedQuality, published
from analysis.results import Results, Row
from analysis.statistics.qualities import CellKey, Measured, Qualities, as_printed, qualities
from analysis.tables.task_quality import ALL, AVERAGE, GLUE, averaged, bases

NETWORKS = """
    SELECT DISTINCT model, architecture, (settings->'options')::VARCHAR AS options FROM trials ORDER BY ALL"""
TRAINED = """
    SELECT
        task, model, method, min(epochs) AS fewest, max(epochs) AS most, count(DISTINCT seed) AS seeds,
        any_value((settings->'training'->'selection')::VARCHAR) AS selection
    FROM trials GROUP BY ALL ORDER BY ALL"""
EXAMPLES = "SELECT task, split, count(*) AS examples FROM examples GROUP BY ALL"
CHECKPOINTS = {
    "bert-base-uncased": "bert",
    "minilm-l12-h384-uncased": "minilm-l12",
    "electra-base-discriminator": "electra",
    "gpt2": "gpt2",
}
"""The last part of a checkpoint's name -> what the published figures call the network."""
DEFAULTS = {"bert": "bert"}
"""Architecture -> the network that it is where a study names no checkpoint of its own."""


@dataclass(frozen=True, kw_only=True)
class BesideQuality:
    """A published figure and ours, both as papers print them; model and method: our names. ours: None of a further row.

    table: of Ren and Zhu 2023, that it stands beside.
    """

    table: int
    published: PublishedQuality
    model: str
    method: str
    ours: float | None
    seeds: int

    @property
    def difference(self) -> float | None:
        theirs = self.published.value
        return None if self.ours is None or theirs is None else self.ours - theirs

    @property
    def is_unequal(self) -> bool:
        """True if both are means of unequally many seeds, or nobody says of how many theirs is."""
        return self.ours is not None and self.seeds != BUDGETS[self.published.source].seeds


@dataclass(frozen=True)
class QualityComparison:
    """Every figure of a store's test splits that has a published counterpart.

    A task's counterpart has its name, a model's is the network of its checkpoint, or has its name; a method's is the
    line of METHODS behind it, whatever its options: these are told.
    """

    results: Results

    @cached_property
    def pairs(self) -> list[BesideQuality]:
        """In the order of the published tables; a further row where the store has the table's task and network."""
        own = list(self._pairs())
        return sorted([*own, *self._further(own)], key=lambda pair: pair.table)

    @staticmethod
    def _further(own: list[BesideQuality]) -> Iterator[BesideQuality]:
        places = {(pair.table, pair.published.task, pair.published.model): pair.model for pair in own}
        for one in published():
            for table in (at for at, task in OF_FURTHER if task == one.task and one.source.startswith(FURTHER)):
                if model := places.get((table, one.task, one.model)):
                    yield BesideQuality(table=table, published=one, model=model, method=one.method, ours=None, seeds=0)

    @cached_property
    def found(self) -> Qualities:
        """What every cell of the store has."""
        return qualities(self.results)

    def _pairs(self) -> Iterator[BesideQuality]:
        for one in published():
            for model, network in self.networks.items():
                if network == one.model:
                    for method in self._methods(one.method):
                        yield from self._beside(one, model, method)

    def _methods(self, base: str) -> list[str]:
        names = {key[2] for key in self.found}
        return sorted((name for name in names if base in bases(self.results, name)), key=method_key)

    def _beside(self, one: PublishedQuality, model: str, method: str) -> Iterator[BesideQuality]:
        if one.metric == AVERAGE and one.task == ALL:
            mean, seeds = averaged((model, one.sparsity, method), self.found), self._seeds_of_all(one, model, method)
        else:
            measured = self._measured((one.task, model, method, one.sparsity), one.metric)
            mean, seeds = (None, 0) if measured is None else (measured.mean, measured.seeds)
        if mean is not None:
            yield BesideQuality(
                table=one.table,
                published=one,
                model=model,
                method=method,
                ours=as_printed(one.metric, mean),
                seeds=seeds,
            )

    def _measured(self, key: CellKey, metric: str) -> Measured | None:
        return self.found.get(key, {}).get(metric)

    def _seeds_of_all(self, one: PublishedQuality, model: str, method: str) -> int:
        """The fewest seeds of a mean over tasks."""
        cells = (self.found.get((column.task, model, method, one.sparsity), {}) for column in GLUE)
        return min((value.seeds for cell in cells for value in cell.values()), default=0)

    @cached_property
    def networks(self) -> dict[str, str]:
        """Model -> the network of the published figures that it is, of those that are one."""
        rows = self.results.rows(NETWORKS)
        found = {row["model"]: _network(row) for row in rows}
        return {model: network for model, network in found.items() if network}

    @cached_property
    def examples(self) -> dict[tuple[str, str], int]:
        """How many examples each split of a task has here."""
        return {(row["task"], row["split"]): row["examples"] for row in self.results.rows(EXAMPLES)}

    @cached_property
    def trained(self) -> list[Row]:
        """Epochs, seeds and choice of network of every task, model and method that stands beside published figures."""
        shown = {(pair.model, pair.method) for pair in self.pairs}
        tasks = {pair.published.task for pair in self.pairs} | {column.task for column in GLUE}
        return [
            row for row in self.results.rows(TRAINED) if (row["model"], row["method"]) in shown and row["task"] in tasks
        ]


def _network(row: Row) -> str | None:
    options = dict(_pairs_of(row["options"]))
    if checkpoint := str(options.get("checkpoint", "")):
        return CHECKPOINTS.get(checkpoint.rstrip("/").rpartition("/")[2].lower())
    known = {*CHECKPOINTS.values()}
    return row["model"] if row["model"] in known else DEFAULTS.get(row["architecture"])


def _pairs_of(text: str | None) -> list[tuple[str, Any]]:
    """The pairs of option and value in a trial's settings, which may hold anything: `piesweep verify` judges them."""
    given = json.loads(text or "[]")
    pairs = given if isinstance(given, list) else []
    return [(str(pair[0]), pair[1]) for pair in pairs if isinstance(pair, list) and len(pair) == 2]
