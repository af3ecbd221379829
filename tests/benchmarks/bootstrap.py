"""Bootstrap intervals over seeds at the size of SNLI's training split, against a plain loop over resamples.

    python -m tests.benchmarks.bootstrap [--examples 549367] [--seeds 30] [--resamples 1000]

Two cells of three classes; most examples are easy and most seeds agree on them, as real ones do. The plain loop does
what a notebook does, for each resample: pick the seeds, count every class, take the largest count, compare. It is
timed on a slice, and its full time is that times the examples of the slice that fit: its work grows in proportion.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from analysis.statistics.answers import Answers, Panel
from analysis.statistics.ballots import contest
from analysis.statistics.noise_floor import interval_of
from analysis.statistics.resampling import generator, paired_resamples

CLASSES = 3
SLICE = 20_000
SLICE_RESAMPLES = 20


def cells(examples: int, seeds: int) -> tuple[Answers, Answers]:
    """A dense cell, and a pruned one with more noise: about one example in eight is a PIE."""
    random = np.random.default_rng(0)
    gold = random.integers(0, CLASSES, examples)
    wrong = (gold + random.integers(1, CLASSES, examples)) % CLASSES
    margins = random.normal(1.6, 1.0, examples)

    def answers(noise: float, harm: float, method: str) -> Answers:
        right = margins - harm * random.random(examples) + random.normal(0, noise, (seeds, examples)) > 0
        codes = np.where(right, gold, wrong).astype(np.int32)
        return Answers(method=method, sparsity=0.9, seeds=np.arange(seeds), codes=codes)

    return answers(0.4, 0.0, "dense"), answers(0.6, 1.5, "imp-ft")


def plain(dense: Answers, pruned: Answers, weights: NDArray[np.float32]) -> list[float]:
    """PIE rates of resamples, one after another."""
    rates = []
    for row in weights.astype(int):
        votes = []
        for one in (dense, pruned):
            drawn = np.repeat(one.codes, row, axis=0)
            counts = np.stack([(drawn == label).sum(axis=0) for label in range(CLASSES)])
            votes.append(counts.argmax(axis=0))
        rates.append(float((votes[0] != votes[1]).mean()))
    return rates


def cut(one: Answers, examples: int) -> Answers:
    """The first examples of a cell."""
    return Answers(method=one.method, sparsity=one.sparsity, seeds=one.seeds, codes=one.codes[:, :examples])


def panel_of(dense: Answers, pruned: Answers) -> Panel:
    """Both cells as a panel."""
    return Panel(
        task="snli",
        split="train",
        model="bilstm",
        sets=None,
        example_ids=np.arange(dense.codes.shape[1], dtype=np.int32),
        dense=dense,
        pruned=(pruned,),
    )


def main() -> None:
    """Print seconds of both ways, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--examples", type=int, default=549_367)
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--resamples", type=int, default=1_000)
    options = parser.parse_args()
    dense, pruned = cells(options.examples, options.seeds)
    weights = paired_resamples(generator("benchmark"), dense.seeds, pruned.seeds, options.resamples)

    def shares(one: Answers, other: Answers, count: int) -> NDArray[np.float64]:
        votes = contest(panel_of(one, other), one, other)
        return votes.shares([(side, drawn[:count]) for side, drawn in enumerate(weights)], [(0, 1)])[0]

    with threadpool_limits(1, "blas"):
        small = cut(dense, SLICE), cut(pruned, SLICE)
        began = time.perf_counter()
        expected = plain(*small, weights[0][:SLICE_RESAMPLES])
        loop = (time.perf_counter() - began) / SLICE_RESAMPLES / small[0].codes.shape[1]
        assert np.allclose(shares(*small, SLICE_RESAMPLES), expected)
        began = time.perf_counter()
        rates = shares(dense, pruned, options.resamples)
        ours = time.perf_counter() - began
        began = time.perf_counter()
        row = interval_of(panel_of(dense, pruned), pruned, options.resamples)
        whole = time.perf_counter() - began
    theirs = loop * options.examples * options.resamples
    print(f"{options.examples:,} examples x {options.seeds} seeds x {CLASSES} classes, one thread")
    print(f"  {options.resamples:,} resampled rates, mean {rates.mean():.4f}: {ours:.1f} s")
    print(f"  a plain loop: {theirs:,.0f} s (from a slice), {theirs / ours:.0f} times as long")
    print(f"  rate, noise floor and excess with their intervals: {whole:.1f} s")
    print(f"  rate {row['rate']:.4f} ({row['low']:.4f} to {row['high']:.4f}), noise floor {row['noise_floor']:.4f}")


if __name__ == "__main__":
    main()
