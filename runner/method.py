"""A pruning method: what is chosen on each axis, and what follows for the trials that it makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from runner.pruning.schedules import SCHEDULES
from runner.pruning.scope import Scope


@dataclass(frozen=True, kw_only=True)
class Method:
    """How a network is pruned.

    score: which weights matter (a key of `runner.pruning.scores.SCORES`). schedule: when they are removed
    (a key of `runner.pruning.schedules.SCHEDULES`). scope: whether every layer loses the same share, the
    whole network is ranked at once, or every convolution loses the same share of whole filters, with all that goes with
    them (targets: filters). recovery: what happens to the weights that stay. removal: what a removed weight
    is until the next decision (a key of `runner.pruning.removals.REMOVALS`). gate: learned importance in place of the
    score's (a key of `runner.pruning.gates.GATES`). teacher: what the network learns from besides the labels (a key of
    `runner.pruning.teachers.TEACHERS`). penalty: what is added to the loss (a key of
    `runner.pruning.penalties.PENALTIES`). targets: which parameters may go (a key of `runner.pruning.targets.TARGETS`).
    options: what a study may change (keys of OPTIONS, which are fields of the score, the schedule, the gate, the
    teacher or the penalty; and `samples` and `statistics`, which the training set reads), with their defaults; a value
    must have its default's type. A default stays what it is, since ids leave it out: raise `version` where the meaning
    of a method changes, a default included. most: the sparsity below which all that is asked for can go.
    """

    title: str
    score: str
    schedule: str
    scope: Scope = "layerwise"
    recovery: str = "finetune"
    removal: str = "permanent"
    targets: str = "weights"
    gate: str | None = None
    teacher: str | None = None
    penalty: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    version: int = 1
    most: float = 1.0

    @property
    def starts_dense(self) -> bool:
        """True if training starts exactly as the dense model's, so that the dense trial can be shared."""
        return SCHEDULES[self.schedule].starts_dense and self.penalty is None

    @property
    def needs_dense(self) -> bool:
        """True if a trial begins with the trained state of another: it goes on from it, or learns from it alone."""
        return self.starts_dense or self.teacher in DENSE_TEACHERS

    @property
    def is_shardable(self) -> bool:
        """True if several processes that share a network can prune it: what acts at every step needs it whole."""
        acts_at_steps = self.removal != "permanent" or self.gate or self.teacher or self.penalty
        return self.score in SHARDED_SCORES and not acts_at_steps

    @property
    def prunes(self) -> bool:
        """False for a reference, which has no use for its score."""
        return self.schedule != "unpruned"


DENSE_TEACHERS: tuple[str, ...] = ("dense-parent", "fine-tuned")
"""Teachers that are the trained dense network of the seed."""

JUDGED_TEACHERS: tuple[str, ...] = ("best-so-far",)
"""Teachers that are chosen on the validation split."""

SHARDED_SCORES: tuple[str, ...] = ("magnitude", "impact", "random", "gradient", "undecayed")
"""Scores that need no more than whole weights and the gradient of the loss, which several processes that share a
network can gather; one that differentiates twice, or calls the network itself, cannot be named here."""
