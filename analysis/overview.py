"""Sum up a store for its first screen: PIE rates beside their noise floors, the largest effect, and examples."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from analysis.broken_examples import BrokenExample, surest_broken
from analysis.display_names import cell_name, first_splits
from analysis.results import Results, Row

ALPHA = 0.05
NOISE = "not told apart from seed noise"
BEYOND = "beyond seed noise"
TOO_FEW = "too few seeds to tell from noise"
UNKNOWN = "no dense models to compare with"

Verdict = Literal["beyond", "noise", "too-few", "unknown"]
VERDICTS: dict[Verdict, str] = {"beyond": BEYOND, "noise": NOISE, "too-few": TOO_FEW, "unknown": UNKNOWN}


@dataclass(frozen=True, kw_only=True)
class Compared:
    """A pruned cell's PIE rate, both noise floors, and the excess over them, as shares; None where not known.

    low, high: the interval of the rate over seeds and examples; excess_low, excess_high: that of the excess over seeds.
    is_incomplete: the cell, or the dense cell it is compared with, lacks planned seeds.
    """

    method: str
    sparsity: float
    seeds: int
    rate: float | None
    low: float | None
    high: float | None
    noise_floor: float | None
    pruned_floor: float | None
    excess: float | None
    excess_low: float | None
    excess_high: float | None
    is_incomplete: bool = False

    @property
    def verdict(self) -> Verdict:
        """Whether the excess is above 0 by its interval."""
        if self.rate is None:
            return "unknown"
        if self.excess_low is None:
            return "too-few"
        return "beyond" if self.excess_low > 0 else "noise"

    @property
    def name(self) -> str:
        """Method and sparsity as they are printed."""
        return cell_name(self.method, self.sparsity)

    @property
    def words(self) -> str:
        """Everything in one line: rate, both floors and excess, with their intervals, and what they come to."""
        rate = _share(self.rate, self.low, self.high)
        if self.excess is None or self.noise_floor is None or self.pruned_floor is None:
            return f"{self.name}: {rate} PIEs; {VERDICTS[self.verdict]}"
        floors = f"noise floor {self.noise_floor * 100:.1f} %, pruned floor {self.pruned_floor * 100:.1f} %"
        low, high = self.excess_low, self.excess_high
        told = "" if low is None or high is None else f" ({low * 100:+.1f} to {high * 100:+.1f})"
        return (
            f"{self.name}: {rate} PIEs; {floors}; excess {self.excess * 100:+.1f} points{told}: "
            f"{VERDICTS[self.verdict]}"
        )


@dataclass(frozen=True, kw_only=True)
class Overview:
    """One task and model on one split: the test split where there is one.

    cells: in the order of the grid. effect: the largest effect that is one, in a sentence; None where there is none.
    examples: the broken ones of which the dense models were surest; those that they had right come first. drifts: what
    is said instead where answers are not voted on, so that there are no PIEs; None where they are.
    """

    task: str
    model: str
    split: str
    cells: tuple[Compared, ...]
    effect: str | None
    examples: tuple[BrokenExample, ...]
    drifts: str | None = None

    @property
    def summary(self) -> str:
        """In how many cells the excess is told apart from seed noise, in a sentence."""
        if self.drifts is not None:
            return self.drifts
        counts = {verdict: sum(cell.verdict == verdict for cell in self.cells) for verdict in VERDICTS}
        if not self.cells:
            return "No pruned models yet."
        if counts["unknown"] == len(self.cells):
            return "No dense models to compare with yet."
        known = counts["beyond"] + counts["noise"]
        if not known:
            return "With fewer than five seeds, no PIE rate here can be told apart from seed noise."
        rest = len(self.cells) - known
        further = f" {rest} further cell{' has' if rest == 1 else 's have'} too few seeds to tell." if rest else ""
        if not counts["beyond"]:
            return f"Not told apart from seed noise: the PIEs of all {known} cells.{further}"
        return (
            f"PIEs beyond seed noise in {counts['beyond']} of {known} cells (by chance alone in {ALPHA * known:.1f} at "
            f"most); not told apart from it in {counts['noise']}.{further}"
        )

    @property
    def all_were_right(self) -> bool:
        """Whether the dense vote had every one of the examples right."""
        return all(one.was_right for one in self.examples)


def overviews(results: Results, examples: int) -> list[Overview]:
    """An overview of every task and model, with at most so many examples each."""
    return [
        Overview(
            task=place[0],
            model=place[1],
            split=place[2],
            cells=tuple(
                replace(compared(row), is_incomplete=results.is_incomplete(row))
                for row in _own(results.survey.intervals, place)
            ),
            effect=largest_effect(_own(results.class_changes, place), _own(results.survey.intervals, place)),
            examples=tuple(surest_broken(results, place, examples)),
            drifts=drifts(results, place),
        )
        for place in places(results)
    ]


def drifts(results: Results, place: tuple[str, str, str]) -> str | None:
    """Where the mean quality of answers moves most, in sentences; None where answers are voted on."""
    if results.rows("SELECT task FROM internal.task WHERE is_voted AND task = ?", place[0]):
        return None
    found = results.rows(
        """SELECT method, sparsity, drift, dense_halves FROM drift
        WHERE task = ? AND model = ? AND split = ? ORDER BY abs(drift) DESC, method, sparsity LIMIT 1""",
        *place,
    )
    said = "Answers are numbers, on which seeds do not vote: there are no PIEs."
    if not found:
        return said
    (most,) = found
    halves = most["dense_halves"]
    beside = "" if halves is None else f" (two halves of the dense seeds: {halves:.4f})"
    name = cell_name(most["method"], most["sparsity"])
    return f"{said} Their mean quality (0 to 1) moves most in {name}: by {most['drift']:+.4f}{beside}."


def places(results: Results) -> list[tuple[str, str, str]]:
    """Every task and model that has answered, each with the first split of the task, the test split before others."""
    splits = first_splits((row["task"], row["split"]) for row in results.effectiveness)
    return list(dict.fromkeys((row["task"], row["model"], splits[row["task"]]) for row in results.effectiveness))


def largest_effect(classes: Iterable[Row], cells: Iterable[Row]) -> str | None:
    """The largest effect that seed noise alone does not explain, in a sentence without a full stop.

    The largest fall of a class's recall, of those that Holm's correction leaves and whose class has PIEs beyond both
    noise floors; where there is none, the largest excess of a PIE rate whose interval is above 0; else None.
    """
    fallen = [
        row
        for row in classes
        if (row["change"] or 0.0) < 0 and row["corrected_p"] <= ALPHA and (row["excess_low"] or 0.0) > 0
    ]
    if fallen:
        worst = min(fallen, key=lambda row: row["change"])
        low, high = worst["change_low"] * 100, worst["change_high"] * 100
        return (
            f"recall of {worst['class']} under {cell_name(worst['method'], worst['sparsity'])} falls "
            f"from {worst['dense_recall']:.3f} to {worst['pruned_recall']:.3f} ({low:+.1f} to {high:+.1f} points)"
        )
    beyond = [row for row in cells if (row["excess_low"] or 0.0) > 0]
    if not beyond:
        return None
    most = max(beyond, key=lambda row: row["excess"])
    low, high = most["excess_low"] * 100, most["excess_high"] * 100
    return (
        f"{cell_name(most['method'], most['sparsity'])} makes {most['excess'] * 100:.1f} points more "
        f"PIEs than seed noise ({low:.1f} to {high:.1f})"
    )


def _share(value: float | None, low: float | None, high: float | None) -> str:
    told = "unknown" if value is None else f"{value * 100:.1f} %"
    return told if low is None or high is None else f"{told} ({low * 100:.1f} to {high * 100:.1f})"


def _own(rows: Iterable[Row], place: tuple[str, str, str]) -> list[Row]:
    return [row for row in rows if (row["task"], row["model"], row["split"]) == place]


def compared(row: Row) -> Compared:
    """A row of `interval_of` as a cell of an overview."""
    return Compared(
        method=row["method"],
        sparsity=row["sparsity"],
        seeds=row["seeds"],
        rate=row["rate"],
        low=row["two_way_low"],
        high=row["two_way_high"],
        **{name: row[name] for name in ("noise_floor", "pruned_floor", "excess", "excess_low", "excess_high")},
    )
