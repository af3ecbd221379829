"""What gates keep, whatever the way in which it is found."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from runner.pruning.gates.soft_movement import SoftMovement
from runner.pruning.pruner import Method, Pruner
from runner.pruning.recovery import RECOVERIES
from runner.pruning.removals import REMOVALS
from runner.pruning.scores import SCORES
from runner.pruning.targets import TARGETS

from .test_pruner import Network, signals


@pytest.mark.parametrize("lowest", [-6.0, -3.0, 1.0])
def test_the_highest_scores_stay_below_the_threshold_too(lowest):
    """Of a matrix all of whose scores lie below the threshold its highest stay; elsewhere those above it do."""
    drawn = torch.Generator().manual_seed(0)
    gates = {"poor": torch.rand(40, 50, generator=drawn) + lowest, "rich": torch.randn(40, 50, generator=drawn)}
    masks = SoftMovement(threshold=0.2).masks(gates, 0.5)
    assert masks is not None
    least = torch.logit(torch.tensor(0.1))
    for name, scores in gates.items():
        rank = scores.flatten().argsort(descending=True).argsort().view_as(scores)
        assert torch.equal(masks[name], (scores > least) | (rank < 11))


def test_gates_that_are_no_numbers_are_refused():
    """Scores that training has spoilt are named before a threshold of their own can hide them."""
    method = Method(
        score=SCORES["magnitude"],
        scope="global",
        recovery=RECOVERIES["finetune"],
        removal=REMOVALS["gated"],
        gate=SoftMovement(),
    )
    pruner = Pruner(Network(), method, TARGETS["weights"])
    with torch.no_grad():
        pruner.gates["hidden.weight"][0, 0] = torch.nan
    with pytest.raises(ValueError, match="no numbers"):
        pruner.decide(dataclasses.replace(signals(pruner), memory=pruner.memory), 0.5)
