"""Advise on numbers of seeds and what they can show, before anything is trained."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING

from runner.studies.hypotheses import SWAPS, HypothesisChoice, TestName

if TYPE_CHECKING:
    from runner.studies.grid import GridCell
    from runner.studies.study import Study

LEAST_SEEDS = 5
"""Fewer get no interval: in simulated worlds one of two seeds covers 55 to 86 % instead of 95, of three 72 to 95."""
MOST_SEEDS = 100


def advice(study: Study) -> Iterator[str]:
    """One line on the number of seeds, if it could be better chosen, and one on every family that can show nothing."""
    for seeds in dict.fromkeys(len(own) for own in study.seeds_of.values()):
        yield from _of_seeds(seeds)
    cells, names = study.cells, study.method_choices
    goes_on = {name for name, choice in names.items() if choice.line.starts_dense}
    for choice in study.hypotheses:
        comparisons = choice.comparisons(cells)
        yield from _of_family(choice, len(comparisons), least_seeds(study, comparisons))
        if choice.compare == "pie-rate":
            sides = [(cell.method, other.method) for cell, other in comparisons if other]
            yield from _of_pairing(choice, sides, goes_on)


def least_seeds(study: Study, comparisons: Iterable[tuple[GridCell, GridCell | None]]) -> int:
    """The fewest seeds of any cell that is compared."""
    seeds = study.seeds_of
    return min((len(seeds[cell.task, cell.model]) for cell, _ in comparisons), default=len(study.seeds))


def _of_seeds(seeds: int) -> Iterator[str]:
    if seeds < LEAST_SEEDS:
        yield (
            f"seeds: {seeds} give no intervals and few tests; take {LEAST_SEEDS} or more, an odd number, since an even "
            "vote can tie and a tie goes to the lowest class"
        )
    elif seeds % 2 == 0:
        yield (
            f"seeds: {seeds} is even: a vote can tie, and a tie goes to the lowest class; take {seeds - 1} or "
            f"{seeds + 1}"
        )


def family_told(choice: HypothesisChoice, comparisons: int, seeds: int) -> str:
    """A family in a line: its comparisons, test and correction, and the least p-value that so many seeds can give."""
    sided = "" if choice.alternative == "two-sided" else f" ({choice.alternative})"
    told = f"{comparisons} by {choice.test}{sided}, {choice.correction}"
    least = least_p(choice.test, seeds)
    return f"{choice.name} ({told}; least p {least:.2g})" if least else f"{choice.name} ({told})"


def least_p(test: TestName, seeds: int) -> float:
    """The smallest p-value that a test can give with so many seeds; 0 where seeds are not what bounds it.

    swap: exchanging nobody and exchanging everybody are two of the 2^seeds ways. bootstrap: resamples without spread
    count as more extreme than any result, and seeds^(1 - seeds) of them draw one seed again and again.
    """
    if test == "swap":
        return max(2.0 ** (1 - seeds), 1 / (SWAPS + 1))
    if test == "bootstrap":
        return 1.0 if seeds < 2 else max(float(seeds) ** (1 - seeds), 1 / (SWAPS + 1))
    return 1.0 if test in ("paired-t", "welch-t") and seeds < 2 else 0.0


def least_corrected_p(choice: HypothesisChoice, comparisons: int, seeds: int) -> float:
    """The smallest corrected p-value that any comparison of a family can have."""
    return min(1.0, least_p(choice.test, seeds) * (1 if choice.correction == "bh" else comparisons))


def _of_pairing(
    choice: HypothesisChoice, sides: Iterable[tuple[str, str]], starts_dense: Collection[str]
) -> Iterator[str]:
    """A pruned model that goes on from the dense one of its seed agrees with it more, whatever is removed."""
    for sides_of_one in sides:
        goes_on = [name for name in sides_of_one if name in starts_dense]
        if len(goes_on) == 1:
            other = next(name for name in sides_of_one if name not in goes_on)
            yield (
                f"hypotheses: '{choice.name}' compares PIE rates of {goes_on[0]}, which goes on from the dense model "
                f"of its seed, and {other}, which does not: that alone lowers the first rate; rank them by the PIE % "
                "of halves of the seeds in the table noise_floor"
            )
            return


def _of_family(choice: HypothesisChoice, comparisons: int, seeds: int) -> Iterator[str]:
    name = f"hypotheses: '{choice.name}'"
    if choice.test == "mcnemar":
        yield (
            f"{name} asks by mcnemar whether further examples would show it with these very seeds; whether further "
            "seeds would is asked by swap"
        )
    least = least_corrected_p(choice, comparisons, seeds)
    if least <= choice.alpha:
        return
    enough = (
        count for count in range(seeds, MOST_SEEDS) if least_corrected_p(choice, comparisons, count) <= choice.alpha
    )
    needed = next(enough, None)
    mend = f"take {needed} seeds" if needed else "compare less, or take another test"
    yield (
        f"{name} can find nothing: {seeds} seed{'' if seeds == 1 else 's'} give a corrected p of {least:.2g} at "
        f"least, above alpha {choice.alpha:g}; {mend}"
    )
