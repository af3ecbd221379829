"""Masks through training: what is removed stays at exact zero, and rewinding is real."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import nn

from runner.pruning.moment import Timeline
from runner.pruning.pruner import Method, Pruner
from runner.pruning.recovery import RECOVERIES, values_of
from runner.pruning.removals import REMOVALS
from runner.pruning.scores import SCORES
from runner.pruning.scores.base import Signals
from runner.pruning.targets import TARGETS

MOMENT = Timeline((1,), 10).at(5)
OPTIMIZERS = {
    "adam": lambda p: torch.optim.Adam(p, lr=0.05, fused=True),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.05, weight_decay=0.3, fused=True),
    "sgd": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, weight_decay=0.1, fused=True),
}


class Network(nn.Module):
    """Every kind of parameter there is to spare or to prune."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(7, 6)
        self.hidden = nn.Linear(6, 8)
        self.norm = nn.LayerNorm(8)
        self.classifier = nn.Linear(8, 3)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return self.classifier(self.norm(self.hidden(self.embedding(inputs)).relu()))


def signals(pruner: Pruner) -> Signals:
    """The network's weights and a generator; no gradients."""
    weights = {name: weight.detach() for name, weight in pruner.weights.items()}
    return Signals(
        weights=weights, gradients=dict, learning_rate=0.1, weight_decay=0.0, generator=torch.Generator().manual_seed(0)
    )


def pruner_of(network: nn.Module, recovery: str = "finetune", score: str = "magnitude") -> Pruner:
    """A layer-wise pruner, normalisation included."""
    method = Method(score=SCORES[score], scope="layerwise", recovery=RECOVERIES[recovery])
    return Pruner(network, method, TARGETS["weights-and-gains"])


def test_scores_that_are_no_numbers_are_refused():
    """What has watched every step would rank by NaN for good: the first such layer is named, and no mask is changed."""
    network = Network()
    method = Method(score=SCORES["platon"], scope="global", recovery=RECOVERIES["finetune"])
    pruner = Pruner(network, method, TARGETS["weights"])
    for step in range(10):
        gradients = {"hidden.weight": torch.full((8, 6), torch.nan if step == 4 else 1.0)}
        pruner.observe(
            dataclasses.replace(signals(pruner), gradients=lambda made=gradients: made, memory=pruner.memory)
        )
    with pytest.raises(
        ValueError, match=r"scores of 1 of 1 layers are no numbers \(NaN\), first those of hidden.weight"
    ):
        pruner.decide(dataclasses.replace(signals(pruner), memory=pruner.memory), 0.5)
    assert not pruner.is_cut


def watched(pruner: Pruner, seed: int) -> Signals:
    """What a score sees of a step whose gradients are drawn."""
    drawn = torch.Generator().manual_seed(seed)
    made = {name: torch.randn(weight.shape, generator=drawn) for name, weight in pruner.weights.items()}
    return dataclasses.replace(signals(pruner), gradients=lambda: made, memory=pruner.memory)


@pytest.mark.parametrize("score", ["platon", "pins"])
def test_decisions_between_two_windows_repeat_the_last_one(score, monkeypatch):
    """Scores are ranked once a window and fraction, and a pruner that has made no decision finds the same."""
    method = Method(score=SCORES[score], scope="global", recovery=RECOVERIES["finetune"], removal=REMOVALS["revisable"])
    pruner = Pruner(Network(), method, TARGETS["weights"])
    fresh = Pruner(Network(), method, TARGETS["weights"])
    ranked = []
    find = type(method.score).importance
    monkeypatch.setattr(type(method.score), "importance", lambda self, seen: ranked.append(1) or find(self, seen))
    for step in range(30):
        pruner.observe(watched(pruner, step))
        if step < 9:
            continue
        fraction = 0.3 if step < 15 else 0.5
        before = len(ranked)
        pruner.decide(watched(pruner, 99), fraction)
        assert len(ranked) - before == (step in (9, 15, 19, 29))
        fresh.restore(pruner.state())
        fresh.decide(watched(fresh, 99), fraction)
        assert all(torch.equal(mask, fresh.masks[name]) for name, mask in pruner.masks.items())


def steps(network: nn.Module, pruner: Pruner, optimizer: torch.optim.Optimizer, count: int = 5) -> None:
    """A few training steps under the masks."""
    inputs, targets = torch.arange(7), torch.arange(7) % 3
    for _ in range(count):
        optimizer.zero_grad(set_to_none=True)
        nn.functional.cross_entropy(network(inputs), targets).backward()
        pruner.after_backward(MOMENT)
        optimizer.step()
        pruner.after_step(MOMENT)


