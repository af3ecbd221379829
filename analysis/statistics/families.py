"""Test one family of comparisons: which can be tested, what tests find, and what the correction leaves of that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.results import Row
from analysis.statistics.corrections import CORRECTIONS
from analysis.statistics.mcnemar import mcnemar
from analysis.statistics.paired import LEAST_PAIRS, SEED_TESTS, Tested, together, welch_t
from runner.studies.seed_advice import least_p

SHOWN_SEEDS = 5
LEAST_APART = 2
NOTHING_SHOWN = "no difference shown"
FOUND = ("estimate", "low", "high", "statistic", "p")

Pairs = list[tuple[int, float | None, float | None]]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One comparison ready for its test: pairs (of seeds or examples) or the reason why it cannot be tested.

    differences: one a pair of seeds. samples: both sides, where nothing is paired. counts: of examples, a yes on one
    side alone, on the other alone, and all. votes: what `swap` found, where the votes of both sides are compared.
    """

    pairs: int
    reason: str = ""
    differences: tuple[float, ...] = ()
    samples: tuple[tuple[float, ...], tuple[float, ...]] | None = None
    counts: tuple[int, int, int] = (0, 0, 0)
    votes: Mapping[str, float | None] | None = None


def over_seeds(pairs: Pairs, test: str, side: str, other: str) -> Comparison:
    """Pairs of seeds, refused where either side lacks seeds that the other has: dropping those would be a choice."""
    lacking = {
        name: [seed for seed, *values in pairs if values[place] is None] for place, name in enumerate((side, other))
    }
    if not pairs or any(len(seeds) == len(pairs) for seeds in lacking.values()):
        return Comparison(pairs=0, reason=" and ".join(_nothing(pairs, lacking)))
    unpaired = [f"{name} lacks {_listed(seeds)}" for name, seeds in lacking.items() if seeds]
    if unpaired:
        return Comparison(pairs=0, reason=f"unpaired: {', '.join(unpaired)}")
    if len(pairs) < LEAST_PAIRS[test]:
        return Comparison(pairs=len(pairs), reason=f"pairs: {len(pairs)}; {test} needs {LEAST_PAIRS[test]}")
    differences = tuple(float(one or 0) - float(two or 0) for _, one, two in pairs)
    if np.ptp(differences) < 1e-12:
        return Comparison(pairs=len(pairs), reason="no spread: all seeds differ by the same amount")
    return Comparison(pairs=len(pairs), differences=differences)


def apart(one: Sequence[float | None], other: Sequence[float | None], names: tuple[str, str]) -> Comparison:
    """Two sides whose seeds are no pairs; refused where a trial has no value: to leave it out would be a choice."""
    for name, values in zip(names, (one, other), strict=True):
        lacking = sum(value is None for value in values)
        if lacking or len(values) < LEAST_APART:
            told = f"{lacking} of {len(values)} trials have no value" if lacking else f"{len(values)} trials"
            return Comparison(pairs=0, reason=f"{name}: {told}; welch-t needs {LEAST_APART} a side, all with a value")
    first, second = (tuple(value for value in values if value is not None) for values in (one, other))
    if np.ptp(first) < 1e-12 and np.ptp(second) < 1e-12:
        return Comparison(pairs=0, reason="no spread: all trials of a side have one value")
    return Comparison(pairs=min(len(first), len(second)), samples=(first, second))


def over_examples(row: Row, counted: Row | None, side: str, other: str) -> Comparison:
    """Pairs of examples, refused where the two votes are of different seeds or on different examples."""
    if not row["seeds"] or not row["other_seeds"] or not counted or not counted["examples"]:
        return Comparison(pairs=0, reason="no examples that both sides answered")
    if reason := unpaired(row["seeds"], row["other_seeds"], counted["unpaired"], (side, other)):
        return Comparison(pairs=0, reason=reason)
    counts = counted["yes_no"], counted["no_yes"], counted["examples"]
    return Comparison(pairs=counted["examples"], counts=counts)


