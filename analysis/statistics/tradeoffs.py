"""What each cell gives and what it takes: quality, PIEs, the worst class, size and time, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

from scipy import special

from analysis.display_names import first_splits
from analysis.results import Results, Row
from runner.methods import DENSE
from runner.studies.seed_advice import LEAST_SEEDS

CONFIDENCE = 0.95
DIGITS = 9
"""Beyond which two numbers are equal: sums of equal numbers differ in their last digits."""
SAME_SIZE = 1.015
"""The ratio of two sizes up to which networks are equally large: what was removed is equal, and a few bytes are not."""
PLACE = ("task", "split", "model", "method", "sparsity")
WEIGHTS = """
    SELECT
        task, model, method, sparsity,
        avg(parameters * (1 - total_sparsity)) AS weights, avg(1 - coalesce(total_sparsity, sparsity)) AS share
    FROM trials GROUP BY ALL"""
BYTES = """
    SELECT task, model, method, sparsity, name, count(*) AS trials, avg(bytes) AS bytes
    FROM efficiency WHERE measure = 'storage' AND embeddings GROUP BY ALL"""
TIMES = """
    SELECT
        task, model, method, sparsity, avg(seconds) AS seconds,
        list(DISTINCT machine || ', ' || threads || if(threads = 1, ' thread', ' threads')) AS machines
    FROM efficiency WHERE measure = 'latency' AND name = 'sparse fp32' AND batch = 1 GROUP BY ALL"""

Key = tuple[Any, ...]


def tradeoffs(results: Results) -> list[Row]:
    """One row a cell of every task and model with a pruned one, on the first split of each task, in the grid's order.

    mean: of the headline metric over seeds; low, high: its t interval (95 %), from five seeds on. excess: of the PIE
    rate over seed noise, with its interval; worst_class, worst_recall: of the class with the lowest recall; all None
    where the kind of answer, or the cell, has none. bytes: of the smallest encoding of those that every cell of the
    task and model is known in, encoding: which; weights: those that are left of all; share: what is left of all, of the
    prunable ones where no trial says. size: what the cell is compared by: bytes where all cells of the task and model
    have them, else weights where these are known of all, else the share; sized_by: which. seconds: a text, of the
    sparse network, one at a time. on_front: no other cell of the task and model is as good and as small, and better or
    smaller; sizes that differ by less than SAME_SIZE are one.
    """
    first = first_splits((row["task"], row["split"]) for row in results.effectiveness)
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in results.effectiveness:
        if row["split"] == first[row["task"]] and row["mean"] is not None:
            groups.setdefault((row["task"], row["model"]), []).append(row)
    pruned = {place: rows for place, rows in groups.items() if any(row["sparsity"] for row in rows)}
    beside = _beside(results)
    found: list[Row] = []
    for rows in pruned.values():
        cells = [_cell(row, beside) for row in rows]
        _sized(cells, beside)
        for row in cells:
            row["on_front"] = not any(_dominates(other, row) for other in cells)
        found += cells
    return found


@dataclass(frozen=True, kw_only=True)
class Beside:
    """What is known of cells besides their effectiveness, by cell and split, or by cell alone."""

    values: Mapping[Key, list[float]]
    excesses: Mapping[Key, Row]
    recalls: Mapping[Key, tuple[str, float]]
    weights: Mapping[Key, Row]
    times: Mapping[Key, Row]
    bytes: Mapping[Key, dict[str, float]]


def _beside(results: Results) -> Beside:
    values: dict[Key, list[float]] = {}
    for row in results.seed_effectiveness:
        if row["value"] is not None:
            values.setdefault(_key(row), []).append(row["value"])
    sizes: dict[Key, dict[str, float]] = {}
    for row in results.rows(BYTES):
        sizes.setdefault(_place(row), {})[row["name"]] = row["bytes"]
    return Beside(
        values=values,
        excesses={_key(row): row for row in results.survey.intervals},
        recalls=_recalls(results.fairness),
        weights={_place(row): row for row in results.rows(WEIGHTS)},
        times={_place(row): row for row in results.rows(TIMES)},
        bytes=sizes,
    )


def _recalls(rows: Sequence[Row]) -> dict[Key, tuple[str, float]]:
    """The worst class of every cell, and its recall; of dense ones as they stand beside a pruned one."""
    found: dict[Key, tuple[str, float]] = {}
    for row in rows:
        found[_key(row)] = row["worst_class"], row["worst_recall"]
        found.setdefault((*_key(row)[:3], DENSE, 0.0), (row["dense_worst_class"], row["dense_worst_recall"]))
    return found


def _cell(row: Row, beside: Beside) -> Row:
    low, high = interval(beside.values[_key(row)])
    excess = beside.excesses.get(_key(row), {})
    worst_class, worst_recall = beside.recalls.get(_key(row), (None, None))
    weights, time = beside.weights[_place(row)], beside.times.get(_place(row), {})
    return {
        **{name: row[name] for name in (*PLACE, "metric", "mean")},
        "low": low,
        "high": high,
        "seeds": row["seeds"],
        **{name: excess.get(name) for name in ("excess", "excess_low", "excess_high")},
        "worst_class": worst_class,
        "worst_recall": worst_recall,
        "weights": weights["weights"],
        "share": weights["share"],
        "seconds": time.get("seconds"),
        "machines": "; ".join(sorted(time.get("machines", []))),
    }


def _sized(cells: list[Row], beside: Beside) -> None:
    """Say of every cell of a task and model how large it is, all in one measure."""
    known = [beside.bytes.get(_place(row), {}) for row in cells]
    shared = set(known[0]).intersection(*known)
    for row, sizes in zip(cells, known, strict=True):
        names = shared or set(sizes)
        row["encoding"] = min(names, key=lambda name: (sizes[name], name)) if names else None
        row["bytes"] = sizes[row["encoding"]] if names else None
    measures = ("bytes",) if shared else ()
    by = next((name for name in (*measures, "weights") if all(row[name] is not None for row in cells)), "share")
    for row in cells:
        row["sized_by"], row["size"] = by, round(row[by], DIGITS if by == "share" else 0)


def interval(values: Sequence[float]) -> tuple[float | None, float | None]:
    """mean -+ t s / sqrt(n) with n - 1 degrees of freedom, at most 1, as no metric is more; none below five values."""
    if len(values) < LEAST_SEEDS:
        return None, None
    reach = float(special.stdtrit(len(values) - 1, (1 + CONFIDENCE) / 2)) * stdev(values) / len(values) ** 0.5
    return fmean(values) - reach, min(fmean(values) + reach, 1.0)


def _dominates(one: Row, other: Row) -> bool:
    """True if a cell is as good and as small as another, and better or smaller."""
    gained = float(round(one["mean"] - other["mean"], DIGITS))
    size, others = float(one["size"]), float(other["size"])
    return gained >= 0 and size <= others * SAME_SIZE and (gained > 0 or size * SAME_SIZE < others)


def _key(row: Row) -> Key:
    return tuple(row[name] for name in PLACE)


def _place(row: Row) -> Key:
    return row["task"], row["model"], row["method"], row["sparsity"]
