"""Scores of many texts: each distinct text once, in batches, over several processes where that pays."""

from __future__ import annotations

import functools
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context

import pyarrow as pa
import pyarrow.compute as pc

from analysis.readability.counts import Vocabulary, count
from analysis.readability.dictionary import ReadabilityError, textstat_offline
from analysis.readability.formulas import SCORES

BATCH = 2_000
BYTES_PER_PROCESS = 30_000_000
"""A process takes seconds to load textstat and the dictionary: fewer bytes of text are scored sooner without it."""


def score_texts(texts: pa.ChunkedArray, jobs: int, advance: Callable[[int], None]) -> pa.Table:
    """The columns of SCORES for texts without nulls, in their order; equal to textstat's functions, bit for bit.

    jobs: how many processes; 0 for as many as pay on this machine. `advance` is told how many texts were done. Raises
    ReadabilityError if the dictionary is missing or a process died.
    """
    encoded = pc.dictionary_encode(texts.cast(pa.large_string())).combine_chunks()
    encoded = encoded.chunk(0) if isinstance(encoded, pa.ChunkedArray) else encoded
    distinct = encoded.dictionary
    batches = [distinct[start : start + BATCH].to_pylist() for start in range(0, len(distinct), BATCH)]
    processes = min(jobs or _paying(distinct.nbytes), max(1, len(batches)))
    parts = []
    for batch, part in zip(batches, _scored(batches, processes), strict=True):
        parts.append(part)
        advance(len(batch))
    scored = pa.concat_tables(parts) if parts else score_batch([])
    if len(texts) > len(distinct):
        advance(len(texts) - len(distinct))
    return scored.take(encoded.indices)


def score_batch(texts: list[str]) -> pa.Table:
    """The columns of SCORES for some texts, by this process."""
    counts = count(texts, _vocabulary())
    return pa.table({name: score(counts) for name, score in SCORES.items()})


def _scored(batches: list[list[str]], processes: int) -> Iterator[pa.Table]:
    if processes == 1:
        yield from map(score_batch, batches)
        return
    # Forked, a process would inherit locks that threads of DuckDB and pyarrow hold.
    pool = ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=_leave_interrupts_to_parent)
    try:
        yield from pool.map(score_batch, batches)
    except BrokenProcessPool as error:
        raise ReadabilityError(
            f"a process that scored texts died, perhaps for lack of memory ({processes} at work); try --jobs 1"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


@functools.cache
def _vocabulary() -> Vocabulary:
    """What this process knows of words, kept from batch to batch."""
    return Vocabulary(textstat_offline())


def _leave_interrupts_to_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _paying(size: int) -> int:
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(usable, size // BYTES_PER_PROCESS))
