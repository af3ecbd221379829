"""The pruning methods: score x schedule x scope x recovery, one line each; and what they are to be compared with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from runner.pruning.schedules import SCHEDULES

Score = Literal["magnitude", "impact", "random"]
Schedule = Literal["at-initialization", "rounds", "one-shot", "cubic", "unpruned"]
Scope = Literal["layerwise", "global"]
Recovery = Literal["finetune", "rewind"]
Removal = Literal["permanent", "remembered", "revisable", "gated"]

DENSE = "dense"
"""The name of the unpruned model wherever a method is named: plans, stores, SQL."""


@dataclass(frozen=True, kw_only=True)
class Method:
    """How a network is pruned.

    score: which weights matter (a key of `runner.pruning.scores.SCORES`). schedule: when they are removed
    (a key of `runner.pruning.schedules.SCHEDULES`). scope: whether every layer loses the same share or the
    whole network is ranked at once. recovery: what happens to the weights that stay. removal: what a removed weight
    is until the next decision (a key of `runner.pruning.removals.REMOVALS`). gate: learned importance in place of the
    score's (a key of `runner.pruning.gates.GATES`). teacher: what the network learns from besides the labels (a key of
    `runner.pruning.teachers.TEACHERS`). targets: which parameters may go (a key of `runner.pruning.targets.TARGETS`).
    """

    title: str
    score: Score
    schedule: Schedule
    scope: Scope = "layerwise"
    recovery: Recovery = "finetune"
    removal: Removal = "permanent"
    targets: str = "weights"
    gate: str | None = None
    teacher: str | None = None

    @property
    def starts_dense(self) -> bool:
        """True if training starts exactly as the dense model's, so that the dense trial can be shared."""
        return SCHEDULES[self.schedule].starts_dense

    @property
    def is_shardable(self) -> bool:
        """True if several processes that share a network can prune it: what acts at every step needs it whole."""
        acts_at_steps = self.removal != "permanent" or self.gate or self.teacher
        return self.score in SHARDED_SCORES and not acts_at_steps


SHARDED_SCORES: tuple[Score, ...] = ("magnitude", "impact", "random")
"""Scores that need no more than whole weights and the gradient of the loss, which several processes that share a
network can gather; one that differentiates twice, or calls the network itself, cannot be named here."""

# Tropeano et al. 2025, Table 3.
METHODS: dict[str, Method] = {
    "iibp-wr": Method(
        title="Iterative impact-based pruning, weight rewinding", score="impact", schedule="rounds", recovery="rewind"
    ),
    "iibp-ft": Method(title="Iterative impact-based pruning, fine-tuning", score="impact", schedule="rounds"),
    "ibp-ai": Method(title="Impact-based pruning at initialization", score="impact", schedule="at-initialization"),
    "imp-wr": Method(
        title="Iterative magnitude pruning, weight rewinding", score="magnitude", schedule="rounds", recovery="rewind"
    ),
    "imp-ft": Method(title="Iterative magnitude pruning, fine-tuning", score="magnitude", schedule="rounds"),
    "mp-ai": Method(title="Magnitude pruning at initialization", score="magnitude", schedule="at-initialization"),
    "irp-ft": Method(title="Iterative random pruning, fine-tuning", score="random", schedule="rounds"),
    "rp-ai": Method(title="Random pruning at initialization", score="random", schedule="at-initialization"),
    # One of each other kind: one cut after training, gradual (Zhu and Gupta 2017), learned (Sanh et al. 2020), taught.
    "mp-os": Method(title="Magnitude pruning, one shot after training", score="magnitude", schedule="one-shot"),
    "gmp": Method(
        title="Gradual magnitude pruning", score="magnitude", schedule="cubic", scope="global", removal="remembered"
    ),
    "mvp": Method(
        title="Hard movement pruning",
        score="magnitude",
        schedule="cubic",
        scope="global",
        removal="gated",
        gate="movement",
    ),
    "imp-kd": Method(
        title="Iterative magnitude pruning, distilled from the dense model",
        score="magnitude",
        schedule="rounds",
        teacher="dense-parent",
    ),
}

_PIE = ("iibp-wr", "iibp-ft", "ibp-ai", "imp-wr", "imp-ft", "mp-ai", "irp-ft", "rp-ai")
METHOD_SETS: dict[str, tuple[str, ...]] = {"pie": _PIE, "all": _PIE}
"""Methods that a study takes by one name, in the order of its grid: `pie` are those of Tropeano et al. 2025, and so are
`all`, whatever has come to METHODS since. What a set holds is part of every study that names it: a set never grows."""

# Iterative methods go on training while they prune: what that alone changes, models show that nothing is cut from.
REFERENCES: dict[str, Method] = {
    "dense-4e": Method(
        title="Dense, trained for as long as the iterative methods", score="magnitude", schedule="unpruned"
    ),
}
"""Further dense models of a study, by name: their cells have sparsity 0, and stand beside the pruned ones."""

UNPRUNED: tuple[str, ...] = (DENSE, *REFERENCES)
"""The methods that cut nothing, whose sparsity is 0."""

NAMED: dict[str, Method] = METHODS | REFERENCES
"""Every method that a trial may have, but the dense model's own: stores with ingested trials have others besides."""
