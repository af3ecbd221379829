"""The importance scores: one file each beside this one, one line each in SCORES."""

from __future__ import annotations

from runner.pruning.scores.base import Score
from runner.pruning.scores.gradient import Gradient
from runner.pruning.scores.impact import Impact
from runner.pruning.scores.independence import Independence
from runner.pruning.scores.magnitude import Magnitude
from runner.pruning.scores.pins import Pins
from runner.pruning.scores.platon import Platon
from runner.pruning.scores.random import Random
from runner.pruning.scores.undecayed import Undecayed

SCORES: dict[str, Score] = {
    "magnitude": Magnitude(),
    "impact": Impact(),
    "random": Random(),
    "gradient": Gradient(),
    "undecayed": Undecayed(),
    "independence": Independence(),
    "pins": Pins(),
    "platon": Platon(),
}
