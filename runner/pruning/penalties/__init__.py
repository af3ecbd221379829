"""Terms of the loss that prepare weights to be removed: one file each beside this one, one line each in PENALTIES."""

from __future__ import annotations

from runner.pruning.penalties.base import Penalty
from runner.pruning.penalties.lasso import Lasso
from runner.pruning.penalties.openness import ExpectedL0, Openness

PENALTIES: dict[str, Penalty] = {
    "lasso": Lasso(),
    "openness": Openness(),
    "expected-l0": ExpectedL0(),
}
