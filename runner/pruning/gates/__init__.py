"""The gates, learned importance: one file each beside this one, one line each in GATES."""

from __future__ import annotations

from runner.pruning.gates.base import Gate
from runner.pruning.gates.hard_concrete import HardConcrete
from runner.pruning.gates.low_rank import LowRank
from runner.pruning.gates.movement import Movement
from runner.pruning.gates.soft_movement import SoftMovement

GATES: dict[str, Gate] = {
    "movement": Movement(),
    "soft-movement": SoftMovement(),
    "hard-concrete": HardConcrete(),
    "low-rank": LowRank(),
}
