"""Test the paper's claim without readability formulas: does pruning break the examples that people disagree on?"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import ArrayLike

from analysis.display_names import split_key
from analysis.results import Results, Row
from analysis.statistics.corrections import correct_family
from analysis.statistics.pie_flags import pie_flags
from analysis.statistics.two_samples import (
    LEAST,
    Flags,
    Floats,
    mann_whitney,
    mean_difference_intervals,
    rank_bins,
    spearman,
)
from analysis.statistics.weighted_means import weighted_mean

BINS = 10
CONFIDENCE = 0.95
ALPHA = 0.05


@dataclass(frozen=True, kw_only=True)
class Ratings:
    """What people and pruned cells make of one task's examples in one split.

    disagreement: (examples,). is_pie, is_compared: (cells, examples), as in PieFlags. disputed: of each cell how often
    halves of its seeds dispute each example, as `Results.disputed` says.
    """

    cells: tuple[Row, ...]
    disagreement: Floats
    is_pie: Flags
    is_compared: Flags
    disputed: tuple[tuple[Floats, Floats] | None, ...]


def differences(results: Results) -> list[Row]:
    """One row for each pruned cell: people's mean disagreement on PIEs and on the others, and how they differ.

    difference with its bootstrap interval over examples (low, high), auc and rank_biserial, p of the Mann-Whitney test
    and corrected_p by Holm over the cells of a task and model; nulls and a reason where too few examples are PIEs.
    mean_disputed: on the examples that two halves of the dense models dispute; mean_halves: on those that half of the
    dense and half of the pruned models do; beyond_disputed: mean_halves less mean_disputed, with its interval: what
    pruning adds to what is hard to decide.
    """
    found: list[Row] = []
    for task, split in _first_places(results):
        ratings = _ratings(results, task, split)
        low, high = mean_difference_intervals(
            ratings.disagreement, ratings.is_pie, ratings.is_compared & ~ratings.is_pie, CONFIDENCE
        )
        rows = [_difference(ratings, place) | _beside_disputes(ratings, place) for place in range(len(ratings.cells))]
        for place, row in enumerate(rows):
            if not row["reason"]:
                row |= {"low": float(low[place]), "high": float(high[place])}
        found += rows
    for _, group in groupby(found, key=lambda row: (row["task"], row["model"])):
        _correct(list(group))
    return found


def shares(results: Results) -> list[Row]:
    """One row for each pruned cell and tenth of the examples by human disagreement: how many of them are PIEs.

    bin: from 1, least disagreement first; examples on which people disagree equally share one. halves_share: of PIEs of
    halves, as share is of PIEs; dispute_share: of what two dense halves dispute; null below two seeds.
    """
    found: list[Row] = []
    for task, split in _first_places(results):
        ratings = _ratings(results, task, split)
        bins = rank_bins(ratings.disagreement, BINS)
        for number in range(BINS):
            members = bins == number
            compared, pies = (flags[:, members].sum(axis=1) for flags in (ratings.is_compared, ratings.is_pie))
            for place, (examples, broken) in enumerate(zip(compared.tolist(), pies.tolist(), strict=True)):
                if examples:
                    counts = {"bin": number + 1, "examples": examples, "pies": broken, "share": broken / examples}
                    halves = ratings.disputed[place]
                    told = [
                        None if halves is None else float(halves[side][members].sum()) / examples for side in (0, 1)
                    ]
                    counts |= {"halves_share": told[0], "dispute_share": told[1]}
                    found.append({**ratings.cells[place], **counts})
    return found


def correlations(results: Results) -> list[Row]:
    """Spearman's rho of human disagreement with how many cells break an example, and with its EL2N score.

    One row for each (task, split, model, measure) that a store has, with the interval, p, and corrected_p by Holm over
    the task's rows.
    """
    found: list[Row] = []
    for task, split in _places(results):
        ratings = _ratings(results, task, split)
        for model in dict.fromkeys(cell["model"] for cell in ratings.cells):
            own = np.array([cell["model"] == model for cell in ratings.cells])
            is_compared = ratings.is_compared[own].any(axis=0)
            broken = ratings.is_pie[own].sum(axis=0)[is_compared]
            place = {"task": task, "split": split, "model": model, "measure": "cells that break it"}
            found.append({**place, **_correlation(ratings.disagreement[is_compared], broken)})
    for task, split in sorted(_rated(results)):
        scored = """
            SELECT model,
                list(disagreement ORDER BY example_id) AS disagreement, list(el2n ORDER BY example_id) AS el2n
            FROM human_disagreement JOIN el2n USING (task, split, example_id)
            WHERE task = ? AND split = ? GROUP BY model ORDER BY model"""
        for row in results.rows(scored, task, split):
            place = {"task": task, "split": split, "model": row["model"], "measure": "EL2N"}
            found.append({**place, **_correlation(row["disagreement"], row["el2n"])})
    found.sort(key=lambda row: (row["task"], split_key(row["split"]), row["model"]))
    for _, group in groupby(found, key=lambda row: row["task"]):
        _correct(list(group))
    return found


def _correlation(disagreement: ArrayLike, numbers: ArrayLike) -> Row:
    one, two = np.asarray(disagreement, np.float64), np.asarray(numbers, np.float64)
    return {"examples": len(one), **spearman(one, two, CONFIDENCE)}


def _correct(family: list[Row]) -> None:
    """Add corrected_p to the rows of a family; one that could not be tested has none."""
    correct_family(family)
    for row in family:
        if row["p"] is None:
            row["corrected_p"] = None


def _rated(results: Results) -> set[tuple[str, str]]:
    rows = results.rows("SELECT DISTINCT task, split FROM human_disagreement")
    return {(row["task"], row["split"]) for row in rows}


def _places(results: Results) -> list[tuple[str, str]]:
    """Tasks and splits, the first of each task in front, where people's disagreement and PIEs are known."""
    known = {(row["task"], row["split"]) for row in results.pie_rate if row["examples"]}
    return sorted(_rated(results) & known, key=lambda place: (place[0], split_key(place[1])))


