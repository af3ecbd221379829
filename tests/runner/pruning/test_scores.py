"""The contract of a score, for every registered one, and what each computes."""

from __future__ import annotations

import pytest
import torch

from runner.methods import METHODS
from runner.pruning.scores import SCORES
from runner.pruning.scores.base import Signals

WEIGHTS = {"a": torch.tensor([[1.0, -2.0], [0.5, 0.0]]), "b": torch.tensor([-3.0, 4.0, 0.25])}
GRADIENTS = {"a": torch.tensor([[0.5, 0.1], [-4.0, 9.0]]), "b": torch.tensor([0.0, -1.0, 2.0])}


def signals(seed: int = 1, calls: list[int] | None = None) -> Signals:
    """Fixed weights and gradients; `calls` counts how often gradients were asked for."""

    def gradients():
        if calls is not None:
            calls.append(1)
        return GRADIENTS

    generator = torch.Generator().manual_seed(seed)
    return Signals(weights=WEIGHTS, gradients=gradients, learning_rate=0.1, weight_decay=0.0, generator=generator)


@pytest.mark.parametrize("name", SCORES)
def test_every_score_keeps_its_contract(name):
    """Shapes as the weights', finite, repeatable from one generator seed, weights untouched, a reference given."""
    before = {layer: weight.clone() for layer, weight in WEIGHTS.items()}
    first, second = (SCORES[name].importance(signals()) for _ in range(2))
    for layer, weight in WEIGHTS.items():
        assert first[layer].shape == weight.shape
        assert first[layer].isfinite().all()
        assert torch.equal(first[layer], second[layer])
        assert torch.equal(weight, before[layer])
    assert SCORES[name].reference


def test_every_method_names_a_registered_score():
    """No method asks for a score that does not exist."""
    assert {method.score for method in METHODS.values()} <= SCORES.keys()


def test_magnitude_is_the_absolute_value():
    """|w|, with no look at gradients."""
    calls: list[int] = []
    assert torch.equal(SCORES["magnitude"].importance(signals(calls=calls))["b"], torch.tensor([3.0, 4.0, 0.25]))
    assert not calls


def test_impact_is_the_absolute_product():
    """|w * g|: the sign of neither counts, and gradients are computed once."""
    calls: list[int] = []
    importance = SCORES["impact"].importance(signals(calls=calls))
    assert torch.equal(importance["a"], torch.tensor([[0.5, 0.2], [2.0, 0.0]]))
    assert torch.equal(importance["b"], torch.tensor([0.0, 4.0, 0.5]))
    assert len(calls) == 1


def test_random_depends_on_the_generator_alone():
    """Another seed gives another draw; the weights do not enter; no gradient is computed."""
    calls: list[int] = []
    one, other = (SCORES["random"].importance(signals(seed, calls)) for seed in (1, 2))
    assert not torch.equal(one["b"], other["b"])
    assert not calls
