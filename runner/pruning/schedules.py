"""When weights are removed: which fraction is gone from which epoch on. Needs no torch, so that plans can ask."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


class Schedule(Protocol):
    """The moments of the cuts in a training of `epochs` epochs per phase.

    `cuts` returns epoch index -> cumulative fraction removed: the cut of index e comes after e epochs,
    before the one with that index; fractions rise to exactly `sparsity`. `late` moves iterative cuts back by as
    many epochs without prolonging training. `total_epochs` is the length of the whole training. `version` is raised
    where the same words come to mean other cuts: it is part of trials' ids.
    """

    @property
    def reference(self) -> str: ...

    @property
    def version(self) -> int: ...

    def cuts(self, epochs: int, sparsity: float, *, late: int = 0) -> dict[int, float]: ...

    def total_epochs(self, epochs: int) -> int: ...


@dataclass(frozen=True)
class AtInitialization:
    """Everything at once before the first epoch; training then takes as long as the dense model's."""

    reference: str = "Lee et al. 2019, arXiv:1810.02340; Tropeano et al. 2025, section 3.2"
    version: int = 1

    def cuts(self, epochs: int, sparsity: float, *, late: int = 0) -> dict[int, float]:
        """One cut, before epoch 0; there is nothing that could be late."""
        del epochs, late
        check(sparsity)
        return {0: sparsity}

    def total_epochs(self, epochs: int) -> int:
        """As many as the dense model's."""
        return epochs


@dataclass(frozen=True)
class Rounds:
    """Dense training, then `rounds` times a cut followed by training again.

    Every round removes the same share x of what is left, (1 - x)^n = 1 - s, so after round r of n the fraction
    1 - (1 - s)^(r / n) is gone. Phases last E epochs each, n + 1 of them; with `late` = 1 they
    last E + 1, E, ..., E, E - 1, as in the code released by Tropeano et al. 2025 (experiment_formatter.py:58).
    """

    rounds: int = 3
    reference: str = "Frankle and Carbin 2019, arXiv:1803.03635; Tropeano et al. 2025, section 3.2"
    version: int = 1

    def cuts(self, epochs: int, sparsity: float, *, late: int = 0) -> dict[int, float]:
        """One cut at the end of each phase but the last."""
        check(sparsity)
        return {r * epochs + late: self.removed_after(r, sparsity) for r in range(1, self.rounds + 1)}

    def removed_after(self, round_: int, sparsity: float) -> float:
        """Fraction gone after that round; the last one lands on the target without rounding error."""
        return sparsity if round_ == self.rounds else 1 - (1 - sparsity) ** (round_ / self.rounds)

    def total_epochs(self, epochs: int) -> int:
        """One phase before the first cut and one after each."""
        return (self.rounds + 1) * epochs


@dataclass(frozen=True)
class Unpruned:
    """Training for as long as `Rounds` takes, with nothing removed: the schedule of a reference."""

    phases: int = 4
    reference: str = "Rounds without its cuts"
    version: int = 1

    def cuts(self, epochs: int, sparsity: float, *, late: int = 0) -> dict[int, float]:
        """None. ValueError for a fraction that would have to be removed."""
        del epochs, late
        if sparsity:
            raise ValueError(f"a reference is not pruned, its sparsity is 0; {sparsity!r} was given")
        return {}

    def total_epochs(self, epochs: int) -> int:
        """As many as an iterative method's."""
        return self.phases * epochs


def check(sparsity: float) -> None:
    """ValueError unless the fraction to remove lies strictly between 0 and 1."""
    if not 0 < sparsity < 1:
        raise ValueError(f"sparsity is the fraction of weights removed, 0 < sparsity < 1; {sparsity!r} was given")


SCHEDULES: dict[str, Schedule] = {
    "at-initialization": AtInitialization(),
    "rounds": Rounds(3),
    "unpruned": Unpruned(4),
}


def schedule_of(name: str, options: Mapping[str, Any]) -> Schedule:
    """The schedule of this name with a method's options: those that are fields of it."""
    schedule: Any = SCHEDULES[name]
    own = {field.name for field in dataclasses.fields(schedule)}
    chosen: Schedule = dataclasses.replace(schedule, **{key: value for key, value in options.items() if key in own})
    return chosen
