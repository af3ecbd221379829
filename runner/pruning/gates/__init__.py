"""The gates, learned importance: one file each beside this one, one line each in GATES."""

from __future__ import annotations

from runner.pruning.gates.base import Gate
from runner.pruning.gates.movement import Movement

GATES: dict[str, Gate] = {
    "movement": Movement(),
}
