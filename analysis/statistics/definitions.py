"""Other definitions of the examples that pruning breaks, beside the majority vote's PIEs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from analysis.relations.database import Database
from analysis.statistics.answers import Answers, Panel
from analysis.statistics.noise_floor import place

Row = dict[str, Any]
Chosen = NDArray[np.bool_]

HOLSTE_SHARE = 0.05
FEWEST_RANKED = 3
SCALE = 2.0**40


def definitions_of(panel: Panel, cell: Answers, agreement: NDArray[np.float64] | None) -> Iterator[Row]:
    """One row per definition: rate, the share of examples it chooses, and jaccard, |both| / |either| with the PIEs.

    pies: the majority votes differ, ties to the lowest class. hooker: the same, ties to the highest. flips: the
    answers of a dense and a pruned model of one seed differ; means over the seeds that both have. holste: at most 5 %
    of the examples, those with the lowest rank correlation of mean probabilities, `agreement`[example] as `agreements`
    gives it; without it, no row.
    """
    dense = panel.dense
    if dense is None:
        return
    voted = (dense.codes >= 0).any(axis=0) & (cell.codes >= 0).any(axis=0)
    if not voted.any():
        return
    pies = differ(votes(panel, dense), votes(panel, cell))[voted]
    found = {
        "pies": [pies],
        "hooker": [differ(votes(panel, dense, highest=True), votes(panel, cell, highest=True))[voted]],
        "flips": list(flips(dense, cell)[:, voted]),
        "holste": [] if agreement is None else [holste(agreement[voted])],
    }
    for definition, sets in found.items():
        if sets:
            yield place(panel, cell) | {
                "definition": definition,
                "rate": float(np.mean([chosen.mean() for chosen in sets])),
                "jaccard": float(np.mean([jaccard(pies, chosen) for chosen in sets])),
            }


def votes(panel: Panel, cell: Answers, *, highest: bool = False) -> NDArray[np.generic]:
    """[example] the class, or [example, class] for multi-label tasks whether it is in the vote.

    highest: ties go to the highest class, as in the released code of Hooker et al. 2019 (arXiv:1911.05248;
    google-research, pruning_identified_exemplars), and a class of a multi-label task with exactly half of the votes is
    in.
    """
    codes = cell.codes
    if panel.sets is None:
        counts = np.stack([(codes == class_index).sum(axis=0) for class_index in range(int(codes.max(initial=0)) + 1)])
        first: NDArray[np.intp] = (counts[::-1] if highest else counts).argmax(axis=0)
        return len(counts) - 1 - first if highest else first
    yes = np.zeros((codes.shape[1], panel.sets.shape[1]), np.int32)
    sets = np.vstack([panel.sets, np.zeros(panel.sets.shape[1], np.bool_)])  # the last, -1, is no answer
    for row in codes:
        yes += sets[row]
    return 2 * yes >= len(codes) if highest else 2 * yes > len(codes)


def differ(first: NDArray[np.generic], second: NDArray[np.generic]) -> Chosen:
    """[example]: whether two votes differ, in any class."""
    found: Chosen = first != second
    return np.any(found, axis=1) if found.ndim > 1 else found


def flips(dense: Answers, cell: Answers) -> Chosen:
    """[seed, example]: whether the dense and the pruned model of a seed answer differently.

    The "all flips" of Dutta et al. 2024 (arXiv:2407.09141): changes between two wrong answers
    count too. The view `flips` has their "flips" as well.
    """
    shared = np.intersect1d(dense.seeds, cell.seeds)
    first, second = (one.codes[np.isin(one.seeds, shared)] for one in (dense, cell))
    return (first != second) & (first >= 0) & (second >= 0)  # type: ignore[no-any-return]


def holste(agreement: NDArray[np.float64]) -> Chosen:
    """[example]: among the floor(5 %) with the lowest agreement; undefined ones are never chosen.

    Equal agreements are never parted, so that it may choose fewer: which of them come first in the data says nothing.
    Holste et al. 2023 (MICCAI, "How does pruning impact long-tailed multi-label medical image classifiers?"; code at
    github.com/VITA-Group/PruneCXR). The share is bounded: it says which examples, never how many.
    """
    known = np.sort(agreement[~np.isnan(agreement)])
    most = int(HOLSTE_SHARE * len(agreement))
    if len(known) <= most:
        return ~np.isnan(agreement)
    # The first that is too many: only what lies below it is chosen whole.
    return np.asarray(agreement < known[most])


def jaccard(first: Chosen, second: Chosen) -> float:
    """|both| / |either|; 1 where both are empty."""
    either = int((first | second).sum())
    return int((first & second).sum()) / either if either else 1.0


def agreements(connection: Database, panel: Panel) -> dict[tuple[str, float], NDArray[np.float64]]:
    """(method, sparsity) -> [example] Spearman correlation of the mean probabilities of dense and pruned models.

    rho = Pearson correlation of the ranks (ties: mean rank) of the classes by their probability, averaged over seeds;
    NaN where a side gives all classes the same. Empty where the study recorded no probabilities (its trials did or did
    not, all alike), and for two classes, whose ranks correlate by 1 or -1: that orders nothing.
    """
    means = _mean_probabilities(connection, panel)
    dense = means.pop(("dense", 0.0), None)
    if dense is None or dense.shape[1] < FEWEST_RANKED:
        return {}
    reference = rankdata(dense, axis=1)
    return {cell: _correlation(reference, rankdata(mean, axis=1)) for cell, mean in means.items()}


def _correlation(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    left, right = (ranks - ranks.mean(axis=1, keepdims=True) for ranks in (first, second))
    scale = np.sqrt((left**2).sum(axis=1) * (right**2).sum(axis=1))
    rho: NDArray[np.float64] = np.full(len(scale), np.nan)
    np.divide((left * right).sum(axis=1), scale, out=rho, where=scale > 0)
    return rho


def _mean_probabilities(connection: Database, panel: Panel) -> dict[tuple[str, float], NDArray[np.float64]]:
    trials = connection.execute(
        """SELECT trial_no, method, sparsity FROM internal.trial
        WHERE task = ? AND model = ? AND (settings::JSON->'record'->>'probabilities')::BOOLEAN""",
        [panel.task, panel.model],
    ).fetchall()
    wanted = {(one.method, one.sparsity) for one in (panel.dense, *panel.pruned) if one is not None}
    recorded = {trial: (method, sparsity) for trial, method, sparsity in trials if (method, sparsity) in wanted}
    cells = {cell: number for number, cell in enumerate(sorted(set(recorded.values())))}
    places = {trial: cells[cell] for trial, cell in recorded.items()}
    if not places:
        return {}
    totals = _totals(connection, panel, places, len(cells))
    means = totals[:, :, 1:] / np.maximum(totals[:, :, :1], 1)
    return {cell: means[number] for cell, number in cells.items()}


def _totals(connection: Database, panel: Panel, places: dict[int, int], cells: int) -> NDArray[np.float64]:
    """[cell, example, 0]: seeds; [cell, example, 1 + class]: the sum of their probabilities."""
    reader = connection.sql(
        f"""SELECT t.trial_no, r.example_id, r.probabilities
        FROM internal.{"label_rows" if panel.sets is None else "labels_rows"} AS r
        JOIN internal.trial AS t USING (trial_id)
        WHERE r.split = ? AND list_contains(?, t.trial_no)""",
        params=[panel.split, list(places)],
    ).to_arrow_reader(1_000_000)
    place = np.zeros(max(places) + 1, np.int64)
    place[list(places)] = list(places.values())
    examples = len(panel.example_ids)
    totals = np.zeros((cells, examples, 1))
    for batch in reader:
        at = np.searchsorted(panel.example_ids, batch["example_id"].to_numpy())
        flat = place[batch["trial_no"].to_numpy()] * examples + at
        values = batch["probabilities"].flatten().to_numpy().reshape(len(flat), -1)
        # Whole numbers, so that the sum is the same in whatever order rows come.
        columns = [np.ones(len(flat)), *np.rint(values.T.astype(np.float64) * SCALE) / SCALE]
        sums = np.stack([np.bincount(flat, column, cells * examples) for column in columns], axis=-1)
        totals = totals + sums.reshape(cells, examples, -1)
    return totals