def _first_places(results: Results) -> list[tuple[str, str]]:
    """The first split of each task: the test split where it is known."""
    return [next(group) for _, group in groupby(_places(results), key=lambda place: place[0])]


def _ratings(results: Results, task: str, split: str) -> Ratings:
    people = "SELECT example_id, disagreement FROM human_disagreement WHERE task = $1 AND split = $2 ORDER BY 1"
    rated = results.connection.sql(people, params=[task, split]).fetchnumpy()
    ids = np.asarray(rated["example_id"])
    flags = pie_flags(results, task, split, ids)
    return Ratings(
        cells=flags.cells,
        disagreement=np.asarray(rated["disagreement"], np.float64),
        is_pie=flags.is_pie,
        is_compared=flags.is_compared,
        disputed=tuple(results.disputed(cell, ids) for cell in flags.cells),
    )


def _beside_disputes(ratings: Ratings, place: int) -> Row:
    """Mean disagreement on what two halves dispute, dense or one of them pruned, and the difference of both."""
    names = ("mean_disputed", "mean_halves", "beyond_disputed", "beyond_low", "beyond_high")
    halves = ratings.disputed[place]
    if halves is None or not all(one.any() for one in halves):
        return dict.fromkeys(names)
    own, reference = (weighted_mean(ratings.disagreement, weights) for weights in halves)
    beyond = own - reference
    return dict(zip(names, (reference.value, own.value, beyond.value, *beyond.interval), strict=True))


def _difference(ratings: Ratings, place: int) -> Row:
    members = ratings.disagreement[ratings.is_pie[place]]
    others = ratings.disagreement[ratings.is_compared[place] & ~ratings.is_pie[place]]
    row = {**ratings.cells[place], "pies": len(members), "others": len(others)}
    if min(len(members), len(others)) < LEAST:
        names = ("mean_pies", "mean_others", "difference", "low", "high", "auc", "rank_biserial", "p")
        reason = f"fewer than {LEAST} {'PIEs' if len(members) < LEAST else 'other examples'}"
        return {**row, **dict.fromkeys(names), "reason": reason}
    ranked = mann_whitney(members, others)
    means = {"mean_pies": float(members.mean()), "mean_others": float(others.mean())}
    difference = means["mean_pies"] - means["mean_others"]
    ranks = {"auc": ranked.auc, "rank_biserial": ranked.rank_biserial, "p": ranked.p}
    bounds = {"difference": difference, "low": None, "high": None}
    return {**row, **means, **bounds, **ranks, "reason": ""}
