"""Count where a training is, in optimizer steps. Needs no torch, so that plans can ask schedules."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Moment:
    """The point between two optimizer steps of a training.

    step: steps done, of `steps` in all. epoch: whole epochs done. phase: which of the training's phases begins or goes
    on here, from 0. phase_step: steps done in it, of `phase_steps`.
    """

    step: int
    steps: int
    steps_per_epoch: int
    epoch: int
    phase: int
    phase_step: int
    phase_steps: int

    @property
    def progress(self) -> float:
        """The share of the training that is done, in [0, 1]."""
        return self.step / self.steps

    def left_of(self, begins: float, ends: float) -> float:
        """What is left of the steps between two shares of the training: 1 before the first, 0 from the second on."""
        first, last = round(begins * self.steps), round(ends * self.steps)
        return min(1.0, max(0.0, 1 - (self.step - first) / max(last - first, 1)))

    @property
    def begins_epoch(self) -> bool:
        """True between two epochs, before the first and after the last."""
        return self.step % self.steps_per_epoch == 0

    @property
    def is_end(self) -> bool:
        """True once every step is done."""
        return self.step == self.steps


@dataclass(frozen=True)
class Timeline:
    """The phases of a training, by their epochs, each of `steps_per_epoch` steps. A phase may have none."""

    phases: tuple[int, ...]
    steps_per_epoch: int

    @property
    def epochs(self) -> int:
        """In all."""
        return sum(self.phases)

    @property
    def steps(self) -> int:
        """In all."""
        return self.epochs * self.steps_per_epoch

    def at(self, step: int) -> Moment:
        """The moment after so many steps; where one phase ends, the next one begins."""
        begun, phase = 0, 0
        while phase < len(self.phases) - 1 and step >= begun + self.phases[phase] * self.steps_per_epoch:
            begun += self.phases[phase] * self.steps_per_epoch
            phase += 1
        return Moment(
            step=step,
            steps=self.steps,
            steps_per_epoch=self.steps_per_epoch,
            epoch=step // self.steps_per_epoch,
            phase=phase,
            phase_step=step - begun,
            phase_steps=self.phases[phase] * self.steps_per_epoch,
        )
