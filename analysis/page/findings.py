"""Write a store's findings in sentences with numbers: one paragraph for every task and model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import mean

from analysis.display_names import cell_name, method_name, percent
from analysis.overview import places
from analysis.page.distortion_findings import claims, gaps
from analysis.results import Results, Row
from runner.methods import DENSE

CHANCE = 0.05


@dataclass(frozen=True, kw_only=True)
class Findings:
    """Sentences on one task and model, on one split: the test split where there is one."""

    task: str
    model: str
    split: str
    sentences: tuple[str, ...]


def findings(results: Results) -> list[Findings]:
    """Dense effectiveness, PIEs by sparsity beside seed noise, who is right on them, and which classes pay."""
    told = []
    for place in places(results):
        effects, rates, excesses, on_pies, of_classes, fair, distorted = (
            [row for row in rows if (row["task"], row["model"], row["split"]) == place]
            for rows in (
                *(results.effectiveness, results.pie_rate),
                *(results.survey.intervals, results.survey.held_out, results.class_changes),
                *(results.fairness, results.recall_distortions),
            )
        )
        sentences = (
            *_dense(effects),
            *_rates(rates, excesses, place[2]),
            *_ranked(excesses),
            *_best(effects),
            *_on_pies(on_pies),
            *_class(of_classes),
            *gaps(fair),
            *claims(distorted),
        )
        told.append(Findings(task=place[0], model=place[1], split=place[2], sentences=sentences))
    return told


def _dense(effects: Sequence[Row]) -> Iterator[str]:
    for row in effects:
        if row["method"] == DENSE and row["mean"] is not None:
            deviation = "" if row["std"] is None else f" ± {row['std']:.3f}"
            seeds = f"{row['seeds']} seed{'' if row['seeds'] == 1 else 's'}"
            yield f"Dense: {row['metric']} {row['mean']:.3f}{deviation} over {seeds}."


def _rates(rates: Sequence[Row], excesses: Sequence[Row], split: str) -> Iterator[str]:
    known = [row for row in rates if row["rate"] is not None]
    if not known:
        return
    sparsities = sorted({row["sparsity"] for row in known})
    groups = {sparsity: [row for row in known if row["sparsity"] == sparsity] for sparsity in sparsities}
    shares = [f"{mean(row['rate'] for row in rows) * 100:.1f} % at {percent(at)}" for at, rows in groups.items()]
    told = shares if len(shares) <= 3 else [shares[0], shares[len(shares) // 2], shares[-1]]
    methods = len({row["method"] for row in known})
    over = f", mean over {methods} methods" if methods > 1 else ""
    floors = [(row["half"], row["noise_floor"]) for row in excesses if row["noise_floor"] is not None]
    floor = f"; two halves of the dense seeds alone disagree on {max(floors)[1] * 100:.1f} %" if floors else ""
    yield f"PIEs among the {split} examples{over}: {', '.join(told)}{floor}."


def _best(effects: Sequence[Row]) -> Iterator[str]:
    pruned = [row for row in effects if row["method"] != DENSE and row["mean"] is not None]
    if not pruned:
        return
    top = max(row["sparsity"] for row in pruned)
    low, high = _extremes([row for row in pruned if row["sparsity"] == top], "mean")
    if low["mean"] < high["mean"]:
        yield (
            f"Mean {high['metric']} at {percent(top)}: from {low['mean']:.3f} ({method_name(low['method'])}) "
            f"to {high['mean']:.3f} ({method_name(high['method'])})."
        )


def _ranked(rows: Sequence[Row]) -> Iterator[str]:
    """The methods that break least and most, by halves of the seeds: none is paired with its dense model there."""
    known = [row for row in rows if row["halves_rate"] is not None]
    top = max((row["sparsity"] for row in known), default=0.0)
    own = [row for row in known if row["sparsity"] == top]
    if not own:
        return
    low, high = _extremes(own, "halves_rate")
    if low["halves_rate"] < high["halves_rate"]:
        yield (
            f"At {percent(top)} {method_name(low['method'])} breaks the fewest, by halves of the seeds "
            f"({low['halves_rate'] * 100:.1f} %), {method_name(high['method'])} the most "
            f"({high['halves_rate'] * 100:.1f} %)."
        )


def _on_pies(rows: Sequence[Row]) -> Iterator[str]:
    """Pruned against dense models on PIEs that other seeds find, beside what dense models alone dispute."""
    known = [row for row in rows if row["low"] is not None]
    if not known:
        return
    worse, better = (sum(row["high"] < 0 for row in known), sum(row["low"] > 0 for row in known))
    disputed = [row["reference_difference"] for row in known if row["reference_difference"] is not None]
    beside = f"; on what dense models alone dispute {mean(disputed):+.3f}" if disputed else ""
    average = f"{mean(row['difference'] for row in known):+.3f}{beside}"
    yield (
        f"On PIEs that other seeds find, pruned models are worse than dense ones by more than the interval in {worse} "
        f"of {len(known)} cells, better in {better} (by chance alone in {CHANCE * len(known):.1f}); on average by "
        f"{average}."
    )


def _extremes(rows: Sequence[Row], name: str) -> tuple[Row, Row]:
    return min(rows, key=lambda row: row[name]), max(rows, key=lambda row: row[name])


def _class(rows: Sequence[Row]) -> Iterator[str]:
    """The class that loses most recall, if any does after Holm's correction over cells and classes."""
    known = [row for row in rows if row["change_low"] is not None]
    if len({row["class"] for row in known}) < 2:
        return
    lower = [row for row in known if row["change"] < 0 and row["corrected_p"] <= CHANCE]
    if not lower:
        yield "No class is shown to lose recall, after correction for the number of cells and classes."
        return
    worst = min(lower, key=lambda row: row["change"])
    cells = sum(row["class"] == worst["class"] for row in lower)
    low, high = worst["change_low"] * 100, worst["change_high"] * 100
    yield (
        f"Class “{worst['class']}” pays most: its recall falls from {worst['dense_recall']:.3f} to "
        f"{worst['pruned_recall']:.3f} under {_cell(worst)} ({low:+.1f} to {high:+.1f} points), and it loses "
        f"recall in {cells} cell{'' if cells == 1 else 's'}, after correction for the number of cells and classes."
    )


def _cell(row: Row) -> str:
    return cell_name(row["method"], row["sparsity"])
