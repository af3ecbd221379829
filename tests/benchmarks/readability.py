"""How fast texts of SNLI's size are scored, against calling textstat for one text after the other.

    python -m tests.benchmarks.readability [--texts 549367] [--jobs 2] [--snli FOLDER]

Every text is a premise and a hypothesis drawn anew, so that nearly all are distinct; from a copy of SNLI, or else from
sentences of movie reviews, which have more rare words. That all give equal numbers is checked on the texts of the plain
loop. Loading textstat and its dictionary is part of what several processes take, and of no other rate.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

from analysis.readability.dictionary import textstat_offline, versions
from analysis.readability.formulas import SCORES
from analysis.readability.scoring import score_texts
from tasks.base import TaskChoice
from tasks.catalogue import open_task

SNLI_TRAIN = 549_367
PLAIN_TEXTS = 5_000
ALONE_TEXTS = 50_000


def pairs(count: int, snli: Path | None) -> list[str]:
    """So many texts of two sentences each."""
    choice = TaskChoice(name="snli", data=str(snli)) if snli else TaskChoice(name="movie-snippets")
    examples = open_task(choice).examples
    first = examples["text"].to_pylist()
    second = examples["text_pair"].to_pylist() if snli else first
    chance = np.random.default_rng(0)
    left, right = (chance.integers(0, len(side), count) for side in (first, second))
    return [f"{first[i]} {second[j]}" for i, j in zip(left, right, strict=True)]


def plain(texts: list[str]) -> dict[str, list[float]]:
    """What people do now: every function for every text."""
    textstat = textstat_offline()
    rows = [[getattr(textstat, name)(text) for name in SCORES] for text in texts]
    return dict(zip(SCORES, map(list, zip(*rows, strict=True)), strict=True))


def rate(what: str, count: int, seconds: float, base: float | None = None) -> float:
    """Print texts a second, and how many times as fast as the base that is."""
    found = count / seconds
    ratio = f", {found / base:.1f} times as fast" if base else ""
    print(f"{what}: {count:,} texts in {seconds:.1f} s, {found:,.0f} a second{ratio}", flush=True)
    return found


def main() -> None:
    """Measure the plain loop, one process, and several."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--texts", type=int, default=SNLI_TRAIN)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--snli", type=Path, help="a copy of SNLI to take premises and hypotheses from")
    options = parser.parse_args()
    texts = pairs(options.texts, options.snli)
    words = sum(len(text.split()) for text in texts[:PLAIN_TEXTS]) / min(len(texts), PLAIN_TEXTS)
    print(f"{versions()}; {words:.1f} words a text, {len(set(texts)):,} distinct texts")
    plain(texts[:1])  # loads the dictionary
    begun = time.perf_counter()
    expected = plain(texts[:PLAIN_TEXTS])
    base = rate("textstat, one text after the other", len(texts[:PLAIN_TEXTS]), time.perf_counter() - begun)
    begun = time.perf_counter()
    found = score_texts(pa.chunked_array([texts[:ALONE_TEXTS]]), 1, lambda _: None)
    rate("piesweep, one process", found.num_rows, time.perf_counter() - begun, base)
    assert all(found[name].to_pylist()[:PLAIN_TEXTS] == expected[name] for name in SCORES)
    begun = time.perf_counter()
    found = score_texts(pa.chunked_array([texts]), options.jobs, lambda _: None)
    rate(f"piesweep, {options.jobs} processes", found.num_rows, time.perf_counter() - begun, base)


if __name__ == "__main__":
    main()