def unpaired(seeds: Iterable[int], other_seeds: Iterable[int], examples: int, names: tuple[str, str]) -> str:
    """Why two sides' votes are no pairs: seeds that one lacks, or examples that one alone answered; else nothing."""
    gaps = zip(names, (set(other_seeds) - set(seeds), set(seeds) - set(other_seeds)), strict=True)
    told = [f"{name} lacks {_listed(sorted(missing))}" for name, missing in gaps if missing]
    if examples:
        told.append(f"{examples} examples were answered on one side alone")
    return f"unpaired: {', '.join(told)}" if told else ""


def judge(rows: Sequence[Row], comparisons: Sequence[Comparison]) -> list[Row]:
    """The rows of one family with pairs, estimate, low, high, statistic, p, corrected_p, verdict and reason.

    estimate: mean difference between the side that is compared and the other; low and high: its interval at confidence
    1 - alpha, not corrected. A comparison that cannot be tested stays in the family, as one with p = 1.
    verdict: higher, lower, no difference shown (corrected_p > alpha), too few seeds to show one (no data could have
    given a corrected_p of at most alpha), or not tested.
    """
    alpha = rows[0]["alpha"]
    found = _tested(comparisons, rows[0])
    corrected = CORRECTIONS[rows[0]["correction"]](np.array([one.get("p", 1.0) for one in found]))
    judged = []
    for row, comparison, one, adjusted in zip(rows, comparisons, found, corrected, strict=True):
        blank = dict.fromkeys(FOUND)
        verdict = _verdict(one, float(adjusted), alpha)
        if verdict == NOTHING_SHOWN and _least(rows, comparison) > alpha:
            verdict = "too few seeds to show one"
        after = {"corrected_p": float(adjusted) if one else None, "verdict": verdict, "reason": comparison.reason}
        judged.append({**row, "pairs": comparison.pairs, **blank, **one, **after})
    return judged


def _least(rows: Sequence[Row], comparison: Comparison) -> float:
    """The least corrected p that a comparison of this family could have had."""
    factor = 1 if rows[0]["correction"] == "bh" else len(rows)
    return factor * least_p(rows[0]["test"], comparison.pairs)


def _tested(comparisons: Sequence[Comparison], family: Row) -> list[dict[str, float | None]]:
    """What the test finds in each comparison; nothing for those with a reason not to be tested."""
    test, alpha, alternative = family["test"], family["alpha"], family.get("alternative", "two-sided")
    found: list[dict[str, float | None]] = [dict(one.votes or {}) for one in comparisons]
    ready = [place for place, one in enumerate(comparisons) if not one.reason and one.votes is None]
    for places in _by_size(ready, comparisons):
        if test == "welch-t":
            tested = together(
                [welch_t(*(comparisons[place].samples or ((), ())), alpha, alternative) for place in places]
            )
        elif test == "mcnemar":
            only, only_other, examples = np.array([comparisons[place].counts for place in places]).T
            tested = mcnemar(only, only_other, examples, alpha)
        else:
            differences = np.array([comparisons[place].differences for place in places])
            tested = SEED_TESTS[test](differences, alpha, alternative)
        for number, place in enumerate(places):
            found[place] = _numbers(tested, number)
    return found


def _by_size(places: Iterable[int], comparisons: Sequence[Comparison]) -> list[list[int]]:
    """Places of comparisons with equally many differences, which are tested together."""
    groups: dict[int, list[int]] = {}
    for place in places:
        groups.setdefault(len(comparisons[place].differences), []).append(place)
    return list(groups.values())


def _numbers(tested: Tested, number: int) -> dict[str, float | None]:
    return {name: float(getattr(tested, name)[number]) for name in FOUND}


def _verdict(found: Mapping[str, float | None], corrected: float, alpha: float) -> str:
    if not found:
        return "not tested"
    if corrected > alpha:
        return NOTHING_SHOWN
    return "higher" if (found["estimate"] or 0.0) > 0 else "lower"


def _nothing(pairs: Pairs, lacking: Mapping[str, list[int]]) -> list[str]:
    """The sides of which there is nothing at all."""
    return [f"nothing of {name}" for name, seeds in lacking.items() if len(seeds) == len(pairs)]


def _listed(seeds: Sequence[int]) -> str:
    shown = ", ".join(map(str, seeds[:SHOWN_SEEDS]))
    return f"seed{'' if len(seeds) == 1 else 's'} {shown}" + (" and more" if len(seeds) > SHOWN_SEEDS else "")
