"""Compare how hard PIEs are to read with all texts, and with the texts that dense models alone dispute."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from analysis.results import Results, Row
from analysis.statistics.pie_flags import PieFlags, pie_flags
from analysis.statistics.weighted_means import Estimate, Floats, weighted_mean

SCORES = (
    *("automated_readability_index", "coleman_liau_index", "flesch_kincaid_grade", "linsear_write_formula"),
    *("gunning_fog", "dale_chall_readability_score", "difficult_words", "tokens"),
)
LEAST = 5
"""PIEs below which a mean over them has no interval."""
NOTHING = dict.fromkeys(
    (
        *("ratio", "low", "high", "halves_ratio", "halves_low", "halves_high"),
        *("disputed_ratio", "difference", "difference_low", "difference_high"),
    )
)


def ratios(results: Results) -> list[Row]:
    """One row a pruned cell and score: mean over PIEs / mean over all texts, as the view `readability_ratio` has it.

    low, high: its 95 % interval over examples, for these seeds. disputed_ratio: the same of the examples on which dense
    models alone disagree, each weighted by how often two halves of the seeds do; halves_ratio: that of the examples on
    which half of the dense models and half of the pruned ones do (halves_low, halves_high); difference: halves_ratio
    less disputed_ratio, with its interval. `ratio` itself must not be held against disputes: votes of all seeds waver
    on other examples than those of half (where pruning does nothing, 41 % of such differences would be told at five
    seeds, 3 % of these). Null unless the means are positive, and below five PIEs.
    """
    found: list[Row] = []
    for place in results.rows("SELECT DISTINCT task, split FROM readability ORDER BY ALL"):
        if (place["task"], place["split"]) in results.splits:
            found += _of_split(results, place["task"], place["split"])
    return found


def _of_split(results: Results, task: str, split: str) -> Iterator[Row]:
    texts = results.connection.sql(
        "FROM readability WHERE task = ? AND split = ? ORDER BY example_id", params=[task, split]
    ).fetchnumpy()
    ids = np.asarray(texts["example_id"])
    flags = pie_flags(results, task, split, ids)
    beside = [results.disputed(cell, ids) for cell in flags.cells]
    for score in SCORES:
        values = np.asarray(texts[score], np.float64)
        for place, cell in enumerate(flags.cells):
            yield {**cell, "score": score, **_row(values, flags, place, beside[place])}


def _row(values: Floats, flags: PieFlags, place: int, beside: tuple[Floats, Floats] | None) -> Row:
    members = flags.is_pie[place].astype(np.float64)
    row: Row = {"pies": int(members.sum()), **NOTHING}
    everything = weighted_mean(values, np.ones(len(values)))
    if row["pies"] < LEAST or everything.value <= 0:
        return row
    own = weighted_mean(values, members)
    if own.value <= 0:
        return row
    ratio = own.over(everything)
    low, high = ratio.interval
    row |= {"ratio": ratio.value, "low": low, "high": high}
    return row if beside is None else row | _beside(everything, values, *beside)


def _beside(everything: Estimate, values: Floats, crossed: Floats, disputed: Floats) -> Row:
    """The ratios of PIEs of halves and of what dense halves dispute, and the difference of both."""
    if not disputed.any() or (dense := weighted_mean(values, disputed)).value <= 0:
        return {}
    reference = dense.over(everything)
    told: Row = {"disputed_ratio": reference.value}
    if not crossed.any() or (across := weighted_mean(values, crossed)).value <= 0:
        return told
    own = across.over(everything)
    difference = own - reference
    for name, one in (("halves", own), ("difference", difference)):
        low, high = one.interval
        told |= {f"{name}_low": low, f"{name}_high": high}
    return told | {"halves_ratio": own.value, "difference": difference.value}
