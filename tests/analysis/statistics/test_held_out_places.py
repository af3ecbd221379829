"""PIEs of answers with a code for each of several places: chosen by some seeds, scored by the others' headline."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from analysis.calibration.worlds import WORLDS, Examples, Size, simulate
from analysis.relations.database import connect
from analysis.statistics.answers import Answers, Panel
from analysis.statistics.held_out import held_out_of
from analysis.statistics.survey import survey
from tasks.kinds import KINDS
from tests.analysis.test_tagging_store import CLASSES, committed_tags

WORDS = 3


def of_one_place(panel: Panel) -> Panel:
    """A single-label panel as one of answers with one place each, right or wrong as a whole."""
    assert panel.gold is not None

    def scored(cell: Answers) -> Answers:
        right = (cell.codes == panel.gold).astype(np.float32)
        return replace(cell, parts=np.stack([right, np.ones_like(right)]))

    assert panel.dense is not None
    codes = max(int(cell.codes.max()) for cell in (panel.dense, *panel.pruned)) + 1
    places = np.append(np.arange(codes), -1)[:, None].astype(np.int16)
    pruned = tuple(map(scored, panel.pruned))
    return replace(panel, gold=None, places=places, dense=scored(panel.dense), pruned=pruned)


def test_one_place_is_a_class() -> None:
    """Answers with one place each get the very numbers that they get as classes."""
    random = np.random.default_rng(3)
    world = WORLDS["shift"]
    one = simulate(world, Examples.of(world, 300, random), Size(seeds=7, experiments=1), random).panel(0)
    other = of_one_place(one)
    assert held_out_of(other, other.pruned[0]) == pytest.approx(held_out_of(one, one.pruned[0]))


def test_tags_are_scored_by_their_entities(tmp_path: Path) -> None:
    """On the texts that one seed of two chooses, the other's F1 of entities is that of these texts together."""
    random = np.random.default_rng(6)
    gold = random.integers(0, len(CLASSES), (30, WORDS))
    said = {
        (method, sparsity, seed): np.where(random.random(gold.shape) < 0.3, random.integers(0, 5, gold.shape), gold)
        for method, sparsity in (("dense", 0.0), ("imp-ft", 0.5))
        for seed in range(2)
    }
    root = committed_tags(tmp_path, gold.tolist(), {cell: tags.tolist() for cell, tags in said.items()})
    (row,) = survey(connect(root), resamples=10).held_out
    kind: Any = KINDS["tagging"].of(CLASSES)

    def f1(texts: NDArray[np.bool_], tags: NDArray[np.int64]) -> float:
        true, own = (kind.codes(pa.array(part[texts].tolist(), pa.list_(pa.int16())), 5) for part in (gold, tags))
        return float(kind.measured(true, own, 5)["entity-f1"])

    for method, sparsity, name in (("imp-ft", 0.5, "pruned"), ("dense", 0.0, "dense")):
        scores = []
        for chooser, scorer in ((0, 1), (1, 0)):
            chosen = (said["dense", 0.0, chooser] != said["imp-ft", 0.5, chooser]).any(axis=1)
            scores.append(f1(chosen, said[method, sparsity, scorer]))
        assert row[name] == pytest.approx(np.mean(scores))


def drawn(random: np.random.Generator, shift: float) -> Panel:
    """Five seeds that share noise, on 150 texts: each word is right, or has an error of its own; shift: of pruning."""
    texts, seeds = 150, 5
    hardness = random.normal(-1.2, 1.2, (texts, WORDS)) + random.normal(0, 0.5, (seeds, texts, WORDS))
    wrong = [hardness + random.normal(0, 0.8, hardness.shape) + moved > 0 for moved in (0.0, shift)]
    said = np.concatenate(wrong).astype(np.int16)
    table, codes = np.unique(said.reshape(-1, WORDS), axis=0, return_inverse=True)
    codes = codes.reshape(2 * seeds, texts).astype(np.int32)
    right = (WORDS - said.sum(axis=2)).astype(np.float32)
    parts = np.stack([right, np.full_like(right, WORDS)])
    dense, pruned = (
        Answers(method=name, sparsity=0.5, seeds=np.arange(seeds), codes=codes[own], parts=parts[:, own])
        for name, own in (("dense", slice(seeds)), ("x", slice(seeds, None)))
    )
    ids = np.arange(texts, dtype=np.int32)
    places = np.vstack([table, np.full(WORDS, -1)]).astype(np.int16)
    return Panel(
        task="t",
        split="test",
        model="m",
        sets=None,
        example_ids=ids,
        dense=dense,
        pruned=(pruned,),
        places=places,
    )


def test_no_harm_is_found_where_there_is_none() -> None:
    """Over studies in which pruning does nothing differences are 0 on average and intervals hold 0; a harm is seen."""
    random = np.random.default_rng(8)
    null = [held_out_of(one, one.pruned[0]) for one in (drawn(random, 0.0) for _ in range(60))]
    differences = np.array([row["difference"] for row in null])
    assert abs(differences.mean()) < 3 * differences.std() / len(null) ** 0.5
    assert sum(row["low"] <= 0 <= row["high"] for row in null) >= 54
    harmed = drawn(random, 0.8)
    assert held_out_of(harmed, harmed.pruned[0])["high"] < 0
