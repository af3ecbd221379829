"""Schedule when weights are removed: which fraction is gone from which moment on. Needs no torch; plans can ask."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol, Self

from runner.pruning.moment import Moment
from runner.pruning.options import with_options

DIGITS = 12
"""Decimals of the fraction that is gone at a level."""
CLOSE = 1e-6
"""How far a study's figure for a level may be from it."""


class Schedule(Protocol):
    """The phases of a training, and what is removed when.

    starts_dense: whether the first phase is the dense model's training, step for step, so that its trained state can
    be taken over. phases: epochs of each phase where the dense model trains `epochs` and phases after a cut `after`.
    removed: the fraction of the
    prunable weights that is gone from this moment on, or None for "masks stay"; it is asked before every step, and once
    more after the last. What it says last is exactly `target`. ValueError for options that no training can follow.
    towards: this schedule for a trial with that target. before: the target of the trial whose trained state one with
    `target` continues from, 0 for the dense model's. `version` is raised where the same words come to mean other
    decisions: it is part of trials' ids.
    """

    @property
    def reference(self) -> str: ...

    @property
    def version(self) -> int: ...

    @property
    def starts_dense(self) -> bool: ...

    def phases(self, epochs: int, after: int) -> tuple[int, ...]: ...

    def removed(self, moment: Moment, target: float) -> float | None: ...

    def towards(self, target: float) -> Schedule: ...

    def before(self, target: float) -> float: ...


class Whole:
    """A schedule that each trial follows from the dense model's start or end on, whatever its target."""

    def towards(self, target: float) -> Self:
        """As it is."""
        del target
        return self

    def before(self, target: float) -> float:
        """The dense model."""
        del target
        return 0.0


@dataclass(frozen=True)
class AtInitialization(Whole):
    """Everything at once before the first step; training then takes as long as the dense model's."""

    reference: str = "Lee et al. 2019, arXiv:1810.02340; Tropeano et al. 2025, section 3.2"
    starts_dense: bool = False
    version: int = 1

    def phases(self, epochs: int, after: int) -> tuple[int, ...]:
        """One."""
        del after
        return (epochs,)

    def removed(self, moment: Moment, target: float) -> float | None:
        """All before step 0."""
        check(target)
        return target if moment.step == 0 else None


@dataclass(frozen=True)
class Rounds(Whole):
    """Dense training, then `rounds` times a cut followed by training again.

    Every round removes the same share x of what is left, (1 - x)^n = 1 - s, so after round r of n the fraction
    1 - (1 - s)^(r / n) is gone. Phases last E epochs each, n + 1 of them; with `late` = 1 they
    last E + 1, E, ..., E, E - 1, as in the code released by Tropeano et al. 2025 (experiment_formatter.py:58).
    """

    rounds: int = 3
    late: int = 0
    reference: str = "Frankle and Carbin 2019, arXiv:1803.03635; Tropeano et al. 2025, section 3.2"
    starts_dense: bool = True
    version: int = 1

    def phases(self, epochs: int, after: int) -> tuple[int, ...]:
        """One before the first cut and one after each."""
        between = (after,) * (self.rounds - 1)
        return (epochs + self.late, *between, after - self.late)

    def removed(self, moment: Moment, target: float) -> float | None:
        """One cut at the beginning of each phase but the first."""
        check(target)
        return self.removed_after(moment.phase, target) if moment.phase > 0 and moment.phase_step == 0 else None

    def removed_after(self, round_: int, target: float) -> float:
        """The fraction gone after that round; the last one lands on the target without rounding error."""
        return target if round_ == self.rounds else 1 - (1 - target) ** (round_ / self.rounds)


@dataclass(frozen=True)
class Levels:
    """Dense training, then level after level: the share `each` of what is left goes, and training follows.

    At level k the fraction 1 - (1 - each)^k is gone; a trial of level k goes on where that of level k - 1 ended.
    level: that of the trial, which `towards` finds.
    """

    each: float = 0.2
    level: int = 1
    reference: str = "Frankle and Carbin 2019, section 2, arXiv:1803.03635"
    starts_dense: bool = True
    version: int = 1

    def phases(self, epochs: int, after: int) -> tuple[int, ...]:
        """One before the first cut and one after each."""
        return (epochs, *(after,) * self.level)

    def removed(self, moment: Moment, target: float) -> float | None:
        """One cut at the beginning of each phase but the first, the same in trials of every level."""
        del target
        return self.gone(moment.phase) if moment.phase > 0 and moment.phase_step == 0 else None

    def gone(self, level: int) -> float:
        """The fraction removed at a level, with so many digits that trials agree on it."""
        return round(1 - (1 - self.each) ** level, DIGITS)

    def towards(self, target: float) -> Levels:
        """With the level whose fraction the target is. ValueError for another fraction."""
        check(target)
        level = max(1, round(math.log(1 - target) / math.log(1 - self.each)))
        if abs(self.gone(level) - target) > CLOSE:
            near = ", ".join(f"{self.gone(one):.8g}" for one in range(max(1, level - 1), level + 2))
            raise ValueError(
                f"{target!r} is no level: where {self.each:g} of what is left goes at each, allowed are "
                f"1 - {1 - self.each:g}^k, such as {near}; `levels: {level}` names all up to the {level}th"
            )
        return replace(self, level=level)

    def before(self, target: float) -> float:
        """The level below."""
        level = self.towards(target).level
        return self.gone(level - 1) if level > 1 else 0.0


