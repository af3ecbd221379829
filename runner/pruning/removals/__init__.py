"""The removals, what a removed weight is until the next decision: one file each here, one line each in REMOVALS."""

from __future__ import annotations

from runner.pruning.removals.base import Removal
from runner.pruning.removals.gated import Gated
from runner.pruning.removals.permanent import Permanent
from runner.pruning.removals.remembered import Remembered
from runner.pruning.removals.revisable import Revisable

REMOVALS: dict[str, Removal] = {
    "permanent": Permanent(),
    "remembered": Remembered(),
    "revisable": Revisable(),
    "gated": Gated(),
}
