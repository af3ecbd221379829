"""Votes on words: each electorate's plurality per word, and an example differs if any word's does."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.statistics.answers import Answers, Panel
from analysis.statistics.ballots import contest

SEEDS, EXAMPLES, WORDS, TAGS = 5, 40, 3, 4


def test_shares_are_those_of_counting_word_by_word() -> None:
    """Random tags of texts of one to three words, some unanswered by a seed, under random weights."""
    random = np.random.default_rng(0)
    lengths = random.integers(1, WORDS + 1, EXAMPLES)
    said = random.integers(0, TAGS, (2 * SEEDS, EXAMPLES, WORDS)) % random.integers(1, TAGS + 1, EXAMPLES)[:, None]
    said[:, np.arange(WORDS) >= lengths[:, None]] = -1
    tags, codes = np.unique(said.reshape(-1, WORDS), axis=0, return_inverse=True)
    codes = codes.reshape(2 * SEEDS, EXAMPLES).astype(np.int32)
    missing = random.random(codes.shape) < 0.05
    codes[missing], said[missing] = -1, -1
    table = np.vstack([tags, np.full(WORDS, -1)]).astype(np.int16)
    seeds = np.arange(SEEDS)
    cells = [
        Answers(method=name, sparsity=0.0, seeds=seeds, codes=part)
        for name, part in (("dense", codes[:SEEDS]), ("x", codes[SEEDS:]))
    ]
    panel = Panel(
        task="t",
        split="test",
        model="m",
        sets=None,
        example_ids=np.arange(EXAMPLES, dtype=np.int32),
        dense=cells[0],
        pruned=(cells[1],),
        places=table,
    )
    weights = random.integers(0, 3, (7, SEEDS)).astype(np.float32)
    weights[:, 0] += 1
    found = contest(panel, *cells).shares([(0, weights), (1, weights)], [(0, 1)])[0]

    def vote(side: int, electorate: int) -> np.ndarray:
        own = said[side * SEEDS : (side + 1) * SEEDS]
        counts = [(weights[electorate][:, None, None] * (own == tag)).sum(0) for tag in range(TAGS)]
        return np.where(np.arange(WORDS) < lengths[:, None], np.argmax(counts, axis=0), -1)

    for electorate, share in enumerate(found):
        differ = (vote(0, electorate) != vote(1, electorate)).any(1)
        assert share == pytest.approx(differ.mean())
