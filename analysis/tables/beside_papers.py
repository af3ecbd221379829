"""The tables of `--compare`: a store's figures beside those of the papers that have tasks and models of it."""

from __future__ import annotations

from analysis.published import quality_figures, recall_figures
from analysis.published.comparison import compare
from analysis.published.figures import ComparisonError, publication
from analysis.results import Results
from analysis.tables import compared, compared_quality, compared_recall
from analysis.tables.table import Table

NAMES = (*compared.NAMES, *compared_recall.NAMES, *compared_quality.NAMES)


def tables_beside(results: Results, name: str) -> tuple[Table, ...]:
    """Those of every paper that has anything in common with the store; ComparisonError where none has, and
    for an unknown name."""
    publication(name)
    others = (*compared_recall.build(results), *compared_quality.build(results))
    try:
        return (*compared.build(compare(results, name)), *others)
    except ComparisonError as error:
        if others:
            return others
        raise ComparisonError("; ".join([str(error), *_told()])) from error


def _told() -> list[str]:
    """What the other papers have."""
    recall = recall_figures.published()
    tasks, models = (", ".join(dict.fromkeys(getattr(one.side, part) for one in recall)) for part in ("task", "model"))
    quality = quality_figures.published()
    own = [", ".join(dict.fromkeys(getattr(one, part) for one in quality)) for part in ("task", "model")]
    return [f"{recall_figures.REFERENCE} {tasks} with {models}", f"{quality_figures.REFERENCE} {own[0]} with {own[1]}"]