def removed_values(pruner: Pruner) -> torch.Tensor:
    """What the removed weights hold."""
    return torch.cat([weight.detach()[~pruner.masks[name]] for name, weight in pruner.weights.items()])


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_removed_weights_stay_zero_through_any_optimizer(kind):
    """Moments, momentum and weight decay bring no removed weight back, also after a second cut, and the rest moves."""
    torch.manual_seed(1)
    network = Network()
    pruner = pruner_of(network)
    optimizer = OPTIMIZERS[kind](network.parameters())
    steps(network, pruner, optimizer)
    for fraction in (0.3, 0.7):
        pruner.decide(signals(pruner), fraction)
        pruner.settle(optimizer)
        before = values_of(network)
        steps(network, pruner, optimizer)
        assert (removed_values(pruner) == 0).all()
        assert removed_values(pruner).numel() == round(48 * fraction) + round(8 * fraction)
        assert not torch.equal(before["hidden.weight"], network.hidden.weight)


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_removed_weights_need_no_product_to_stay_zero(kind):
    """With gradients and moments held at zero the step itself moves no removed weight."""
    torch.manual_seed(1)
    network = Network()
    pruner = pruner_of(network)
    optimizer = OPTIMIZERS[kind](network.parameters())
    steps(network, pruner, optimizer)
    pruner.decide(signals(pruner), 0.5)
    pruner.settle(optimizer)
    pruner.after_step = lambda moment: None
    steps(network, pruner, optimizer)
    assert (removed_values(pruner) == 0).all()


def test_moments_left_in_place_would_bring_removed_weights_back():
    """The test above can fail: without holding the moments, Adam moves removed weights."""
    torch.manual_seed(1)
    network = Network()
    pruner = pruner_of(network)
    optimizer = OPTIMIZERS["adam"](network.parameters())
    steps(network, pruner, optimizer)
    pruner.decide(signals(pruner), 0.5)
    pruner.after_step = lambda moment: None
    steps(network, pruner, optimizer)
    assert (removed_values(pruner) != 0).any()


def test_removed_weights_are_zero_even_in_a_network_of_nan():
    """A diverged network still has exact zeros where its masks say so, and the exact count."""
    network = Network()
    pruner = pruner_of(network)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.fill_(torch.nan)
    pruner.decide(signals(pruner), 0.5)
    pruner.after_step(MOMENT)
    pruner.finish()
    assert (removed_values(pruner) == 0).all()
    assert removed_values(pruner).numel() == 28


def test_rewinding_restores_every_parameter_and_keeps_the_masks():
    """Embeddings, biases, normalisation and output layer return to step 0 bit for bit; removed weights stay removed."""
    torch.manual_seed(1)
    network = Network()
    first = {name: value.clone() for name, value in network.state_dict().items()}
    pruner = pruner_of(network, "rewind", "random")
    optimizer = OPTIMIZERS["adam"](network.parameters())
    steps(network, pruner, optimizer)
    assert all(not torch.equal(first[name], value) for name, value in network.state_dict().items())
    assert pruner.decide(signals(pruner), 0.5), "a new optimizer must follow"
    for name, value in network.state_dict().items():
        mask = pruner.masks.get(name, torch.ones_like(value, dtype=torch.bool))
        assert torch.equal(value[mask], first[name][mask])
        assert (value[~mask] == 0).all()


def test_the_copy_of_step_0_is_out_of_trainings_reach():
    """Training, a cut and training again leave the kept values as they were: rewinding twice ends at one place."""
    torch.manual_seed(1)
    network = Network()
    first = {name: value.clone() for name, value in network.state_dict().items()}
    pruner = pruner_of(network, "rewind")
    for fraction in (0.3, 0.6):
        steps(network, pruner, OPTIMIZERS["sgd"](network.parameters()))
        pruner.decide(signals(pruner), fraction)
        assert all(torch.equal(pruner.initial[name], value) for name, value in first.items())


def test_finetuning_changes_nothing_but_removed_weights():
    """The trained values and the optimizer go on."""
    torch.manual_seed(1)
    network = Network()
    pruner = pruner_of(network)
    steps(network, pruner, OPTIMIZERS["adam"](network.parameters()))
    before = values_of(network)
    assert not pruner.decide(signals(pruner), 0.5)
    for name, value in network.state_dict().items():
        mask = pruner.masks.get(name, torch.ones_like(value, dtype=torch.bool))
        assert torch.equal(value[mask], before[name][mask])
    assert pruner.initial == {}


def test_a_dense_model_is_never_cut():
    """Without a method the pruner holds nothing, and a cut is an error."""
    pruner = Pruner(Network(), None, TARGETS["weights"])
    assert not pruner.is_cut
    with pytest.raises(ValueError, match="cannot be cut"):
        pruner.decide(signals(pruner), 0.5)


def test_another_network_is_not_rewound():
    """Initial values of a network with other parameters are refused."""
    with pytest.raises(ValueError, match="not the one"):
        RECOVERIES["rewind"].recover(Network(), {"other": torch.zeros(1)})