@dataclass(frozen=True)
class OneShot(Whole):
    """The dense model's training, one cut, and `finetune_epochs` of training with what stays.

    0 epochs: as many as the study says.
    """

    finetune_epochs: int = 0
    reference: str = (
        "Han et al. 2015, arXiv:1506.02626, with one cut; Blalock et al. 2020, arXiv:2003.03033, algorithm 1"
    )
    starts_dense: bool = True
    version: int = 1

    def phases(self, epochs: int, after: int) -> tuple[int, ...]:
        """Two."""
        return (epochs, self.finetune_epochs or after)

    def removed(self, moment: Moment, target: float) -> float | None:
        """All between the two phases."""
        check(target)
        return target if moment.phase == 1 and moment.phase_step == 0 else None


@dataclass(frozen=True)
class Cubic(Whole):
    """Gradual removal while the network trains, fast at first and slower later, within the dense model's epochs.

    From the share `begins` of the steps to the share `ends`, at every `every`-th step t, the fraction
    r(t) = s + (r_0 - s) (1 - (t - t_begin) / (t_end - t_begin))^3 is gone, r_0 = `initial`; at t_end exactly s.
    afterwards: whether masks then stay, or are decided anew at every step.
    """

    begins: float = 0.0
    ends: float = 0.7
    every: int = 10
    initial: float = 0.0
    afterwards: Literal["fixed", "every-step"] = "fixed"
    reference: str = "Zhu and Gupta 2017, Eq. 1, arXiv:1710.01878"
    starts_dense: bool = False
    version: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.begins < self.ends <= 1:
            raise ValueError(
                f"pruning begins at {self.begins!r} of the training and ends at {self.ends!r}: allowed are shares with "
                "0 <= begins < ends <= 1"
            )
        if self.every < 1:
            raise ValueError(f"masks are decided at every k-th step, k at least 1; {self.every!r} was given")
        if not 0 <= self.initial < 1:
            raise ValueError(f"the fraction removed at first lies in [0, 1); {self.initial!r} was given")

    def phases(self, epochs: int, after: int) -> tuple[int, ...]:
        """One."""
        del after
        return (epochs,)

    def removed(self, moment: Moment, target: float) -> float | None:
        """At every k-th step of the ramp, at its end, and beyond it if told to. Where the ramp is shorter than a step
        its end is all there is."""
        check(target)
        first, last = round(self.begins * moment.steps), round(self.ends * moment.steps)
        if moment.step >= last:
            return target if moment.step == last or self.afterwards == "every-step" else None
        if moment.step < first or (moment.step - first) % self.every:
            return None
        return target + (min(self.initial, target) - target) * moment.left_of(self.begins, self.ends) ** 3


@dataclass(frozen=True)
class Unpruned(Whole):
    """Training for as long as `Rounds` takes, with nothing removed: the schedule of a reference."""

    times: int = 4
    reference: str = "Rounds without its cuts"
    starts_dense: bool = True
    version: int = 1

    def phases(self, epochs: int, after: int) -> tuple[int, ...]:
        """As many as an iterative method's."""
        return (epochs, *(after,) * (self.times - 1))

    def removed(self, moment: Moment, target: float) -> float | None:
        """Nothing. ValueError for a fraction that would have to be removed."""
        del moment
        if target:
            raise ValueError(f"a reference is not pruned, its sparsity is 0; {target!r} was given")
        return None


def check(sparsity: float) -> None:
    """ValueError unless the fraction to remove lies strictly between 0 and 1."""
    if not 0 < sparsity < 1:
        raise ValueError(f"sparsity is the fraction of weights removed, 0 < sparsity < 1; {sparsity!r} was given")


SCHEDULES: dict[str, Schedule] = {
    "at-initialization": AtInitialization(),
    "rounds": Rounds(3),
    "one-shot": OneShot(),
    "levels": Levels(),
    "cubic": Cubic(),
    "unpruned": Unpruned(4),
}


def schedule_of(name: str, options: Mapping[str, Any]) -> Schedule:
    """The schedule of this name with a method's options."""
    return with_options(SCHEDULES[name], options)
