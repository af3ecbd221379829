"""The tables of `--compare`: a store's figures beside those of the papers that have tasks and models of it."""

from __future__ import annotations

from analysis.published.comparison import compare
from analysis.published.figures import ComparisonError
from analysis.published.recall_figures import REFERENCE, published
from analysis.results import Results
from analysis.tables import compared, compared_recall
from analysis.tables.table import Table

NAMES = (*compared.NAMES, *compared_recall.NAMES)


def tables_beside(results: Results, name: str) -> tuple[Table, ...]:
    """Those of every paper that has anything in common with the store; ComparisonError where none has."""
    recall = compared_recall.build(results)
    try:
        return (*compared.build(compare(results, name)), *recall)
    except ComparisonError as error:
        if recall:
            return recall
        tasks, models = (
            ", ".join(dict.fromkeys(getattr(one.side, part) for one in published())) for part in ("task", "model")
        )
        raise ComparisonError(f"{error}, {REFERENCE} {tasks} with {models}") from error
